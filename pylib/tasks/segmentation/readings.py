"""Ways to make class ids of the values of a mask file; the whole set decides which is right (meaning)."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from pylib.data.colours import Colour, shown
from pylib.tasks.segmentation.mask_files import MaskValues, Value

Colours = Mapping[Colour, int]
_IDS = 256


@dataclass(frozen=True)
class Reading:
    """A way to read values: its name in a report, and the class id of a value, or None.

    `colour_of` is the colour by which a value shows its id, to be kept in the commit; None where it has none.
    """

    name: str
    id_of: Callable[[Value], int | None]
    by_colour: bool = False
    colour_of: Callable[[Value], Colour | None] = attrgetter("seen")

    def covers(self, values: MaskValues, known: set[int]) -> bool:
        """Whether every value of a file is one of the known ids."""
        return all(self.id_of(value) in known for value in values.values.values())


@dataclass(frozen=True)
class MaskFile:
    """A mask of the set, by its path as messages show it, and what is in it."""

    name: str
    values: MaskValues


@dataclass(frozen=True)
class SourceMask:
    """A mask's path, what is in it, and how it is read; None where it cannot be read."""

    path: Path
    values: MaskValues | None = None
    reading: Reading | None = None

    @property
    def ids(self) -> dict[int, int]:
        """Class ids, 0…255, by code; those that are missing mean nothing."""
        if self.reading is None or self.values is None:
            return {}
        found = {code: self.reading.id_of(value) for code, value in self.values.values.items()}
        return {code: number for code, number in found.items() if number is not None}

    @property
    def colours(self) -> dict[int, set[Colour]]:
        """The colours that show a class id in it."""
        found: dict[int, set[Colour]] = defaultdict(set)
        if self.reading is None or self.values is None:
            return {}
        one_bit = (self.values.storage, self.values.bits) == ("grey", 1)  # black and white, and no more
        colour_of = attrgetter("seen") if one_bit else self.reading.colour_of
        for code, number in self.ids.items():
            if colour := colour_of(self.values.values[code]):
                found[number].add(colour)
        return dict(found)

    @property
    def by_colour(self) -> bool:
        """Whether classes are told by colours."""
        return self.reading is not None and self.reading.by_colour

    @property
    def is_coloured(self) -> bool:
        """Whether a pixel of it has red, green and blue."""
        return self.values is not None and self.values.storage == "colour"

    @property
    def unknown(self) -> list[str]:
        """The values that mean nothing, as messages show them: colours where those are read, else numbers."""
        ids, values = self.ids, self.values.values if self.values else {}
        return [_name(value, self.by_colour) for code, value in values.items() if code not in ids]


def by_colour(colours: Colours, whose: str, *, void: int | None = None) -> Reading:
    """The colour that is seen, where a class has it; `whose` says in a report where that is from.

    void: an index that stands for no class whatever it shows
    """

    def id_of(value: Value) -> int | None:
        found = colours.get(value.seen) if value.seen else None
        return void if found is None and void is not None and value.own == (void,) else found

    return Reading(f"colour, {whose}", id_of, by_colour=True)


def by_stored_colour(colours: Colours, whose: str = "as given") -> Reading:
    """The colour or the grey level as it is stored, which of 16 bits nobody need have seen."""

    def colour_of(value: Value) -> Colour:
        red, green, blue = value.own * 3 if len(value.own) == 1 else value.own
        return red, green, blue

    name = f"colour as it is stored, {whose}"
    return Reading(name, lambda value: colours.get(colour_of(value)), by_colour=True, colour_of=colour_of)


def best(readings: Sequence[Reading], files: Sequence[MaskFile], known: set[int]) -> Reading:
    """The reading that covers most files; of equals, the first."""
    return max(readings, key=lambda one: sum(one.covers(file.values, known) for file in files))


def all_cover(reading: Reading, files: Sequence[MaskFile], known: set[int]) -> bool:
    """Whether every value of all files is one of the known ids."""
    return all(reading.covers(one.values, known) for one in files)


def _name(value: Value, colours: bool) -> str:
    if len(value.own) > 1 or (colours and value.seen):
        return shown(value.seen or (value.own[0], value.own[1], value.own[2]))
    return str(value.own[0])


def _stored(value: Value) -> int | None:
    same = len(set(value.own)) == 1 and value.own[0] < _IDS
    return value.own[0] if same else None


def _level(value: Value) -> int | None:
    return value.seen[0] if value.seen and len(set(value.seen)) == 1 else None


def _no_colour(_: Value) -> Colour | None:
    """Grey values that are ids: what they look like says nothing."""
    return None


WHITE: Colour = (255, 255, 255)
STORED = Reading("the values that they store", _stored, colour_of=_no_colour)
INDEX = Reading("index", _stored)
SEEN = Reading("the grey level that is seen, 0…255", _level, colour_of=_no_colour)
