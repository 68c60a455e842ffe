import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from pylib.errors import ConfigurationError, PipelineError, ProvenanceError
from pylib.provenance.digests import BUNDLE, digest_of
from pylib.provenance.statement import dependencies, read_bundle, step_name
from pylib.provenance.step import Commit, File, Input, Output, Result, commit_resource, step
from pylib.store.opening import open_store

CALLS = []


@step(cached=True)
def double(numbers: Input, doubled: Output, *, times: int = 2, seed: File = "none") -> Result:
    CALLS.append("double")
    value = int((numbers / "n.txt").read_text()) * times
    (doubled / "n.txt").write_text(str(value))
    if value < 0:
        raise ValueError("negative")
    return {"value": value}


@step(cached=False)
def announce(numbers: Input, announced: Output, *, data: Commit) -> Result:
    CALLS.append("announce")
    (announced / "said.txt").write_text("said")
    return {}


@pytest.fixture
def numbers(tmp_path, monkeypatch):
    monkeypatch.setenv("PYLIB_CACHE", str(tmp_path / "cache"))
    CALLS.clear()
    folder = tmp_path / "numbers"
    folder.mkdir()
    (folder / "n.txt").write_text("21")
    return folder


@pytest.fixture
def commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PYLIB_STORE", str(tmp_path / "store"))
    files = {"images/a.jpg": b"a", "images/b c.jpg": b"b", "dataset.json": b"{}"}
    return open_store(str(tmp_path / "store")).commit("pets", files)


def test_an_output_that_cannot_be_made_is_one_line(numbers, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"file/out: it cannot be made \(Not a directory\); name a"):
        double(numbers, tmp_path / "file/out/doubled")


def test_a_file_of_the_store_is_named_by_commit_and_digest(numbers, commit, tmp_path):
    seed = f"pets@{commit.id}:images/a.jpg"
    double(numbers, tmp_path / "out", seed=seed)
    materials = {r["name"]: r for r in dependencies(read_bundle(tmp_path / "out")[0])}
    assert materials["seed"]["uri"] == f"store:{seed}"
    assert materials["seed"]["digest"] == {"sha256": hashlib.sha256(b"a").hexdigest()}
    double(numbers, tmp_path / "again", seed=f"pets@{commit.id}:images/b c.jpg")
    assert CALLS == ["double", "double"], "another file is another step"


def test_a_file_of_a_branch_is_refused_because_it_may_move(numbers, commit, tmp_path):
    with pytest.raises(ProvenanceError, match=r"seed 'pets@master:images/a.jpg': a branch may move"):
        double(numbers, tmp_path / "out", seed="pets@master:images/a.jpg")


def test_a_step_leaves_its_output_and_a_valid_record(numbers, tmp_path):
    assert double(numbers, tmp_path / "out") == {"value": 42}
    record = read_bundle(tmp_path / "out")[0]
    assert step_name(record) == "double"
    assert record["predicate"]["buildDefinition"]["externalParameters"] == {"times": 2, "seed": "none"}
    materials = {r["name"]: r for r in dependencies(record)}
    assert materials["numbers"]["digest"] == digest_of(numbers)
    assert set(materials) >= {"pylib", "locks/train.txt", "git"}
    subjects = {s["name"]: s["digest"] for s in record["subject"]}
    assert subjects["doubled"] == digest_of(tmp_path / "out")
    assert set(subjects) == {"doubled", "doubled/n.txt"}


def test_a_step_whose_inputs_did_not_change_is_taken_from_the_cache(numbers, tmp_path):
    double(numbers, tmp_path / "first")
    assert double(numbers, tmp_path / "second") == {"value": 42}
    assert CALLS == ["double"]
    assert (tmp_path / "second" / BUNDLE).read_bytes() == (tmp_path / "first" / BUNDLE).read_bytes()


