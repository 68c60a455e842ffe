"""The verb `web`: the page, on this machine or in a pod."""

from typing import Annotated

import typer

from pylib.settings import settings

DEFAULT_PORT = 8080


def web(
    port: Annotated[
        int, typer.Option(envvar="PYLIB_WEB_PORT", help="port of the page; 0 takes a free one")
    ] = DEFAULT_PORT,
    host: Annotated[
        str, typer.Option(envvar="PYLIB_WEB_HOST", help="address to listen at; others can reach 0.0.0.0")
    ] = "127.0.0.1",
) -> None:
    """Serve the page: ask a model, say what is right, send labelled images, until Ctrl-C or SIGTERM.

    On this machine it asks for a password, made anew at each start, or takes the link that is printed, once.
    On a cluster the gateway says who somebody is (cluster-conf/web).
    """
    from pylib.web.app import create_app
    from pylib.web.opening import open_site
    from pylib.web.server import listen, serve

    site = open_site(settings())
    with listen(host, port) as listener:
        where = f"http://{host}:{listener.getsockname()[1]}{site.prefix}"
        serve(create_app(site), listener, lambda: print(site.access.welcome(where), flush=True))  # noqa: T201
