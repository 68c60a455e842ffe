"""Other people's client libraries, in an environment of their own: a script runs there, and prints JSON."""

import fcntl
import functools
import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


@functools.cache
def python() -> str:
    with (ROOT / ".venv-clients.lock").open("w") as lock:  # of two processes that run tests, one makes it
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([ROOT / "environments.sh", "clients"], check=True)
    return str(ROOT / ".venv-clients/bin/python")


def run(script: Path, *arguments: object) -> Any:
    command = [python(), str(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)
