"""A small directed graph as a picture: a node a row, what it is made of below it, arcs at the left between.

Everything is placed here, so the page needs no script for it. Nodes are sorted so that each stands above what
it points to (Kahn 1962), as near to the given order as that allows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

WIDTH, GUTTER, LINE = 360, 48, 18
_PAD, _GAP, _LANE, LONGEST = 10, 16, 8, 39


@dataclass(frozen=True)
class Node:
    """A box: a title, lines below it, where it leads to, and whether it is `good`, `bad` or neither."""

    id: str
    title: str
    lines: Sequence[str] = ()
    href: str = ""
    state: str = ""

    @property
    def height(self) -> int:
        """Pixels."""
        return 2 * _PAD + LINE * (1 + len(self.lines)) - 4


@dataclass(frozen=True)
class Box:
    """A node in its place: pixels from the top, and its texts cut to the box's width."""

    node: Node
    top: int
    texts: Sequence[tuple[int, str]]


@dataclass(frozen=True)
class Picture:
    """All that a template draws: boxes, and arcs as paths of SVG."""

    boxes: list[Box]
    arcs: list[str]
    height: int
    width: int = WIDTH
    gutter: int = GUTTER
    box_width: int = WIDTH - GUTTER - 2


@dataclass
class Graph:
    """Nodes in the order in which they are wanted, and edges from each to what it is made of."""

    nodes: list[Node] = field(default_factory=list)
    edges: list[tuple[str, str]] = field(default_factory=list)

    def add(self, node: Node, *made_of: str) -> None:
        """Add a node, and edges to others, which may come later; an edge to none that comes is not drawn."""
        self.nodes.append(node)
        self.edges += [(node.id, other) for other in made_of]

    def picture(self) -> Picture:
        """Place it."""
        known = {node.id for node in self.nodes}
        edges = [(a, b) for a, b in dict.fromkeys(self.edges) if a in known and b in known and a != b]
        boxes, top = [], 2
        for node in _sorted(self.nodes, edges):
            texts = [
                (top + _PAD + 10 + LINE * row, _cut(text))
                for row, text in enumerate((node.title, *node.lines))
            ]
            boxes.append(Box(node, top, texts))
            top += node.height + _GAP
        return Picture(boxes, list(_arcs(boxes, edges)), top - _GAP + 4)


def _sorted(nodes: Sequence[Node], edges: Sequence[tuple[str, str]]) -> list[Node]:
    left, done = list(nodes), []
    while left:
        waiting = {node.id for node in left}
        free = [node for node in left if not any(b == node.id and a in waiting for a, b in edges)]
        taken = (free or left)[0]  # in a circle, which records of steps have none of, the first
        done.append(taken)
        left.remove(taken)
    return done


def _arcs(boxes: Sequence[Box], edges: Iterable[tuple[str, str]]) -> Iterable[str]:
    place = {box.node.id: row for row, box in enumerate(boxes)}
    spans = sorted(((place[a], place[b]) for a, b in edges), key=lambda span: span[1] - span[0])
    lanes: list[list[tuple[int, int]]] = []
    for start, end in spans:
        lane = next((number for number, taken in enumerate(lanes) if _free(taken, start, end)), len(lanes))
        lanes[lane : lane + 1] = [[*(lanes[lane] if lane < len(lanes) else []), (start, end)]]
        x = max(4, GUTTER - 12 - _LANE * lane)
        y, to = boxes[start].top + boxes[start].node.height - 14, boxes[end].top + 16
        yield f"M{GUTTER} {y}H{x + 6}Q{x} {y} {x} {y + 6}V{to - 6}Q{x} {to} {x + 6} {to}H{GUTTER - 1}"


def _free(taken: Iterable[tuple[int, int]], start: int, end: int) -> bool:
    return all(end <= first or last <= start for first, last in taken)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
