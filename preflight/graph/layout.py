"""Where each application and each arrow stands in the picture, in pixels."""

from collections import defaultdict
from dataclasses import dataclass

from preflight.graph.boxes import Box
from preflight.graph.needs import Needs

WIDTH, HEIGHT = 176, 46
ACROSS, DOWN = 84, 16  # between columns, and between boxes
LEFT, TOP = 24, 96
CLEAR = DOWN / 2  # how far an arrow that passes a box stays from it: just so far that it passes between two


@dataclass(frozen=True)
class Placed:
    """A box with its upper left corner."""

    box: Box
    x: float
    y: float

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return self.y + HEIGHT / 2


@dataclass(frozen=True)
class Arrow:
    """A need, drawn from what is needed to what needs it, as an SVG path."""

    user: str
    used: str
    reason: str
    path: str


@dataclass(frozen=True)
class Layout:
    """Everything with its place; columns are the waves, with the sets of each and its left edge."""

    width: int
    height: int
    columns: list[tuple[int, str, int]]
    boxes: list[Placed]
    arrows: list[Arrow]


def layout(boxes: list[Box], needs: Needs) -> Layout:
    """Waves as columns, each in the order in which its arrows cross least, centred."""
    waves: dict[int, list[Box]] = defaultdict(list)
    for box in boxes:
        waves[box.wave].append(box)
    tallest = max(len(column) for column in waves.values()) * (HEIGHT + DOWN) - DOWN
    placed: dict[str, Placed] = {}
    columns = []
    for position, wave in enumerate(sorted(waves)):
        x = LEFT + position * (WIDTH + ACROSS)
        columns.append((wave, ", ".join(sorted({box.owner for box in waves[wave]})), x))
        placed |= _column(_ordered(waves[wave], needs, placed), x, tallest)
    arrows = [_arrow(placed, user, used, reasons) for (user, used), reasons in sorted(needs.items())]
    width = 2 * LEFT + len(waves) * (WIDTH + ACROSS) - ACROSS
    return Layout(width, TOP + tallest + 64, columns, list(placed.values()), arrows)


def _ordered(column: list[Box], needs: Needs, placed: dict[str, Placed]) -> list[Box]:
    """By the mean height of what each needs; what needs nothing stands at the ends."""

    def height(box: Box) -> tuple[float, str]:
        used = [placed[name].middle for user, name in needs if user == box.name and name in placed]
        return (sum(used) / len(used) if used else float("inf"), box.name)

    return sorted(column, key=height)


def _column(column: list[Box], x: float, tallest: int) -> dict[str, Placed]:
    free = tallest - (len(column) * (HEIGHT + DOWN) - DOWN)
    return {
        box.name: Placed(box, x, TOP + free / 2 + position * (HEIGHT + DOWN))
        for position, box in enumerate(column)
    }


def _arrow(placed: dict[str, Placed], user: str, used: str, reasons: set[str]) -> Arrow:
    one, other = placed[used], placed[user]
    reason = next(each for each in ("definition", "service", "namespace") if each in reasons)
    return Arrow(user, used, reason, _path(one, other, list(placed.values())))


def _path(one: Placed, other: Placed, every: list[Placed]) -> str:
    """From the right side of `one` to the left side of `other`, around the boxes between them."""
    if one.x == other.x:
        return _beside(one, other)
    if one.x > other.x:
        return _curve(one.x, one.middle, other.x + WIDTH, other.middle)
    start, end = one.x + WIDTH, other.x
    between = [box for box in every if one.x < box.x < other.x]
    if not between:
        return _curve(start, one.middle, end, other.middle)
    lane = _free_lane(other.middle, between)
    first, last = min(box.x for box in between) - CLEAR, max(box.x for box in between) + WIDTH + CLEAR
    head, tail = _curve(start, one.middle, first, lane), _curve(last, lane, end, other.middle)
    return f"{head} L{tail.removeprefix('M')}"


def _free_lane(wanted: float, between: list[Placed]) -> float:
    """The height nearest to the wanted one at which no box stands."""
    limits = [(box.y - CLEAR, box.y + HEIGHT + CLEAR) for box in between]
    candidates = [wanted, *(edge for limit in limits for edge in limit)]
    free = (each for each in candidates if not any(low < each < high for low, high in limits))
    return min(free, key=lambda each: abs(each - wanted))


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    return f"M{x:g} {y:g} C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}"


def _beside(one: Placed, other: Placed) -> str:
    """Out on the right and back in, where both stand in one column."""
    x, out = one.x + WIDTH, one.x + WIDTH + ACROSS / 3
    return f"M{x:g} {one.middle:g} C{out:g} {one.middle:g} {out:g} {other.middle:g} {x:g} {other.middle:g}"
