"""Small charts as SVG text, for notebooks: bars by name, a histogram, a map of points by group."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pylib.palette import class_colour

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
    return f'<svg {_STYLE} width="{width}" height="{20 * len(counts) + 8}">{"".join(lines)}</svg>'


def histogram(values: NDArray[np.floating], *, bins: int = 10) -> str:
    """How many values lie in each of so many ranges of the same width."""
    counts, edges = np.histogram(values, bins=bins)
    names = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges)]
    return bars(dict(zip(names, map(int, counts), strict=True)))


def scatter(
    points: NDArray[np.floating], groups: Sequence[str], ids: Sequence[str], *, side: int = 480
) -> str:
    """Points [N, 2], coloured by group; a point tells its id under the mouse."""
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - low) / np.where(high > low, high - low, 1) * (side - 20) + 10
    names = sorted(set(groups))
    colour = {name: class_colour(number) for number, name in enumerate(names)}
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour[group]}" fill-opacity="0.7">'
        f"<title>{escape(f'{each} {group}')}</title></circle>"
        for (x, y), group, each in zip(scaled.tolist(), groups, ids, strict=True)
    ]
    legend = [
        f'<text x="{side + 8}" y="{20 * row + 20}" fill="{colour[name]}">● {escape(name)}</text>'
        for row, name in enumerate(names)
    ]
    height = max(side, 20 * len(names) + 20)
    return f'<svg {_STYLE} width="{side + 200}" height="{height}">{"".join([*dots, *legend])}</svg>'
