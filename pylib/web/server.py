"""The page as a server on this machine or in a pod: uvicorn, one process, until it is told to end."""

import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from pylib.errors import ConfigurationError
from pylib.web.connections import Impatient

LOOPBACK = "127.0.0.1"
_GRACE = 10  # seconds that running requests may take when the server is told to end


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there, 0 being any free port; raises ConfigurationError."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(
            f"port {port} on {host}: {reason}; end what uses it, or choose another with --port (0: any)"
        ) from error
    return listener


def serve(app: Starlette, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Answer until SIGTERM or Ctrl-C; what is being answered then is finished. `ready` is called once."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=64 * 1024,
        http=Impatient,
    )
    ready()
    uvicorn.Server(config).run(sockets=[listener])
