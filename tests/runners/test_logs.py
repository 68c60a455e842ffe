"""What of a step's log is its own, and what those say who run it."""

import pytest

from pylib.runners import logs


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "    }",
        "        },",
        '    "inputs": {',
        '            "parameterValues": {',
        "[KFP Executor 2026-11-29 20:58:03,933 INFO]: Got executor_input:",
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
        "    model: Model( name='model',",
        "                  uri='/tmp/out/runs/x/train/model',",
        "                  metadata={} )",
        "[IPKernelApp] WARNING | Kernel is running over TCP without encryption.",
        "I0000 00:00:1795985885.072685   12247 port.cc:153] oneDNN custom operations are on.",
    ],
)
def test_what_the_runner_and_tensorflow_say_is_not_the_step_s(line):
    assert logs.is_noise(line)


@pytest.mark.parametrize(
    "line",
    [
        "epoch 3 of 26: loss 0.1",
        "chooses among 3 heads",
        "warning: {x}",
        "{a: 1} is no gate",
        "model: 3 files",
        "uri=3",
    ],
)
def test_what_a_step_says_is_its_own(line):
    assert not logs.is_noise(line)
