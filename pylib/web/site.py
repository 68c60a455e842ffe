"""What every page is given: the places of this installation, who may come in, and the models that answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pylib.settings import Settings
from pylib.store.inbox import Inbox
from pylib.web.access import Access
from pylib.web.answers import Answers
from pylib.web.commits import Commits
from pylib.web.joining import Joined


@dataclass(frozen=True)
class Site:
    """One installation of the page.

    answers: what was answered lately, with the images
    inbox: opens the place that keeps what people send
    joined: joins feedback without an image with the log of answers
    commits: commits of what was accepted that are being made
    prefix: the path that all addresses begin with, as in /web; empty on a machine of one's own
    servers: the base URL of each served model, by its name, asked anew for each page
    """

    settings: Settings
    access: Access
    servers: Callable[[], Mapping[str, str]]
    answers: Answers
    inbox: Callable[[], Inbox]
    joined: Joined
    commits: Commits
    prefix: str = ""
