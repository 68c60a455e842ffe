"""TFJobs: what Training Operator 1.9.4 refuses, ignores or waits for; the API server checks the shape only.

From https://github.com/kubeflow/trainer at v1.9.4: pkg/webhooks/tensorflow, pkg/apis/kubeflow.org/v1 and
pkg/controller.v1, of which tensorflow and common.
"""

from functools import partial

from preflight.platform.tfjobs import tfjobs
from preflight.registry import rule

tfjob_rule = partial(rule, of=tfjobs)
