"""The folder of a local server, looked at by several at a time: who looks is no server."""

import fcntl
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import pytest

from pylib.errors import ServingError
from pylib.serving import local
from pylib.serving.deployment import SeldonDeployment

LOOKS = 10_000


@pytest.fixture
def ended(tmp_path: Path) -> Path:
    """The folder that a server leaves when it has ended."""
    server = {"url": "http://127.0.0.1:1", "grpc_port": 1, "metrics_port": 1, "pid": 1, "log": "server.log"}
    (tmp_path / "server.json").write_text(json.dumps(server))
    (tmp_path / "server.lock").touch()
    return tmp_path


@contextmanager
def beside(look: Callable[[], object]) -> Iterator[None]:
    """Have another thread look again and again."""
    done = threading.Event()

    def go_on() -> None:
        while not done.is_set():
            look()

    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(go_on)
        try:
            yield
        finally:
            done.set()
        going.result()


@pytest.mark.parametrize("other", ["running", "refuse_second"])
def test_who_looks_beside_another_does_not_see_a_server(
    ended: Path, deployment: SeldonDeployment, other: str
) -> None:
    looks = {
        "running": lambda: local.running(ended),
        "refuse_second": lambda: local.refuse_second(ended, deployment),
    }
    with beside(looks[other]):
        seen = [local.running(ended) for _ in range(LOOKS)]
    assert seen == [None] * LOOKS


def test_a_look_goes_on_beside_a_look_and_a_start_waits_for_it(
    ended: Path, deployment: SeldonDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYLIB_SERVE_PYTHON", str(ended / "python"))  # so far does it come, and no further
    with ThreadPoolExecutor(1) as pool:
        with (ended / "server.lock").open("rb") as looking:
            fcntl.flock(looking, fcntl.LOCK_SH)
            assert local.running(ended) is None
            local.refuse_second(ended, deployment)
            started = pool.submit(local.start, deployment, artifacts="file:///nowhere", folder=ended, port=0)
            wait([started], timeout=0.5)
        with pytest.raises(ServingError, match="no serving environment"):
            started.result()
