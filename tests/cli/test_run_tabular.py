"""The smoke test as a person runs it: the built-in table, one's own, cached, explained, refused."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pylib.store.opening import open_store

PYLIB = Path(sys.executable).with_name("pylib")


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("tabular")


def pylib(output, *arguments):
    environment = os.environ | {"PYLIB_OUTPUT": str(output), "COLUMNS": "200"}
    return subprocess.run([PYLIB, *arguments], capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def run(output):
    done = pylib(output, "run", "tabular", "--json")
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["run"])


@pytest.fixture(scope="module")
def status(output, run):
    return json.loads(pylib(output, "status", "--json").stdout)


def test_the_built_in_table_is_committed_learned_and_judged(status):
    assert re.fullmatch(r"sklearn-diabetes@[0-9a-f]{64}", status["data_commit"])
    assert status["gate"] == "passed"
    assert float(status["r2"].split()[0]) > 0.2


def test_the_same_again_is_taken_from_the_cache_and_ends_with_what_it_reached(output, run, status):
    done = pylib(output, "run", "tabular")
    assert done.returncode == 0, done.stderr
    check_said(done.stdout, status)
    again = (output / "latest").resolve()
    assert again != run
    logs = [(again / "logs" / f"{step}.log").read_text() for step in ("read-table", "regress")]
    assert all("nothing changed: taken from the cache" in log for log in logs)
    models = [next(each.glob("*/regress/model/model.onnx")).read_bytes() for each in (run, again)]
    assert models[0] == models[1]


def check_said(text, status):
    """What it reached and what the gate said."""
    shown = dict(re.split(r" {2,}", line, maxsplit=1) for line in text.splitlines())
    assert {name: shown[name] for name in ("rmse", "r2", "mae")} == {
        name: status[name] for name in ("rmse", "r2", "mae")
    }
    assert re.fullmatch(r"0\.\d{3} on \d+ test rows", shown["r2"])
    assert shown["gate"] == "passed"


def test_it_is_explained_back_to_its_table(output, run):
    (model,) = run.glob("*/regress/model")
    said = pylib(output, "explain", str(model)).stdout
    assert "1 training table of sklearn-diabetes@" in said
    assert "every digest checked" in said
    assert "diabetes.csv" in said


def test_the_run_is_in_mlflow_with_the_model_s_digest(output, status):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{output}/mlflow.db")
    (logged,) = client.search_runs([client.get_experiment_by_name("diabetes").experiment_id])
    assert logged.data.tags["model_sha256"] == status["model_sha256"]
    assert {"rmse", "r2", "mae", "validation_rmse"} <= logged.data.metrics.keys()
    assert logged.data.params["alpha"] == "0.01"


def test_the_model_is_a_version_that_nothing_serves(output, status):
    (version,) = json.loads(pylib(output, "models", "list", "tabular", "--json").stdout)
    assert (version["digest"], version["data_commit"]) == (status["model_sha256"], status["data_commit"])
    assert (version["aliases"], version["served"], version["verdict"]) == (["candidate"], False, "passed")
    for verb in (("promote", "1", "--name", "tabular"), ("rollback", "--name", "tabular")):
        done = pylib(output, "models", *verb)
        assert (done.returncode, done.stdout) == (1, "")
        assert re.match(r"error: .*nothing serves ", done.stderr), done.stderr
        assert done.stderr.count("\n") == 1
    assert pylib(output, "models", "reconcile").stdout == "registry and Git agree\n"
    assert pylib(output, "explain", version["digest"][:12]).returncode == 0


def test_no_step_imports_tensorflow(run):
    steps = "pylib.steps.read_table, pylib.steps.regress, pylib.steps.regress_and_register"
    code = f"import sys, {steps}, pylib.tabular.export; print(*sys.modules)"
    assert "tensorflow" not in subprocess.check_output([sys.executable, "-c", code], text=True).split()


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("a,b\n1,2\n", (), "error: own.csv: 1 lines below the header; "),
        ("a,b\n1,x\n", (), "error: own.csv, line 2, column 'b': 'x' is no number; "),
        ("alpha,b\n1,2\n", ("--target", "alfa"), "error: target='alfa': .* did you mean alpha[?]"),
        ("a,b\n1,2\n", ("--alpha", "-1"), "error: regression: alpha: "),
    ],
)
def test_what_cannot_be_learned_from_is_one_line_and_no_run(tmp_path, text, arguments, said):
    open_store((tmp_path / "out/store").as_uri()).commit("own", {"own.csv": text.encode()})
    done = pylib(tmp_path / "out", "run", "tabular", "--data", "own@master", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(said, done.stderr), done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out" / "runs").exists()


def test_a_commit_without_one_table_is_refused_with_what_is_in_it(tmp_path):
    table = b"a,b\n1,2\n"
    open_store((tmp_path / "out/store").as_uri()).commit("two", {"a.csv": table, "b.csv": table})
    done = pylib(tmp_path / "out", "run", "tabular", "--data", "two")
    assert "2 tables in it (a.csv, b.csv); commit one alone" in done.stderr
