"""Katib Experiments, which no API server checks: what Katib lets through, or ignores, and then hangs on.

The rules come from running Katib v0.19.0 and from its code.
"""

from functools import partial

from preflight.platform.experiments import experiments
from preflight.registry import rule

katib_rule = partial(rule, of=experiments)
