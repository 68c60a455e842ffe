"""Connections that wait cost nobody a place: a head has to come soon, and requests alone are counted."""

import asyncio

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from pylib.web import limits

RETRY_SECONDS = 2


class Busy:
    """Answers 503 with Retry-After while so many requests are being answered; /healthz is answered always."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._going_on = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        app = self._app
        if self._going_on >= limits.REQUESTS and scope.get("path") != "/healthz":
            headers = {"Retry-After": str(RETRY_SECONDS)}
            app = PlainTextResponse("too many requests at once: again in a moment\n", 503, headers)
        self._going_on += 1
        try:
            await app(scope, receive, send)
        finally:
            self._going_on -= 1


class Impatient(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, which alone waits for a head for ever.

    One that has no whole head after `limits.HEAD_SECONDS` is closed; of too many connections, one
    that waits is closed for the one that comes.
    """

    _overdue: asyncio.TimerHandle | None = None

    @property
    def waits(self) -> bool:
        """Whether nothing of it is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Make room, and begin to wait."""
        if len(self.connections) >= limits.CONNECTIONS:
            others = (each for each in self.connections if isinstance(each, Impatient) and each.waits)
            if other := next(others, None):
                other.transport.close()
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """A part of a request; the wait ends with its head."""
        super().data_received(data)
        if self.waits:
            self._expect()
        else:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._stop()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._overdue is None:
            self._overdue = self.loop.call_later(limits.HEAD_SECONDS, self._too_late)

    def _stop(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
        self._overdue = None

    def _too_late(self) -> None:
        self._overdue = None
        if self.waits and not self.transport.is_closing():
            self.transport.close()
