"""The pipelines, one file each; compiled/ holds what a cluster gets."""
