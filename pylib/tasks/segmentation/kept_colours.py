"""The colours by which masks show class ids, kept in a commit's index: what is added must mean the same."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from pylib.data.classes import VOID
from pylib.data.colours import Colour, shown
from pylib.tasks.segmentation.mask_files import Storage
from pylib.tasks.segmentation.readings import INDEX, WHITE, Colours, MaskFile, Reading

Kept = Mapping[int, Sequence[Colour]]
"""By class id, all colours that show it; empty where nobody can say, as for masks without palettes."""

_THERE = "the commit that it is added to"
_PLAIN = {(0, 0, 0), WHITE}


def ids_by_colour(kept: Kept) -> dict[Colour, set[int]]:
    """The ids of each colour; of VOID, which palettes filled up with black share with a class, none else."""
    ids: dict[Colour, set[int]] = defaultdict(set)
    for number, colours in kept.items():
        for colour in colours:
            ids[colour].add(number)
    return {colour: numbers - {VOID} or numbers for colour, numbers in ids.items()}


def unambiguous(kept: Kept) -> Colours:
    """The ids of those colours that show one id alone."""
    return {colour: min(ids) for colour, ids in ids_by_colour(kept).items() if len(ids) == 1}


def contradiction(files: Sequence[MaskFile], kept: Kept) -> str | None:
    """Name a file whose palette shows an id otherwise than the commit does; None where none do.

    Entries that no pixel of a file has do not count, nor does a colour that its palette has twice. Black and
    white are shown by masks of one bit too: whoever draws such an id in colour says nothing else of it.
    """
    ids = ids_by_colour(kept)
    for one in files:
        for value in one.values.values.values():
            index, colour = value.own[0], value.seen
            if index in kept and colour not in kept[index] and not _PLAIN.issuperset(kept[index]):
                named = "in no palette" if colour is None else shown(colour)
                return f"index {index} is {named} in {one.name} and {shown(kept[index][0])} in {_THERE}"
            others = ids.get(colour, set()) - {index} if colour and index != VOID else set()
            if colour and others and one.values.palette.count(colour) == 1:
                return f"{shown(colour)} is index {index} in {one.name} and {min(others)} in {_THERE}"
    return None


def ambiguity(files: Sequence[MaskFile], kept: Kept) -> str | None:
    """Name a file with a colour that stands for two ids in the commit; None where there is none."""
    ids = {colour: numbers for colour, numbers in ids_by_colour(kept).items() if len(numbers) > 1}
    for one in files:
        for value in one.values.values.values():
            if value.seen and (numbers := ids.get(value.seen)):
                both = " and ".join(map(str, sorted(numbers)))
                return f"{shown(value.seen)} of {one.name} stands for {both} in {_THERE}"
    return None


def unheld(files: Sequence[MaskFile], chosen: Mapping[Storage, Reading], kept: Kept | None) -> Iterator[str]:
    """Say that palettes were read by their index where the commit has no colours to hold them against."""
    if kept is not None and not kept and files and chosen.get("palette") is INDEX:
        yield "the commit that they are added to keeps no colours: nothing says that its ids were these"
