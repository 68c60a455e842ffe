"""Requests that arrive nowhere."""
