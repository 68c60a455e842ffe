"""How a mask lies on an image that EXIF turns: as the upright picture is seen, or on the pixels as stored.

Cameras store what the sensor saw and say how to turn it. Some tools show the picture upright, others do not,
and masks were drawn in either. The shape tells which, but not for a square, a half turn or a mirror image.
Images are turned upright everywhere, by ingest, training and the server: only the mask may have to follow.
"""

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.data.containers import UPRIGHT
from pylib.data.findings import Finding, Rule, find
from pylib.data.images import Header, read_header, turn
from pylib.data.layout import Candidate, Reading
from pylib.errors import DataError

Mask = NDArray[np.uint8]
FINDINGS: dict[str, Rule] = {
    "mask-orientation": Rule(
        False,
        "Masks that fit their image turned and unturned",
        "look which reading is right and say it: --orientation exif (drawn on the upright picture) or stored",
        risk=True,
    ),
    "mask-turned": Rule(False, "Masks turned with their image", "nothing: they lie on the upright image now"),
}
_SAID: dict[Reading, str] = {"exif": "on the upright picture", "stored": "on the pixels as stored"}
SIDEWAYS = {5, 6, 7, 8}
_BACK = {6: 8, 8: 6}  # the others undo themselves


class Laid(NamedTuple):
    """A mask as it lies on the upright image; `other` is the other reading, where both are possible."""

    mask: Mask
    findings: tuple[Finding, ...] = ()
    other: Mask | None = None


def lay(mask: Mask, data: bytes, candidate: Candidate, shape: tuple[int, ...]) -> Laid:
    """Lay a mask, decoded from `data`, on its candidate's image, which is `shape` upright.

    What fits neither way comes back as it is, for its size to be refused. Raises DataError.
    """
    image, own = read_header(candidate.image), read_header(data)
    done = own.kind == "TIFF"  # its decoder has turned it already
    seen = mask if done else turn(mask, own.orientation)
    if image.orientation == own.orientation:
        return Laid(seen)
    stored = turn(
        turn(mask, _BACK.get(own.orientation, own.orientation)) if done else mask, image.orientation
    )
    readings: dict[Reading, Mask] = {"exif": seen, "stored": stored}
    fitting = {name: one for name, one in readings.items() if one.shape == shape}
    if len(fitting) == len(readings) and not np.array_equal(seen, stored):
        return _either(fitting, image, own, candidate)
    if "exif" in fitting:
        return Laid(seen)
    return Laid(stored, (_turned(image, candidate, "its shape tells"),)) if fitting else Laid(mask)


def with_reading(candidates: list[Candidate]) -> tuple[list[Candidate], list[str]]:
    """Let those whose shape tells decide, where they agree, how the others are read; and a sentence of it."""
    told = Counter(reading for one in candidates if (reading := _told(one)))
    if not told["stored"] or told["exif"]:
        return candidates, []
    sentence = (
        f"{told['stored']} masks lie on the pixels as stored, as their shape tells, and so do the others"
    )
    return [replace(one, reading="stored") for one in candidates], [sentence]


def _either(readings: dict[Reading, Mask], image: Header, own: Header, candidate: Candidate) -> Laid:
    taken = candidate.reading
    if candidate.decided:
        asked = f"as --orientation {taken} asks"
        return Laid(readings[taken], (_turned(image, candidate, asked),) if taken == "stored" else ())
    turns = f"the image by {image.orientation}" + f", the mask by {own.orientation}" * (
        own.orientation != UPRIGHT
    )
    reason = f"EXIF turns {turns}, and the mask fits turned and unturned; read as drawn {_SAID[taken]}"
    other: Reading = "exif" if taken == "stored" else "stored"
    found = find("mask-orientation", candidate.id, reason, rules=FINDINGS)
    return Laid(readings[taken], (found,), readings[other])


def _turned(image: Header, candidate: Candidate, why: str) -> Finding:
    turned = f"turned with the image by EXIF orientation {image.orientation}"
    reason = f"it lies on the pixels as stored, {why}; {turned}"
    return find("mask-turned", candidate.id, reason, rules=FINDINGS)


def _told(candidate: Candidate) -> Reading | None:
    """How the shape says that a mask lies; None where it says nothing."""
    try:
        image = read_header(candidate.image)
        if image.orientation not in SIDEWAYS or image.width == image.height:
            return None
        mask = read_header(candidate.source)
    except DataError:
        return None
    size, mask_size = (image.width, image.height), (mask.width, mask.height)
    if image.kind == "TIFF":
        size = size[::-1]  # its decoder gives the upright size
    if mask.orientation != UPRIGHT or mask_size not in {size, size[::-1]}:
        return None
    return "stored" if mask_size == size else "exif"
