"""The cluster as it stands in Git: rendered, checked, compared and drawn, without a cluster."""
