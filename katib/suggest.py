"""Did you mean: the known name that a misspelt one is closest to."""

from collections.abc import Iterable
from difflib import get_close_matches

LISTED = 6


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The likely fix as the end of a sentence; where nothing is near, what is known, if that is short."""
    names = sorted(set(known))
    by_lower = {each.lower(): each for each in reversed(names)}
    near = get_close_matches(name.lower(), by_lower, n=1)
    if near:
        return f"; did you mean {by_lower[near[0]]}?"
    return f"; known are {', '.join(names)}" if 0 < len(names) <= LISTED else ""
