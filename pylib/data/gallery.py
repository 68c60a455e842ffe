"""Small pictures of items for a page: the image, and what the task shows of its target."""

import base64
import io
from collections.abc import Iterable, Sequence
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
    """What a task shows of a target: a few words below the image, and a PNG to lay over it."""

    caption: str = ""
    veil: bytes | None = None


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
        classes: dict[int, str],
        checks: "aspects.Checks",
        sample_bits: int | None,
    ) -> None:
        self.candidates = {candidate.id: candidate for candidate in candidates}
        self.classes, self.checks, self.sample_bits = classes, checks, sample_bits

    def pictures(self, ids: Iterable[str]) -> list[Picture]:
        """Return the pictures of those ids that are in the source."""
        return [self._picture(self.candidates[item]) for item in ids if item in self.candidates]

    def _picture(self, candidate: Candidate) -> Picture:
        target = self.checks.picture(candidate, self.classes, _SIDE)
        veil = None if target.veil is None else _data_uri("image/png", target.veil)
        return Picture(candidate.id, _thumbnail(candidate, self.sample_bits), veil, target.caption)


def _thumbnail(candidate: Candidate, sample_bits: int | None) -> str | None:
    try:
        image = Image.fromarray(decode_image(read_file(candidate.image), sample_bits=sample_bits))
    except DataError:
        return None
    image.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return _data_uri("image/jpeg", buffer.getvalue())


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
