"""The server over gRPC that all protocols share."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_reflection.v1alpha import reflection

from pylib.errors import ServingError
from pylib.serving.limits import Limits

Add = Callable[[grpc.Server], None]


def start(
    address: str, adders: Sequence[Add], services: Sequence[str], threads: int, limits: Limits
) -> grpc.Server:
    """Listen at `address` with what each of `adders` adds; raises ServingError where that is taken.

    Calls beyond those that REST may have too are refused with RESOURCE_EXHAUSTED.
    """
    options = [
        ("grpc.max_receive_message_length", limits.message_bytes),
        ("grpc.max_send_message_length", limits.message_bytes),
        ("grpc.max_connection_age_ms", int(1000 * limits.connection_seconds)),
        ("grpc.max_metadata_size", limits.head_bytes),
        ("grpc.so_reuseport", 0),
    ]
    pool = ThreadPoolExecutor(threads, "rpc")
    server = grpc.server(pool, options=options, maximum_concurrent_rpcs=limits.calls)
    for add in adders:
        add(server)
    reflection.enable_server_reflection((*services, reflection.SERVICE_NAME), server)
    try:
        server.add_insecure_port(address)
    except RuntimeError as error:
        raise ServingError(f"port {address} for gRPC is in use: stop what uses it") from error
    server.start()
    return server
