"""The search algorithms, by Katib's names."""
