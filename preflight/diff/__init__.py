"""What a push would change on a cluster: two revisions rendered, compared field by field, and the dangers."""
