"""Katib Experiments, which no API server checks: what Katib lets through, or ignores, and then hangs on.

The rules come from running Katib v0.19.0 and from its code; importing this package registers them all.
"""

from preflight.katib import algorithms, command, ending, metrics, space, template

__all__ = ["algorithms", "command", "ending", "metrics", "space", "template"]
