"""A label for each image, from the name of its folder: images/<class>/<name>."""
