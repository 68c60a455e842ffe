"""The objects that a cluster would get: what Argo CD makes of this repository, rendered without a cluster."""
