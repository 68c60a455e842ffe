"""What a cluster has beside its objects: what operators make, what is declared, what accounts may do."""
