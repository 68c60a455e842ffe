"""Numbers as Go's strconv.ParseFloat reads them, which decides what a metric is."""

import re

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_HEX = re.compile(r"[+-]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][+-]?\d+", re.ASCII)
_NAMED = re.compile(r"nan|[+-]?inf(inity)?", re.IGNORECASE)


def parse_float(text: str) -> float | None:
    """The number, nan and infinities too; None where Go gives an error, for instance of an empty text."""
    try:
        if _HEX.fullmatch(text):
            return float.fromhex(text)
        if not (_DECIMAL.fullmatch(text) or _NAMED.fullmatch(text)):
            return None
        value = float(text)
    except (ValueError, OverflowError):
        return None
    out_of_range = value in {float("inf"), float("-inf")} and not _NAMED.fullmatch(text)
    return None if out_of_range else value
