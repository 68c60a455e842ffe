"""Requests that nobody should send, for benchmarks/hostile.py and the test of it."""
