"""The applications of a cluster as a picture: columns of waves, arrows to what each needs."""
