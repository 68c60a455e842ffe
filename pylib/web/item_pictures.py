"""Pictures as answers: pixels encoded anew, of the right type, and nothing that a browser could run."""

from functools import lru_cache

from starlette.responses import Response

from pylib.data.browsing import found_commit, index_of
from pylib.data.thumbnails import SIDE, item_thumbnail
from pylib.errors import NotFoundError
from pylib.store.opening import open_store

SANDBOX = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"
"""For what somebody else has made: shown, in an origin of its own, and never run."""
LARGE = 960
_KEPT = 2000  # thumbnails of some 5 KB
FOREVER = "private, max-age=31536000, immutable"


def picture(data: bytes, kind: str = "image/jpeg", *, cached: str = FOREVER) -> Response:
    """A picture; `cached` for ever, since its address names its content."""
    headers = {"Content-Security-Policy": SANDBOX, "Cache-Control": cached}
    return Response(data, media_type=kind, headers=headers)


@lru_cache(maxsize=_KEPT)
def item_picture(store: str, repository: str, commit: str, item: str, side: int = SIDE) -> bytes:
    """A JPEG of an item of a commit, under its mask; NotFoundError where there is no such item."""
    found = found_commit(store, repository, commit)
    index = index_of(store, found)
    wanted = next((each for each in index.items if each.id == item), None) if index else None
    if index is None or wanted is None:
        raise NotFoundError(f"no item {item} in {found.ref}")
    return item_thumbnail(open_store(store), found, wanted, index, side)
