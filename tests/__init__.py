"""The tests: folders mirror the packages; manifests/ and on_cluster/ are the cluster's."""
