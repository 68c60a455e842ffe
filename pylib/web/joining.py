"""Feedback without an image joined with the log of answers now and then, while people review."""

import threading
import time
from collections.abc import Callable

from pylib.errors import StoreError
from pylib.review.joining import join, unsettled
from pylib.store import request_log
from pylib.store.inbox import Inbox

_EVERY, _WAIT = 10.0, 2.0
"""Seconds: between two looks at the log, and that a page waits for one; a log in a bucket may be long."""


class Joined:
    """The joining of one site: of the inbox that `inbox` opens with the log at a place."""

    def __init__(self, inbox: Callable[[], Inbox], log: str) -> None:
        self._inbox, self._place = inbox, log
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._began = float("-inf")
        self._error = ""

    def look(self) -> str:
        """Look at the log where it is time to; return why that failed the last time, or nothing."""
        with self._turn:
            idle = self._thread is None or not self._thread.is_alive()
            if idle and time.monotonic() - self._began >= _EVERY:
                self._began = time.monotonic()
                self._thread = threading.Thread(target=self._join, name="joining", daemon=True)
                self._thread.start()
            thread = self._thread
        if thread:
            thread.join(_WAIT)
        return self._error

    def _join(self) -> None:
        try:
            inbox = self._inbox()
            join(inbox, self._place)
            lost = request_log.empty(self._place) and unsettled(inbox)
            self._error = f"nothing is logged at {self._place} (PYLIB_PREDICTIONS)" if lost else ""
        except StoreError as error:
            self._error = str(error)
