"""Losses, metrics, the training run, determinism."""
