"""What every page is given: the places of this installation, who may come in, and the models that answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pylib.settings import Settings
from pylib.web.access import Access


@dataclass(frozen=True)
class Site:
    """One installation of the page.

    prefix: the path that all addresses begin with, as in /web; empty on a machine of one's own
    servers: the base URL of each served model, by its name, asked anew for each page
    """

    settings: Settings
    access: Access
    servers: Callable[[], Mapping[str, str]]
    prefix: str = ""
