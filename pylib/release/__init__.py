"""Promotion of a model: a Git commit that changes the served SeldonDeployment."""
