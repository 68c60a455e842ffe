"""The page that people use: ask the model, say what is right, send labelled images, review what was sent."""
