"""The site of this installation, as the settings say."""

import getpass
from collections.abc import Mapping

from pylib.serving import local
from pylib.settings import Settings
from pylib.store.inbox import Inbox
from pylib.web.access import Access, Gateway, Password
from pylib.web.answers import Answers
from pylib.web.commits import Commits
from pylib.web.joining import Joined
from pylib.web.site import Site


def open_site(place: Settings) -> Site:
    """The site; raises ConfigurationError."""

    def inbox() -> Inbox:
        return Inbox(place.inbox)

    return Site(
        settings=place,
        access=_access(place),
        servers=lambda: _servers(place),
        answers=Answers(place.output / "web" / "answers"),
        inbox=inbox,
        joined=Joined(inbox, place.predictions),
        commits=Commits(place),
        prefix=place.web_prefix,
    )


def _access(place: Settings) -> Access:
    if place.web_gateway:
        return Gateway(place.web_gateway, place.web_roles)
    return Password(getpass.getuser())


def _servers(place: Settings) -> Mapping[str, str]:
    """The model servers that the settings name, or else those that run on this machine."""
    if place.web_models:
        return place.web_models
    folders = sorted(path.parent for path in (place.output / "serving").glob("*/server.json"))
    there = {folder.name: local.running(folder) for folder in folders}
    return {name: server.url for name, server in there.items() if server}
