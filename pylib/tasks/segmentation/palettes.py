"""Whether the palettes of a set's masks agree, in what occurs in the masks."""

from collections.abc import Sequence

from pylib.data.colours import Colour, shown, voc_colour
from pylib.tasks.segmentation.readings import MaskFile


def disagreement(files: Sequence[MaskFile]) -> str | None:
    """Name two files in which one index has two colours, or one colour two indices; None where none do.

    Entries that no pixel of a file has do not count.
    """
    colours: dict[int, tuple[Colour | None, MaskFile]] = {}
    indices: dict[Colour, tuple[int, MaskFile]] = {}
    for one in files:
        for value in one.values.values.values():
            index, colour = value.own[0], value.seen
            before, other = colours.setdefault(index, (colour, one))
            if before != colour:
                return f"index {index} is {_named(before)} in {other.name} and {_named(colour)} in {one.name}"
            if colour is None:
                continue
            place, other = indices.setdefault(colour, (index, one))
            if place != index and not _both(colour, place, index, other, one):
                return f"{shown(colour)} is index {place} in {other.name} and {index} in {one.name}"
    return None


def follow_voc(files: Sequence[MaskFile]) -> bool:
    """Whether each index that occurs has the colour of VOC's palette, so that no editor has moved any."""
    return all(
        value.seen == voc_colour(value.own[0]) for one in files for value in one.values.values.values()
    )


def _both(colour: Colour, place: int, index: int, *files: MaskFile) -> bool:
    """Whether a palette gives both indices this colour: then it is no matter of their order."""
    return any(
        max(place, index) < len(one.values.palette)
        and one.values.palette[place] == one.values.palette[index] == colour
        for one in files
    )


def _named(colour: Colour | None) -> str:
    return "in no palette" if colour is None else shown(colour)
