"""Links in archives: which file of the archive one stands for."""

from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import NamedTuple


class Link(NamedTuple):
    """A member that stands for another, which it names from the archive's top or from beside itself."""

    name: str
    target: str
    from_top: bool


def target(link: Link, links: Mapping[str, Link]) -> str | None:
    """The path in the archive that a link leads to, through other links; None if it leads nowhere there."""
    seen: set[str] = set()
    path = _inside(link)
    while path is not None and path in links and path not in seen:
        seen.add(path)
        path = _inside(links[path])
    return None if path in seen else path


def plain_path(name: str) -> str:
    """A name with the slashes of Windows turned into those of archives."""
    return name.replace("\\", "/")


def _inside(link: Link) -> str | None:
    named = PurePosixPath(plain_path(link.target))
    if named.is_absolute() or PureWindowsPath(link.target).drive:
        return None
    start = PurePosixPath() if link.from_top else PurePosixPath(link.name).parent
    parts: list[str] = []
    for part in (start / named).parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            return None
    return "/".join(parts)
