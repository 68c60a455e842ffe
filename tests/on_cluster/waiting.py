"""Waiting by looking again, with a limit and the last reason why it is not so yet."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from tests.on_cluster.kubectl import KubectlError

T = TypeVar("T")


class NotYetError(Exception):
    """What is waited for is not so yet; the message says how it is."""


def until(seconds: float, what: str, look: Callable[[], T], every: float = 1) -> T:
    """What `look` gives once it raises NotYetError no more; the test fails when that takes too long.

    An error of kubectl counts as not yet, since a busy server may refuse a connection.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return look()
        except (NotYetError, KubectlError) as reason:
            last = reason
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {seconds:g} s; {last}", pytrace=False)
        time.sleep(every)


def require(condition: object, reason: str) -> None:
    """Raise NotYetError with the reason unless the condition holds."""
    if not condition:
        raise NotYetError(reason)
