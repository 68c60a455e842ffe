"""Small pictures of items for a page: the image, and the mask's classes as a coloured veil over it."""

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pylib.data.classes import class_lookup
from pylib.data.dataset import read_file
from pylib.data.images import decode_image, decode_mask, encode_png, resize_mask
from pylib.data.layout import Candidate
from pylib.errors import DataError
from pylib.palette import class_rgb

_SIDE = 144


@dataclass(frozen=True)
class Picture:
    """An item's thumbnail and its mask's, as data URIs; None where the file cannot be shown."""

    id: str
    image: str | None
    mask: str | None


class Gallery:
    """The pictures of a source's pairs, by id."""

    def __init__(self, candidates: Sequence[Candidate], classes: dict[int, str]) -> None:
        self.candidates = {candidate.id: candidate for candidate in candidates}
        self.classes, self.lookup = classes, class_lookup(classes)

    def pictures(self, ids: Iterable[str]) -> list[Picture]:
        """Return the pictures of those ids that are in the source."""
        return [self._picture(self.candidates[item]) for item in ids if item in self.candidates]

    def _picture(self, candidate: Candidate) -> Picture:
        return Picture(candidate.id, self._image(candidate), self._mask(candidate))

    def _image(self, candidate: Candidate) -> str | None:
        try:
            image = Image.fromarray(decode_image(read_file(candidate.image)))
        except DataError:
            return None
        image.thumbnail((_SIDE, _SIDE))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=80)
        return _data_uri("image/jpeg", buffer.getvalue())

    def _mask(self, candidate: Candidate) -> str | None:
        try:
            mask = decode_mask(read_file(candidate.mask))
        except DataError:
            return None
        scale = min(1.0, _SIDE / max(mask.shape))
        shape = max(1, round(mask.shape[0] * scale)), max(1, round(mask.shape[1] * scale))
        return _data_uri("image/png", encode_png(self._coloured(resize_mask(mask, shape))))

    def _coloured(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        white = (255, 255, 255)  # ids that are no class
        table = np.array([*(class_rgb(index) for index in range(len(self.classes))), white], np.uint8)
        indices = self.lookup[mask]
        return table[np.where(indices < 0, len(self.classes), indices)]


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
