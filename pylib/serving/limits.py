"""What one model server takes at most: bytes, pixels, seconds and calls, for every protocol, in one place."""

from collections.abc import Mapping
from typing import NamedTuple

from pylib import settings
from pylib.errors import RequestError, ServingError

MAX_BYTES = 20 * 2**20
"""Of a whole request; a photograph of 25 megapixels takes about half as many in base64."""

MAX_IMAGES = 16
"""Of one request; they are answered one after another in one call's time, and share one image's pixels."""

MAX_JSON_NUMBERS = 4_000_000
"""Of one array in an answer: a mask of 2000x2000."""

MAX_MESSAGE_VALUES = 3_000_000
"""Numbers in a message over gRPC, as those of 1000x1000 pixels; a field counts as ten. Not so of bytes."""

MAX_FEEDBACK_VALUES = 100_000
"""In feedback as JSON, where a file is one value."""

REMOTE_SECONDS = 10.0
"""For the whole of an image that is fetched by URL: its name, its connection, its bytes."""

_REST_TIMEOUT, _GRPC_BYTES = "seldon.io/rest-timeout", "seldon.io/grpc-max-message-size"


class Limits(NamedTuple):
    """Limits of a server, or its share for one of its processes (`share`).

    body_bytes, head_bytes: of a request over HTTP, and of its first line with all headers
    headers: how many it may have
    message_bytes: of a message over gRPC, in and out
    pixels: of an image, before it is decoded
    receive_seconds: from a request's first byte over HTTP to its last
    idle_seconds: that a connection without a request stays open
    connection_seconds: after which a client is asked to connect anew. A Service chooses a pod for a
        connection, not for a call: who still has one to a pod that ends loses it, so that clients must have
        left within the 10 s that Seldon waits before SIGTERM
    held_bytes: of all bodies over HTTP together, whole or not, that are not answered yet: a pod's memory is
        less than a body for each connection. As much of messages over gRPC: see `receiving`
    answer_seconds: from a request's last byte to its answer
    calls: accepted over HTTP and not answered yet, those that wait for a thread included; as many over gRPC,
        where a client's all come to one process and are not shared out
    connections: open over HTTP
    grace_seconds: for the calls that were accepted before SIGTERM. A pod has 40, of which preStop takes 10
    """

    body_bytes: int = MAX_BYTES
    head_bytes: int = 32 * 2**10
    headers: int = 100
    held_bytes: int = 256 * 2**20
    message_bytes: int = MAX_BYTES
    pixels: int = settings.MAX_PIXELS
    receive_seconds: float = 30.0
    idle_seconds: float = 75.0
    connection_seconds: float = 5.0
    answer_seconds: float = 60.0
    calls: int = 128
    connections: int = 1024
    grace_seconds: float = 25.0

    @property
    def waiting(self) -> int:
        """Calls accepted that wait for another service, as feedback does for its inbox, beside `calls`."""
        return max(1, self.calls // 4)

    @property
    def receiving(self) -> int:
        """How many messages over gRPC are read at a time, so that together they are no more than may be held.

        The others wait in their senders, but for 64 KiB each: 60 clients, each with a message of 20 MiB that
        does not end, cost a server of 98 MiB 250 MiB more at the peak. Python cannot give gRPC's resource
        quota, which would count the bytes themselves.
        """
        return max(1, min(self.calls, self.held_bytes // self.message_bytes))

    def share(self, processes: int) -> "Limits":
        """The limits of each of so many processes of a server; the largest request has room in each."""
        return self._replace(
            held_bytes=max(self.held_bytes // processes, min(self.held_bytes, self.body_bytes)),
            calls=max(1, self.calls // processes),
            connections=max(1, self.connections // processes),
        )


class Bodies:
    """Counts the bytes of the bodies that a server holds, `most` of them at most."""

    def __init__(self, most: int) -> None:
        self._most, self.held = most, 0

    def take(self, count: int) -> bool:
        """Count so many more, and return True, if they may be held."""
        if self.held + count > self._most:
            return False
        self.held += count
        return True

    def give_back(self, count: int) -> None:
        """Count so many less."""
        self.held -= count


def limits(annotations: Mapping[str, str]) -> Limits:
    """The limits of this pod: its annotations say those that Seldon has a name for. Raises ServingError."""
    milliseconds = _whole(annotations, _REST_TIMEOUT, 60_000)
    return Limits(
        message_bytes=_whole(annotations, _GRPC_BYTES, MAX_BYTES),
        pixels=settings.max_pixels(),
        answer_seconds=milliseconds / 1000,
    )


def check_size(count: int) -> None:
    """Raise RequestError where a request has more bytes than are taken."""
    if count > MAX_BYTES:
        limit = f"{MAX_BYTES // 2**20} MiB"
        raise RequestError(f"the request is larger than {limit}: send a smaller image", "too large")


def _whole(annotations: Mapping[str, str], name: str, default: int) -> int:
    try:
        value = int(annotations.get(name, default))
    except ValueError:
        value = 0
    if value < 1:
        raise ServingError(f"annotation {name} is {annotations[name]!r}: give a whole number above 0")
    return value
