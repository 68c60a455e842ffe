"""The protocols that the model server speaks, a folder each; what they ask is `pylib.serving.engine`."""
