"""Where masks of a set, each sound by itself, say contrary things: then the whole set is refused."""

from collections.abc import Mapping, Sequence

from pylib.data.classes import IGNORE, VOID
from pylib.data.colours import Colour, shown
from pylib.data.layout import Layout
from pylib.data.samples import BYTE
from pylib.errors import DataError
from pylib.tasks.segmentation.mask_files import Storage
from pylib.tasks.segmentation.readings import WHITE, MaskFile, Reading

Files = Sequence[MaskFile]
Chosen = Mapping[Storage, Reading]
BLACK: Colour = (0, 0, 0)
COLOURS_FIX = "give each class its color in classes.yaml, as in 1: {name: cat, color: [64, 0, 0]}"
_WHITE_FIX = (
    "name it, as in --classes 0=background,255=object, or where the commit has other ids give the object "
    "that color in classes.yaml, as in 1: {name: object, color: 255}"
)


def check_levels(group: Files, reading: Reading, known: set[int]) -> None:
    """Refuse masks of nothing but black and white, where white is no class.

    Those of fewer bits beside them may have been the same, and say 1 for it.
    """
    group = [one for one in group if one.values.bits >= BYTE] or group
    found = {number for one in group for number in _ids(one, reading)}
    if found == {0, VOID} and VOID not in known:
        name = next(one.name for one in group if not reading.covers(one.values, {0}))
        raise DataError(
            f"masks: {name} and the others hold 0 and 255 alone, and 255 is no class: {_WHITE_FIX}"
        )


def check_numbers(files: Files, chosen: Chosen, classes: Mapping[int, str], layout: Layout) -> None:
    """Refuse ids whose meaning two places give otherwise, or that two people wrote in two ways."""
    named = layout.asked or layout.class_names or {}
    if 0 in classes and named.get(VOID) is None and classes.get(VOID) == IGNORE:
        _check_white(files, chosen)
    numbers = {name: number for number, name in (layout.class_names or {}).items() if name != IGNORE}
    for number, name in classes.items():
        if numbers.get(name, number) != number and (one := _by_number(files, chosen)):
            raise DataError(
                f"masks: {one.name} and others are read by their ids, and {name} is {numbers[name]} in the "
                f"source's own list and {number} in the data set's: {COLOURS_FIX}, or draw them with its ids"
            )


def check_across(files: Files, chosen: Chosen) -> None:
    """Refuse a colour that is one class in palettes and another in masks of another kind."""
    _check_black_and_white(files, chosen)
    seen: dict[Colour, tuple[int, MaskFile]] = {}
    for one in (one for one in files if one.values.storage != "grey"):
        for value in one.values.values.values():
            number = chosen[one.values.storage].id_of(value)
            if number is None or value.seen is None or number == VOID:
                continue
            before, other = seen.setdefault(value.seen, (number, one))
            if before != number and other.values.storage != one.values.storage:
                raise DataError(
                    f"masks: {shown(value.seen)} is {before} in {other.name} and {number} in {one.name}: "
                    f"{COLOURS_FIX}"
                )


def _check_white(files: Files, chosen: Chosen) -> None:
    """Refuse masks of 0 and 255 alone beside others of 0 and classes, where none has both.

    One alone may be an image that shows nothing, with pixels that are ignored: it is named as empty.
    """
    ids = [(one, _ids(one, chosen[one.values.storage])) for one in files if one.values.bits >= BYTE]
    white = [one for one, found in ids if found == {0, VOID}]
    drawn = next((one for one, found in ids if found - {0, VOID, None} and VOID not in found), None)
    if len(white) > 1 and drawn and not any(VOID in found and found - {0, VOID} for _, found in ids):
        raise DataError(
            f"masks: {white[0].name} holds 0 and 255 alone, {drawn.name} has classes and no 255: save all "
            "alike if 255 is the object there, or say 255=ignore in --classes or classes.yaml if it is none"
        )


def _check_black_and_white(files: Files, chosen: Chosen) -> None:
    """Refuse palettes that show 0 white, or 1 black, beside grey masks of one bit, in which 1 is white."""
    grey = next((one for one in files if one.values.storage == "grey" and one.values.bits == 1), None)
    for one in (one for one in files if grey and one.values.storage == "palette"):
        ids = {value.seen: chosen["palette"].id_of(value) for value in one.values.values.values()}
        if grey and not chosen["grey"].by_colour and (ids.get(WHITE) == 0 or ids.get(BLACK) == 1):
            raise DataError(
                f"masks: the palette of {one.name} shows 0 white or 1 black, and in {grey.name}, of one bit,"
                f" 1 is white: save all alike, or {COLOURS_FIX}"
            )


def _by_number(files: Files, chosen: Chosen) -> MaskFile | None:
    return next((one for one in files if not chosen[one.values.storage].by_colour), None)


def _ids(one: MaskFile, reading: Reading) -> set[int | None]:
    return {reading.id_of(value) for value in one.values.values.values()}
