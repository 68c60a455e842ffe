"""How often somebody may ask: a token bucket for each name (Turner 1986, RFC 2697)."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_NAMES = 10_000


class Buckets:
    """Buckets that hold at most `burst` tokens and gain `rate` a second; names long unused are forgotten."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, name: str) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        with self._lock:
            now = self._clock()
            tokens, before = self._left.pop(name, (self._burst, now))
            tokens = min(self._burst, tokens + (now - before) * self._rate)
            taken = tokens >= 1
            self._left[name] = (tokens - taken, now)
            if len(self._left) > _NAMES:
                self._left.popitem(last=False)
        return 0.0 if taken else (1 - tokens) / self._rate
