"""Runs of the KFP pipelines: compiled, here in subprocesses, or on a cluster. KFP enters pylib only here."""
