"""Small charts as SVG text, for notebooks: bars by name, a histogram, a map of points by group."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pylib.data.images import encode_png
from pylib.palette import class_colour

_THUMB = 32
"""Pixels of a side of a picture on a map, with its frame."""
_PAIR, _LONGEST = 44, 48  # pixels of a pair of bars with its name, characters of that
_STYLE = 'xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12"'


def bars(counts: Mapping[str, float], *, width: int = 480) -> str:
    """A bar for each name, as long as its count."""
    most, left = max([*counts.values(), 1]), 140
    lines = [
        f'<text x="{left - 6}" y="{20 * row + 15}" text-anchor="end">{escape(name[:20])}</text>'
        f'<rect x="{left}" y="{20 * row + 4}" width="{(width - left - 60) * count / most:.1f}" height="14" '
        f'fill="#0072B2"/><text x="{width - 55}" y="{20 * row + 15}">{count:g}</text>'
        for row, (name, count) in enumerate(counts.items())
    ]
    return f"<svg {_size(width, 20 * len(counts) + 8)}>{''.join(lines)}</svg>"


def paired_bars(shares: Mapping[str, tuple[float, float]], *, width: int = 340) -> str:
    """Two bars for each name, as long as its share, 0..1, of the reference (grey) and of what is compared.

    A name stands above its bars, so that all fits a phone.
    """
    scale = (width - 60) / max([*(share for pair in shares.values() for share in pair), 1e-9])
    lines = [
        f'<text x="0" y="{_PAIR * row + 14}">{escape(name[:_LONGEST])}</text>'
        + _bar(0, _PAIR * row + 15, scale, pair[0], "#999999")
        + _bar(0, _PAIR * row + 25, scale, pair[1], "#0072B2")
        for row, (name, pair) in enumerate(shares.items())
    ]
    return f"<svg {_size(width, _PAIR * len(shares) + 8)}>{''.join(lines)}</svg>"


def _size(width: float, height: float) -> str:
    """What an SVG says of itself: pixels, and by viewBox that a page may draw it smaller, as a whole."""
    return f'{_STYLE} width="{width}" height="{height}" viewBox="0 0 {width} {height}"'


def _bar(left: float, top: float, scale: float, share: float, colour: str) -> str:
    length = scale * share
    return (
        f'<rect x="{left}" y="{top + 4}" width="{length:.1f}" height="9" fill="{colour}"/>'
        f'<text x="{left + length + 4:.1f}" y="{top + 12}" font-size="10">{share:.1%}</text>'
    )


def histogram(values: NDArray[np.floating], *, bins: int = 10) -> str:
    """How many values lie in each of so many ranges of the same width."""
    counts, edges = np.histogram(values, bins=bins)
    names = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges)]
    return bars(dict(zip(names, map(int, counts), strict=True)))


def scatter(
    points: NDArray[np.floating],
    groups: Sequence[str],
    ids: Sequence[str],
    pictures: NDArray[np.uint8],
    *,
    side: int = 640,
) -> str:
    """Points [N, 2], coloured by group, with pictures uint8 [N, S, S, 3]; the mouse shows ids.

    A picture that would lie over another is left out, and its point is a dot: so many images stay one page.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - low) / np.where(high > low, high - low, 1) * (side - 2 * _THUMB) + _THUMB
    names = sorted(set(groups))
    colour = {name: class_colour(number) for number, name in enumerate(names)}
    shown = _apart(scaled)
    marks = [
        (_framed(x, y, colour[group], pictures[number]) if number in shown else _dot(x, y, colour[group]))
        + f"<title>{escape(f'{each} {group}')}</title></g>"
        for number, ((x, y), group, each) in enumerate(zip(scaled.tolist(), groups, ids, strict=True))
    ]
    legend = [
        f'<text x="{side + 8}" y="{20 * row + 20}" fill="{colour[name]}">● {escape(name)}</text>'
        for row, name in enumerate(names)
    ]
    height = max(side, 20 * len(names) + 20)
    return f"<svg {_size(side + 200, height)}>{''.join([*marks, *legend])}</svg>"


def _apart(places: NDArray[np.floating]) -> set[int]:
    """Which of the places [N, 2] can have a picture that covers no earlier one."""
    shown: list[int] = []
    for number, place in enumerate(places):
        if not shown or (np.abs(places[shown] - place).max(axis=1) >= _THUMB).all():
            shown.append(number)
    return set(shown)


def _dot(x: float, y: float, colour: str) -> str:
    return f'<g><circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}" fill-opacity="0.7"/>'


def _framed(x: float, y: float, colour: str, picture: NDArray[np.uint8]) -> str:
    data = base64.b64encode(encode_png(np.ascontiguousarray(picture))).decode()
    side, left, top = _THUMB - 4, x - _THUMB / 2 + 2, y - _THUMB / 2 + 2
    at = f'x="{left:.1f}" y="{top:.1f}" width="{side}" height="{side}"'
    return (
        f'<g><image {at} href="data:image/png;base64,{data}"/>'
        f'<rect {at} fill="none" stroke="{colour}" stroke-width="3"/>'
    )
