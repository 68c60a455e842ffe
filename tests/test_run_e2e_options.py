import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "run_e2e.sh"


def run(*options):
    return subprocess.run([SCRIPT, *options], capture_output=True, text=True, check=False)


def test_help_explains_every_option():
    shown = run("--help")
    assert shown.returncode == 0
    for option in ("--task", "--data", "--weights", "--output", "--keep-serving", "-p"):
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
