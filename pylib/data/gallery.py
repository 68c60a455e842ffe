"""Small pictures of items for a page: the image, and what the task shows of its target."""

import base64
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from pylib.data.dataset import read_file
from pylib.data.images import decode_image
from pylib.data.layout import Candidate
from pylib.errors import DataError

if TYPE_CHECKING:
    from pylib.tasks import aspects

_SIDE = 144


@dataclass(frozen=True)
class TargetPicture:
    """What a task shows of a target: a few words below the image, and a PNG to lay over it.

    `other` is another reading of it, where only a person can tell which is right.
    """

    caption: str = ""
    veil: bytes | None = None
    other: "TargetPicture | None" = None


@dataclass(frozen=True)
class Picture:
    """An item's thumbnail and its target's veil, as data URIs; None where there is nothing to be shown."""

    id: str
    image: str | None
    veil: str | None
    caption: str


class Gallery:
    """The pictures of a source's candidates, by id."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        legend: dict[int, str],
        checks: "aspects.Checks",
        *,
        limit: int,
        sample_bits: int | None,
    ) -> None:
        self.candidates = {candidate.id: candidate for candidate in candidates}
        self.legend, self.checks, self.limit, self.sample_bits = legend, checks, limit, sample_bits

    def pictures(self, ids: Iterable[str], *, readings: bool = False) -> list[Picture]:
        """Return the pictures of those ids that are in the source, if asked for with each other reading."""
        known = [self.candidates[item] for item in ids if item in self.candidates]
        return [picture for candidate in known for picture in self._pictures(candidate, readings)]

    def _pictures(self, candidate: Candidate, readings: bool) -> Iterator[Picture]:
        image = _thumbnail(candidate, self.limit, self.sample_bits)
        target: TargetPicture | None = self.checks.picture(candidate, self.legend, _SIDE)
        while target:
            veil = None if target.veil is None else _data_uri("image/png", target.veil)
            yield Picture(candidate.id, image, veil, target.caption)
            target = target.other if readings else None


def _thumbnail(candidate: Candidate, limit: int, sample_bits: int | None) -> str | None:
    try:
        data = read_file(candidate.image)
        image = Image.fromarray(decode_image(data, max_pixels=limit, sample_bits=sample_bits))
    except DataError:
        return None
    image.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return _data_uri("image/jpeg", buffer.getvalue())


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
