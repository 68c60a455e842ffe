import os
import socket
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "run_e2e.sh"


def run(*options, **variables):
    environment = {**os.environ, **variables}
    return subprocess.run([SCRIPT, *options], capture_output=True, text=True, check=False, env=environment)


def test_help_explains_every_option():
    shown = run("--help")
    assert shown.returncode == 0
    for option in ("--task", "--data", "--weights", "--output", "--keep-serving", "-p", "PYLIB_PORT"):
        assert option in shown.stdout


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--dta", "x"], "unknown option '--dta'"),
        (["--data"], "--data needs a value"),
        (["sample"], "unknown option 'sample'"),
        (["--task", "classificaton"], "no task 'classificaton'"),
        (["--task", "placement"], "no task 'placement'"),
    ],
)
def test_a_wrong_option_is_one_line(options, reason):
    shown = run(*options)
    assert shown.returncode == 1
    assert shown.stderr == f"error: {reason}; see ./run_e2e.sh --help\n"


def test_a_port_that_another_program_has_is_said_before_any_work(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        shown = run("--output", str(tmp_path / "out"), PYLIB_PORT=str(port))
    assert shown.returncode == 1
    assert shown.stdout == ""
    assert shown.stderr.startswith(f"error: another program has port {port} of 127.0.0.1: ")
    assert "PYLIB_PORT=" in shown.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("port", ["web", "65536", "-1"])
def test_what_is_no_port_is_said(port):
    shown = run(PYLIB_PORT=port)
    assert (shown.returncode, shown.stderr) == (1, f"error: PYLIB_PORT={port} is no port: 0 to 65535\n")
