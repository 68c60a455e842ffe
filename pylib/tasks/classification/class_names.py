"""Names of classes, as folders and tables give them: how they are compared, ordered and numbered."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from pylib.data.names import case_key, printable
from pylib.errors import ConfigurationError

_TEXT = 1 << 30


def plain(name: str) -> str:
    """A name as it is kept: composed (Unicode NFC), without spaces around it."""
    return unicodedata.normalize("NFC", name).strip()


def in_order(names: Iterable[str]) -> list[str]:
    """Names as people sort them: 2 before 10."""
    return sorted(set(names), key=lambda name: (_natural(name), name))


def check_distinct(names: Iterable[str]) -> None:
    """Raise ConfigurationError, one line, where names are told apart by case or by accents' bytes only."""
    by_key: dict[str, set[str]] = defaultdict(set)
    for name in names:
        by_key[case_key(name.strip())].add(name)
    for same in by_key.values():
        if len(same) > 1:
            shown = " and ".join(ascii(name) for name in sorted(same))
            raise ConfigurationError(
                f"classes {shown} differ by case or by the bytes of accents only: are they one? "
                "give both one name, or names that anybody can tell apart"
            )


def check_printable(names: Iterable[str]) -> None:
    """Raise ConfigurationError for a name that no report can show."""
    for name in names:
        if not name.strip() or not name.isprintable():
            raise ConfigurationError(
                f"class {name!a}: its name cannot be shown; rename it: {printable(name)}"
            )


def numbered_on(kept: dict[int, str], found: dict[int, str]) -> dict[int, str]:
    """Ids of all classes: a known name keeps its own, a new one the id that it comes with if that is free.

    Else it gets the next one, in the order of the ids that they come with.
    """
    numbers = dict(kept)
    known = {plain(name) for name in kept.values()}
    for number, name in sorted(found.items()):
        if plain(name) not in known:
            free = number not in numbers and not kept
            numbers[number if free else max(numbers, default=-1) + 1] = name
    return numbers


def _natural(name: str) -> list[tuple[int, str]]:
    """Digits as numbers, by how many there are and what they are, among which text comes last."""
    parts = re.findall(r"(\d+)|(\D+)", name)
    return [
        (len(number := digits.lstrip("0")), number) if digits else (_TEXT, text.casefold())
        for digits, text in parts
    ]
