"""TensorFlow's greeting is kept from what a command says; all else on standard error is passed on."""

import os
import sys

import pytest

from pylib.cli.native_log import held_back

GREETING = b"""WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1796007090.442524   20559 port.cc:153] oneDNN custom operations are on. You may see \
slightly different numerical results due to floating-point round-off errors.
"""


def test_the_greeting_goes_and_all_else_stays(capfd: pytest.CaptureFixture[str]) -> None:
    with held_back():
        os.write(2, GREETING)
        sys.stderr.write("from Python\n")
        os.write(2, b"E0000 00:00:1 1 cuda.cc:1] what is wrong\n")
    assert capfd.readouterr().err == "from Python\nE0000 00:00:1 1 cuda.cc:1] what is wrong\n"


def test_it_is_passed_on_where_the_block_fails(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(IsADirectoryError), held_back():
        os.open("/", os.write(2, b"before\n") and os.O_WRONLY)
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "before\nafter\n"