@pytest.mark.parametrize("change", ["content", "parameter", "file", "damage", "code"])
def test_a_step_runs_again_when_anything_changed(numbers, tmp_path, change, monkeypatch):
    seed = tmp_path / "seed"
    seed.write_text("1")
    double(numbers, tmp_path / "first", seed=str(seed))
    if change == "content":  # behind the same path
        (numbers / "n.txt").write_text("1")
    if change == "file":
        seed.write_text("2")
    if change == "damage":
        next((tmp_path / "cache").glob("*/doubled/n.txt")).write_text("43")
    if change == "code":
        monkeypatch.setattr(
            "pylib.provenance.materials.code", lambda *_: [{"name": "pylib", "digest": {"x": "y"}}]
        )
    double(numbers, tmp_path / "second", times=3 if change == "parameter" else 2, seed=str(seed))
    assert CALLS == ["double", "double"]


def test_a_file_is_recorded_by_digest_and_a_keyword_as_a_parameter(numbers, tmp_path):
    seed = tmp_path / "seed.bin"
    seed.write_bytes(b"x")
    double(numbers, tmp_path / "out", seed=str(seed))
    record = read_bundle(tmp_path / "out")[0]
    material = next(r for r in dependencies(record) if r["name"] == "seed")
    assert material["digest"] == digest_of(seed)
    assert material["uri"] == "seed.bin"
    assert "seed" not in record["predicate"]["buildDefinition"]["externalParameters"]


def test_a_failing_step_leaves_nothing_half_written(numbers, tmp_path):
    (numbers / "n.txt").write_text("-1")
    with pytest.raises(ValueError, match="negative"):
        double(numbers, tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["numbers"]


def test_records_travel_downstream_and_effects_are_never_taken_from_the_cache(numbers, commit, tmp_path):
    double(numbers, tmp_path / "a")
    for _ in range(2):
        announce(tmp_path / "a", tmp_path / "b", data=f"pets@{commit.id}")
    assert CALLS.count("announce") == 2
    assert [step_name(s) for s in read_bundle(tmp_path / "b")] == ["announce", "double"]


def test_a_data_commit_must_be_pinned_and_is_named_by_id_and_content(commit):
    digest = commit_resource(f"pets@{commit.id}", name="data")["digest"]
    assert digest == {"sha256": commit.id, "dirHash": commit.tree}
    with pytest.raises(ProvenanceError, match="a branch may move"):
        commit_resource("pets@master", name="data")


def test_the_tree_of_a_commit_is_the_digest_of_its_checkout(commit, tmp_path):
    open_store(os.environ["PYLIB_STORE"]).checkout(commit, tmp_path / "checkout")
    assert digest_of(tmp_path / "checkout") == {"dirHash": commit.tree}


def test_a_step_keeps_its_own_time_limit(numbers, tmp_path, monkeypatch):
    @step(cached=True)
    def wait(waited: Output) -> Result:
        time.sleep(30)
        return {}

    monkeypatch.setenv("PYLIB_STEP_HOURS", "0.00005")
    with pytest.raises(PipelineError, match="wait: stopped after its limit"):
        wait(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("edit", ["not json", '{"_type": "https://in-toto.io/Statement/v1"}', "[]"])
def test_a_damaged_record_is_one_line(tmp_path, edit):
    (tmp_path / BUNDLE).write_text(edit + "\n")
    with pytest.raises(ProvenanceError) as error:
        read_bundle(tmp_path)
    assert "\n" not in str(error.value)


def test_a_killed_step_goes_on_from_its_scratch_folder(numbers, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from pylib.provenance.step import Output, Result, Scratch, step

        @step(cached=True)
        def count(counted: Output, scratch: Scratch) -> Result:
            seen = scratch / "seen"
            tries = int(seen.read_text()) + 1 if seen.exists() else 1
            seen.write_text(str(tries))
            if tries == 1:
                print("ready", flush=True)
                time.sleep(60)
            (counted / "tries").write_text(str(tries))
            return {"tries": tries}

        print(count(Path(sys.argv[1])))
        """)
    )
    command = [sys.executable, str(program), str(tmp_path / "out")]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert first.stdout.readline() == "ready\n"
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert not (tmp_path / "out").exists()
    assert "{'tries': 2}" in subprocess.check_output(command, text=True)
    assert json.loads(next((tmp_path / "cache").glob("*/result.json")).read_text())["result"] == {"tries": 2}
    assert list((tmp_path / "cache" / "scratch").iterdir()) == []
