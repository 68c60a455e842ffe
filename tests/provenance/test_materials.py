"""What a step's cache key is made of, in a copy of the repository that is edited."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from pylib import processor
from pylib.provenance.materials import ROOT, host
from pylib.provenance.statement import Definition, build_statement
from pylib.tf_config import TF_CONFIG, tf_config

KEY = "from pylib.provenance.statement import Definition; print(Definition('evaluate', {}).key())"


@pytest.fixture
def copy(tmp_path):
    for name in ("katib", "pylib", "components"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def key(folder, cores=None):
    def hold():
        os.sched_setaffinity(0, cores)

    command = [sys.executable, "-c", KEY]
    return subprocess.check_output(command, cwd=folder, text=True, preexec_fn=hold if cores else None)


def test_the_number_of_cores_is_recorded_and_not_in_the_key(copy):
    one = {min(os.sched_getaffinity(0))}
    assert key(copy, one) == key(copy)
    assert host()["cpus"] == len(os.sched_getaffinity(0))


def test_the_instruction_set_in_force_is_in_the_key_and_what_lies_beyond_is_not(monkeypatch):
    def key_with(best):
        monkeypatch.setattr("pylib.processor.best_instructions", lambda *_: best)
        return Definition("train", {}).key()

    assert key_with("AVX2") == key_with("AVX512_CORE")
    assert key_with("AVX") != key_with("AVX2")


def test_a_record_says_what_it_was_made_on():
    now = datetime.now(UTC)
    made = build_statement(Definition("train", {}), [{"name": "x", "digest": {"sha256": "0" * 64}}], now, now)
    recorded = made["predicate"]["buildDefinition"]["internalParameters"]
    assert recorded["host"] == host()
    assert recorded["instructions"] in {"AVX2", processor.best_instructions()}
    assert set(host()) == {"processor", "instructions", "cpus", "libc"}


def test_several_workers_give_another_key_and_one_by_itself_the_same(copy, monkeypatch):
    alone = key(copy)
    monkeypatch.setenv(TF_CONFIG, tf_config(["a:1"], 0))
    assert key(copy) == alone
    found = set()
    for index in range(2):
        monkeypatch.setenv(TF_CONFIG, tf_config(["a:1", "b:1"], index))
        found.add(key(copy))
    assert len(found) == 1
    assert alone not in found
