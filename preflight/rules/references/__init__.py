"""Names of what is not there."""
