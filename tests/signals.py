"""What processes of tests make of signals, whoever started the tests."""

import signal


def unignored() -> None:
    """Take signals as a command in a shell does: what started the tests, such as nohup, may ignore them."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
