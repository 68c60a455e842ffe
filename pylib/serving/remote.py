"""An image that a request names by its URL: fetched from hosts that the operator allows, from nowhere else.

Off unless `PREDICT_URL_HOSTS` names hosts, separated by commas. The server stands inside a network that its
clients may not reach, so whatever a name resolves to is checked, and the connection goes to that very
address: a name that changes its mind in between (DNS rebinding) gains nothing. See
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import http.client
import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from pylib.errors import RequestError
from pylib.serving.limits import MAX_BYTES, REMOTE_SECONDS

SETTING = "PREDICT_URL_HOSTS"
_PORTS = {"https": 443, "http": 80}
_ASSIGNED = ipaddress.ip_network("192.0.0.0/24")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_OK, _REDIRECTS, _REFUSALS = 200, 300, 400
_LONGEST = 2048


class Address(NamedTuple):
    """Where to connect: an IP address and a port."""

    ip: str
    port: int


Resolve = Callable[[str, int], Address]
LookUp = Callable[[str, int], list[str]]


def allowed_hosts() -> frozenset[str]:
    """The hosts that this server may fetch images from."""
    names = os.environ.get(SETTING, "").split(",")
    return frozenset(name.strip().lower().rstrip(".") for name in names if name.strip())


def look_up(host: str, port: int) -> list[str]:
    """Every IP address of a host; raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def public_address(host: str, port: int, look_up: LookUp = look_up) -> Address:
    """Resolve a host, once, to an address of the public internet; raises RequestError where one is not."""
    try:
        found = look_up(host, port)
    except (OSError, UnicodeError) as error:
        raise RequestError(f"{host} is not found: check the URL") from error
    if not found or not all(_is_public(ip) for ip in found):
        raise RequestError(f"{host} is not a host of the public internet: send the file itself")
    return Address(found[0], port)


def fetch(
    url: str,
    hosts: Collection[str],
    *,
    resolve: Resolve = public_address,
    most: int = MAX_BYTES,
    seconds: float = REMOTE_SECONDS,
) -> bytes:
    """The content at a URL of one of the hosts, at most that many bytes in at most that many seconds.

    `http` and `https` on their own ports; redirects are not followed. Raises RequestError.
    """
    parts = _allowed(url, hosts)
    host, port = str(parts.hostname), _PORTS[parts.scheme]
    address = resolve(host.rstrip("."), port)
    late = threading.Event()
    try:
        with _connected(parts, address, seconds) as connected:
            end = threading.Timer(seconds, _cut, [connected, late])
            end.start()
            try:
                data = _get(parts, connected, most)
            finally:
                end.cancel()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise RequestError(f"{host} does not answer as it should: check the URL, or send the file") from error
    if late.is_set():
        raise RequestError(f"{host} takes longer than {seconds:g} s: send the file itself")
    return data


def _allowed(url: str, hosts: Collection[str]) -> SplitResult:
    """The URL in parts, or RequestError."""
    if not hosts:
        raise RequestError(f"images are not fetched by URL here ({SETTING} is empty): send the file itself")
    if len(url) > _LONGEST or not url.isascii() or any(c <= " " or c == "\\" for c in url):
        raise RequestError(f"the URL is longer than {_LONGEST} characters, or has some that a URL has not")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RequestError("the URL is malformed") from error
    if parts.scheme not in _PORTS or port not in {None, _PORTS[parts.scheme]} or "@" in parts.netloc:
        raise RequestError("the URL must be http:// or https://, without a user and on the usual port")
    if (parts.hostname or "").rstrip(".") not in hosts:
        raise RequestError(
            f"{(parts.hostname or 'no host')[:80]} is no host that images are fetched from here"
        )
    return parts


def _is_public(ip: str) -> bool:
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(str(address.ipv4_mapped))
        if address.sixtofour or address.teredo or address in _NAT64 or address.is_site_local:
            return False  # an IPv4 address inside, of whatever network
    elif address in _ASSIGNED:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _connected(parts: SplitResult, address: Address, seconds: float) -> socket.socket:
    plain = socket.create_connection(address, timeout=seconds)
    if parts.scheme == "http":
        return plain
    context = ssl.create_default_context()  # the handshake comes later, within the time limit
    return context.wrap_socket(plain, server_hostname=parts.hostname, do_handshake_on_connect=False)


def _get(parts: SplitResult, connected: socket.socket, most: int) -> bytes:
    if isinstance(connected, ssl.SSLSocket):
        connected.do_handshake()
    connection = http.client.HTTPConnection(str(parts.hostname))
    connection.sock = connected
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    connection.request("GET", target, headers={"Accept": "image/*", "Accept-Encoding": "identity"})
    with closing(connection), connection.getresponse() as response:
        _check(response, str(parts.hostname))
        if (response.length or 0) <= most and len(data := response.read(most + 1)) <= most:
            if response.length:  # of what was announced, so much did not come
                raise http.client.IncompleteRead(data, response.length)
            return data
    raise RequestError(
        f"the file at the URL is larger than {most:,} bytes: send a smaller image", "too large"
    )


def _check(response: http.client.HTTPResponse, host: str) -> None:
    if _REDIRECTS <= response.status < _REFUSALS:
        raise RequestError(f"{host} redirects to another address, which is not followed: send that one")
    if response.status != _OK:
        raise RequestError(f"{host} answers with status {response.status}: check the URL")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise RequestError(f"{host} compresses what it was asked not to: send the file itself")


def _cut(connected: socket.socket, late: threading.Event) -> None:
    """End a connection that takes too long: the limit of a socket is for each part, not for the whole."""
    late.set()
    with suppress(OSError):  # it has ended
        socket.socket.shutdown(connected, socket.SHUT_RDWR)  # TLS' own would wait for the other side
