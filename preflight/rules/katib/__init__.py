"""Katib Experiments, which no API server checks: what Katib lets through, or ignores, and then hangs on.

The rules come from running Katib v0.19.0 and from its code.
"""
