"""A number for each image, from targets.csv with the columns id and value."""
