"""Containers and pods that start, and say what they need."""
