"""Did you mean: the known name that a misspelt one is closest to."""

from collections.abc import Iterable
from difflib import get_close_matches

LIKENESS = 0.6
SHORTEST = 3  # letters, of a name that another begins with
LISTED = 6


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The likely fix as the end of a sentence; where nothing is near, what is known, if that is short."""
    near = closest(name, known)
    if near:
        return f"; did you mean {near}?"
    names = sorted(set(known))
    return f"; known are {', '.join(names)}" if 0 < len(names) <= LISTED else ""


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that is closest, whatever the case of its letters; empty where none is near."""
    by_lower = {each.lower(): each for each in sorted(set(known), reverse=True)}
    lower = name.lower()
    near = get_close_matches(lower, by_lower, n=1, cutoff=LIKENESS)
    near += [each for each in by_lower if min(len(each), len(lower)) >= SHORTEST and _begins(each, lower)]
    return by_lower[near[0]] if near else ""


def _begins(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
