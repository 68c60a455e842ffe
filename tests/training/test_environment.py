"""What a run is told of its machine."""

import logging

import pytest

from pylib.training.config import training_config
from pylib.training.environment import prepare_environment

LACK = "the processor has AVX, not AVX2: …"


@pytest.mark.parametrize("lack", ["", LACK])
def test_a_machine_without_the_instructions_is_told_once_at_the_start(monkeypatch, caplog, lack):
    monkeypatch.setattr("pylib.processor.shortfall", lambda: lack)
    with caplog.at_level(logging.WARNING, logger="pylib"):
        prepare_environment(training_config("segmentation"))
    assert [record.getMessage() for record in caplog.records] == ([lack] if lack else [])


def test_what_lies_beyond_the_cap_is_recorded_and_does_not_decide(monkeypatch):
    found = []
    for best in ("AVX2", "AVX512_CORE"):
        monkeypatch.setattr("pylib.processor.best_instructions", lambda *_, best=best: best)
        found.append(prepare_environment(training_config("segmentation")))
    assert [each.processor for each in found] == ["AVX2", "AVX512_CORE"]
    assert found[0].decisive() == found[1].decisive()
    assert found[0].decisive()["instructions"] == "AVX2"
