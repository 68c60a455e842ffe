"""The colours by which masks show class ids, kept in a commit's index: what is added must mean the same."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pylib.data.colours import Colour, shown
from pylib.tasks.segmentation.mask_files import Storage
from pylib.tasks.segmentation.readings import INDEX, Colours, MaskFile, Reading

Kept = Mapping[int, Sequence[Colour]]
"""By class id, all colours that show it; empty where nobody can say, as for masks without palettes."""

_THERE = "the commit that it is added to"


def unambiguous(kept: Kept) -> Colours:
    """The ids of those colours that show one id alone."""
    ids = _ids_of(kept)
    return {colour: min(numbers) for colour, numbers in ids.items() if len(numbers) == 1}


def contradiction(files: Sequence[MaskFile], kept: Kept) -> str | None:
    """Name a file whose palette shows an id otherwise than the commit does; None where none do.

    Entries that no pixel of a file has do not count, and neither does a colour that its palette has twice.
    """
    ids = _ids_of(kept)
    for one in files:
        for value in one.values.values.values():
            index, colour = value.own[0], value.seen
            if index in kept and colour not in kept[index]:
                named = "in no palette" if colour is None else shown(colour)
                return f"index {index} is {named} in {one.name} and {shown(kept[index][0])} in {_THERE}"
            others = ids.get(colour, set()) - {index} if colour else set()
            if colour and others and one.values.palette.count(colour) == 1:
                return f"{shown(colour)} is index {index} in {one.name} and {min(others)} in {_THERE}"
    return None


def to_keep(
    files: Iterable[MaskFile], chosen: Mapping[Storage, Reading], given: Colours, kept: Kept
) -> dict[int, list[Colour]]:
    """What the next commit knows: what was kept, what is given, and what palettes show if read by index."""
    pairs = {(number, colour) for number, colours in kept.items() for colour in colours}
    pairs |= {(number, colour) for colour, number in given.items()}
    for one in files:
        if chosen[one.values.storage] is INDEX:
            values = one.values.values.values()
            pairs |= {(value.own[0], value.seen) for value in values if value.seen}
    found: dict[int, list[Colour]] = defaultdict(list)
    for number, colour in sorted(pairs):
        found[number].append(colour)
    return dict(found)


def _ids_of(kept: Kept) -> dict[Colour, set[int]]:
    ids: dict[Colour, set[int]] = defaultdict(set)
    for number, colours in kept.items():
        for colour in colours:
            ids[colour].add(number)
    return dict(ids)
