"""Real processes that get real signals while they run others, or clear up."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.signals import unignored

RUNNER = """
import os, sys
from pylib.termination import running, terminable

CHILD = "import subprocess; subprocess.run(['sh', '-c', 'echo $$; exec sleep 600'])"
with terminable(), running([sys.executable, "-c", CHILD], os.environ) as process:
    for line in process.stdout:
        print(process.pid, line.strip(), flush=True)
"""
CLEANER = """
import signal
from pylib.termination import terminable, undisturbed

with terminable():
    with undisturbed():
        print("clearing", flush=True)
        input()
    print("cleared", signal.getsignal(signal.SIGINT) is signal.default_int_handler, flush=True)
"""

STARTER = """
from pylib.termination import put_off, terminable

with terminable():
    try:
        with put_off():
            print("starting", flush=True)
            input()
            print("started", flush=True)
        print("went on", flush=True)
    finally:
        print("knows of it", flush=True)
"""


def start(program):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", program], preexec_fn=unignored, **pipes)  # noqa: PLW1509


def is_alive(pid):
    """Whether a process is there, and not merely waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_was_started_ends_with_the_process_that_is_told_to(number):
    with start(RUNNER) as process:
        started = [int(pid) for pid in process.stdout.readline().split()]
        assert [is_alive(pid) for pid in started] == [True, True]
        process.send_signal(number)
        process.wait(60)
    assert process.returncode != 0
    while any(map(is_alive, started)):  # a killed process goes when the scheduler gets to it
        time.sleep(0.01)


def test_clearing_up_goes_on_when_told_again():
    with start(CLEANER) as process:
        assert process.stdout.readline() == "clearing\n"
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(process.pid, number)
        rest, _ = process.communicate("\n", timeout=60)
    assert (rest, process.returncode) == ("cleared True\n", 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_an_end_that_is_put_off_comes_when_the_block_is_done(number):
    with start(STARTER) as process:
        assert process.stdout.readline() == "starting\n"
        process.send_signal(number)
        rest, _ = process.communicate("\n", timeout=60)
    assert rest == "started\nknows of it\n"
    assert process.returncode != 0
