"""Metrics on the test split, the report that people read, and the gate that a release must pass."""
