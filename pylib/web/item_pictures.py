"""Pictures as answers: pixels encoded anew, of the right type, and nothing that a browser could run."""

import hashlib
from functools import lru_cache

from starlette.responses import Response

from pylib.data.browsing import found_commit, index_of
from pylib.data.thumbnails import SIDE, item_thumbnail
from pylib.errors import NotFoundError
from pylib.store import forgotten
from pylib.store.opening import open_store
from pylib.web.refusal import Refusal

SANDBOX = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"
"""For what somebody else has made: shown, in an origin of its own, and never run."""
LARGE = 960
_KEPT = 2000  # thumbnails of some 5 KB
_ASKED_AGAIN = "private, no-cache"
"""A browser may keep it, and asks each time whether it may still be shown: somebody may have it forgotten."""
GONE = 410


def picture(data: bytes, kind: str = "image/jpeg") -> Response:
    """A picture, which a browser shows again only where it is still here."""
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"Content-Security-Policy": SANDBOX, "Cache-Control": _ASKED_AGAIN, "ETag": tag}
    return Response(data, media_type=kind, headers=headers)


def item_picture(store: str, repository: str, commit: str, item: str, side: int = SIDE) -> bytes:
    """A JPEG of an item of a commit, under its mask.

    Raises NotFoundError where there is no such item, and Refusal where its image was forgotten.
    """
    found = found_commit(store, repository, commit)
    index = index_of(store, found)
    wanted = next((each for each in index.items if each.id == item), None) if index else None
    if wanted is None:
        raise NotFoundError(f"no item {item} in {found.ref}")
    if said := forgotten.find(open_store(store), wanted.image_sha256):  # asked each time, kept or not
        raise Refusal(GONE, f"{item}: {said}")
    return _drawn(store, repository, found.id, item, side)


@lru_cache(maxsize=_KEPT)
def _drawn(store: str, repository: str, commit: str, item: str, side: int) -> bytes:
    found = found_commit(store, repository, commit)
    index = index_of(store, found)
    if index is None:
        raise NotFoundError(f"no item {item} in {found.ref}")
    wanted = next(each for each in index.items if each.id == item)
    return item_thumbnail(open_store(store), found, wanted, index, side)
