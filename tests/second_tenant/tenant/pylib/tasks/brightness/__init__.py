"""A number for an image: how bright it is on average. A linear model on its mean colour."""
