"""What the values of a set's masks mean, decided once for the whole set.

Editors rewrite palettes, optimisers change depths, and a file alone says nothing of it. So it is the index or
the value as it is stored, where all files agree on what it stands for; the colour or the grey level that a
person sees, where they do not, or where colours are given, and values are some class's; else it is refused.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pylib.data.classes import IGNORE, VOID
from pylib.data.colours import Colour, voc_colours
from pylib.data.samples import BYTE
from pylib.errors import DataError
from pylib.tasks.segmentation.contradictions import COLOURS_FIX, check_across, check_levels
from pylib.tasks.segmentation.kept_colours import Kept, ambiguity, contradiction, unambiguous
from pylib.tasks.segmentation.mask_files import Storage
from pylib.tasks.segmentation.palettes import disagreement, follow_voc
from pylib.tasks.segmentation.readings import (
    INDEX,
    SEEN,
    STORED,
    Colours,
    MaskFile,
    Reading,
    all_cover,
    best,
    by_colour,
    by_stored_colour,
)

Files = Sequence[MaskFile]
_KEPT = "as in the commit that they are added to"


def given_colours(classes: Mapping[int, str], colours: Mapping[Colour, str]) -> Colours:
    """The ids of colours by the names that they were given, however those are written."""
    ids = {_plain(name): number for number, name in classes.items()}
    ids |= {name: number for number, name in classes.items()}
    found = {colour: ids.get(name, ids.get(_plain(name))) for colour, name in colours.items()}
    return {colour: number for colour, number in found.items() if number is not None}


def choose(
    files: Files, classes: Mapping[int, str], given: Colours, kept: Kept = MappingProxyType({})
) -> dict[Storage, Reading]:
    """The reading of each way to store a mask that occurs; raises DataError, which names the files.

    `kept` are the colours of the commit to which these masks are added.
    """
    known = set(classes) if _is_class(VOID, classes) else set(classes) - {VOID}
    given = {**unambiguous(kept), **given} if given else given
    chooser = _Chooser(known, given, voc_colours(classes), kept, files)
    by_storage = {"grey": chooser.grey, "palette": chooser.palette, "colour": chooser.coloured}
    chosen: dict[Storage, Reading] = {}
    for storage in dict.fromkeys(one.values.storage for one in files):
        group = [one for one in files if one.values.storage == storage]
        chosen[storage] = by_storage[storage](group)
        check_levels(group, chosen[storage], known)
    check_across(files, chosen)
    return chosen


def described(files: Files, chosen: Mapping[Storage, Reading]) -> Iterator[str]:
    """Say how masks were read, a sentence for each way to store them."""
    for storage, reading in chosen.items():
        group = [one for one in files if one.values.storage == storage]
        depths = sorted({one.values.bits for one in group})
        bits = " and ".join(map(str, depths))
        yield f"{storage} masks: {len(group)} of {bits} bits, by {reading.name}"


@dataclass(frozen=True)
class _Chooser:
    """`known` are the ids of classes, `given` and `voc` ids by colour, `files` those of all storages.

    `kept` are the parent commit's colours by id.
    """

    known: set[int]
    given: Colours
    voc: Colours
    kept: Kept
    files: Files

    def grey(self, group: Files) -> Reading:
        """As given or kept; else as stored, which other than with 8 bits no viewer shows; else as shown."""
        colours = [by_stored_colour(self.given), by_colour(self.given, "as given")] if self.given else []
        if self.kept and not self.given:
            colours = [by_stored_colour(unambiguous(self.kept), _KEPT), self._as_kept]
        reading = best([*colours, STORED, SEEN], group, self.known | {VOID})
        scaled = [one for one in group if _differ(one)]
        plain = next((one for one in group if one.values.bits == BYTE and one not in scaled), None)
        if reading is STORED and scaled and plain and all_cover(SEEN, scaled, self.known - {VOID}):
            raise DataError(
                f"masks: {scaled[0].name} has {scaled[0].values.bits} bits and {plain.name} 8, and both what"
                f" it stores and what a viewer shows are class ids: save all with 8 bits"
            )
        return reading

    def coloured(self, group: Files) -> Reading:
        """As given, or as VOC has it by name; else grey values in three channels."""
        given = [by_colour(self.given, "as given"), by_stored_colour(self.given)] if self.given else []
        if not self.given and (both := ambiguity(group, self.kept)):
            raise DataError(f"masks: {both}: {COLOURS_FIX}")
        kept = [self._as_kept] if self.kept and not self.given else []
        beside = {} if self.given or kept else self._of_palettes
        palettes = [by_colour(beside, "as in the palettes")] if beside else []
        voc = [self._by_voc] if self.voc and not self.given and self._may_be_vocs(group) else []
        return best([*given, *kept, *palettes, *voc, STORED, SEEN], group, self.known | {VOID})

    @property
    def _of_palettes(self) -> Colours:
        """The ids by colour of palettes beside, where those agree on them."""
        group = [one for one in self.files if one.values.storage == "palette"]
        if disagreement(group):
            return {}
        values = (value for one in group for value in one.values.values.values())
        return {value.seen: value.own[0] for value in values if value.seen and value.own[0] in self.known}

    @property
    def _by_voc(self) -> Reading:
        return by_colour(self.voc, "VOC's by name")

    def _may_be_vocs(self, group: Files) -> bool:
        """Whether VOC's colours by name contradict neither what is kept nor an index that is a class.

        An index says something of itself where a file's palette is VOC's, so that no editor has moved it.
        """
        kept = unambiguous(self.kept)
        for one in group:
            told = one.values.storage == "palette" and follow_voc([one])
            for value in one.values.values.values():
                number = self._by_voc.id_of(value)
                own = INDEX.id_of(value) if told else None
                if value.seen and kept.get(value.seen, number) != number:
                    return False
                if own in self.known and number not in (own, None):
                    return False
        return True

    @property
    def _as_kept(self) -> Reading:
        void = None if VOID in self.known else VOID
        return by_colour(unambiguous(self.kept), _KEPT, void=void)

    def palette(self, group: Files) -> Reading:
        """As given; else the index where palettes agree; else the colour or the grey level."""
        conflict = disagreement(group) or contradiction(group, self.kept)
        known = self.known | {VOID}
        if self.given:
            coloured = by_colour(self.given, "as given", void=None if VOID in self.known else VOID)
            indices = [] if conflict or self._contradicts(group) else [INDEX]
            return best([coloured, *indices], group, known)
        if self.kept and conflict and all_cover(self._as_kept, group, known):
            return self._as_kept
        covered = sum(self._by_voc.covers(one.values, known) for one in group)
        least = len(group) / 2 if conflict else len(group)
        if self.voc and not follow_voc(group) and covered >= least and self._may_be_vocs(group):
            return self._by_voc
        if not conflict:
            return self._index_or_level(group)
        if all_cover(SEEN, group, self.known):
            return SEEN
        raise DataError(f"masks: palettes differ, {conflict}: {COLOURS_FIX}")

    def _contradicts(self, group: Files) -> bool:
        """Whether an index is a class, and the colour that it shows is given to another one."""
        values = (value for one in group for value in one.values.values.values())
        return any(
            value.seen and self.given.get(value.seen, INDEX.id_of(value)) != INDEX.id_of(value)
            for value in values
        )

    def _index_or_level(self, group: Files) -> Reading:
        """Palettes agree: the index, unless what is seen are ids too, of nearly black greys, and others."""
        reading = best([INDEX, SEEN], group, self.known | {VOID})
        moved = next((one for one in group if _differ(one)), None)
        if reading is SEEN or moved is None or not all_cover(SEEN, group, self.known - {VOID}):
            return reading
        if any(one.values.storage == "grey" for one in self.files):
            return SEEN
        raise DataError(
            f"masks: both the indices of {moved.name} and the grey levels that they show are class ids, and"
            f" not the same: save it as grey, or {COLOURS_FIX}"
        )


def _plain(name: str) -> str:
    """A name as people take it for the same: whatever its case, and however its accents are written."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def _is_class(number: int, classes: Mapping[int, str]) -> bool:
    return classes.get(number, IGNORE) != IGNORE


def _differ(one: MaskFile) -> bool:
    return any(STORED.id_of(value) != SEEN.id_of(value) for value in one.values.values.values())
