"""Katib Experiments, which no API server checks: what Katib lets through, or ignores, and then hangs on.

What is wrong with an Experiment alone is `katib.checks`, which a search on a laptop refuses too.
"""

from katib import checks
from preflight.platform.experiments import experiments
from preflight.registry import rule

for _check in checks.every():
    rule(_check.id, _check.reason, of=experiments)(_check.find)
