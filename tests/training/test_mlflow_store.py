"""MLflow's database, made by several processes at once and by one that is killed."""

import errno
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pylib.training.mlflow_store import connect, experiment_id

OPEN = "import sys; from pylib.training.mlflow_store import connect; connect(sys.argv[1])"


def opener(uri):
    return subprocess.Popen([sys.executable, "-c", OPEN, uri], stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_first_runs_at_once_make_one_database(tmp_path):
    uri = f"sqlite:///{tmp_path / 'new' / 'mlflow.db'}"
    several = [opener(uri) for _ in range(4)]
    assert [(each.communicate()[1], each.returncode) for each in several] == [("", 0)] * 4
    assert experiment_id(connect(uri), "one", uri)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mlflow.db"]


@pytest.mark.slow
def test_a_file_system_without_links_has_one_too(tmp_path, monkeypatch):
    def refused(_path, _target):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert experiment_id(connect(uri), "one", uri)
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


@pytest.mark.slow
def test_one_that_is_killed_leaves_nothing_that_does_not_open(tmp_path):
    database = tmp_path / "mlflow.db"
    killed = opener(uri := f"sqlite:///{database}")
    while not any(tmp_path.glob("**/*.db")):
        assert killed.poll() is None, killed.communicate()
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert not database.exists()
    assert experiment_id(connect(uri), "one", uri)
