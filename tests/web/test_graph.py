"""The graph of an explanation: what stands where, whatever points to what."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pylib.provenance.explain import Explanation, Image, Mismatch, Step
from pylib.web.explain_graph import of_explanation
from pylib.web.graph import GUTTER, LONGEST, Graph, Node

NAMES = st.sampled_from("abcdefgh")


@given(st.sets(st.tuples(NAMES, NAMES), max_size=30))
def test_each_node_stands_above_what_it_is_made_of(pairs):
    edges = {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}
    graph = Graph()
    for name in "hgfedcba":
        graph.add(Node(name, name), *(b for a, b in edges if a == name))
    picture = graph.picture()
    place = {box.node.id: row for row, box in enumerate(picture.boxes)}
    assert sorted(place) == list("abcdefgh")
    assert all(place[a] < place[b] for a, b in edges)
    assert len(picture.arcs) == len(edges)
    tops = [box.top for box in picture.boxes]
    bottoms = [box.top + box.node.height for box in picture.boxes]
    assert all(bottom < top for bottom, top in zip(bottoms, tops[1:], strict=False))
    assert picture.height > bottoms[-1]
    for arc in picture.arcs:
        assert all(0 < int(number) <= GUTTER for number in re.findall(r"H(\d+)", arc))


def test_a_circle_and_an_edge_to_nothing_are_drawn_as_far_as_they_go():
    graph = Graph()
    graph.add(Node("a", "a"), "b", "nothing")
    graph.add(Node("b", "b"), "a")
    assert [box.node.id for box in graph.picture().boxes] == ["a", "b"]


def test_long_texts_are_cut():
    graph = Graph()
    graph.add(Node("a", "a" * 100, ["b" * 100]))
    assert {len(text) for _, text in graph.picture().boxes[0].texts} == {LONGEST}


def step(name, inputs, outputs):
    return Step(name, "2026-01-01T00:00:00", 1.0, {}, inputs, f"{'1' * 40}", {}, outputs)


def test_steps_are_joined_by_what_they_made_and_took():
    steps = [
        step("evaluate", {"model": "dirHash:m", "shards": "dirHash:s"}, {"evaluation": "dirHash:e"}),
        step("train", {"shards": "dirHash:s x"}, {"model": "dirHash:m", "model/model.onnx": "sha256:o"}),
        step("prepare", {"data": "pets@1"}, {"shards": "dirHash:s"}),
        step("ingest", {}, {"pets": "dirHash:p"}),
    ]
    found = Explanation("o", "pets@1", steps, [Image("a", "0" * 64)])
    graph = of_explanation(found, "", {}, lambda path: path)
    assert set(graph.edges) == {
        ("model", "train"),
        ("evaluate", "model"),
        ("evaluate", "prepare"),
        ("train", "prepare"),
        ("prepare", "data"),
        ("data", "ingest"),
        ("data", "images"),
    }
    states = {box.node.id: box.node.state for box in graph.picture().boxes}
    assert (states["model"], states["images"]) == ("good", "good")


def test_what_does_not_match_or_was_not_checked_is_not_green():
    wrong = Explanation("o", "pets@1", [], [Image("a", "0" * 64)], mismatches=[Mismatch("a", "1", "2")])
    unknown = Explanation("o", "pets@1", [], [Image("a", "0" * 64)], unchecked="not here")
    for found, state in ((wrong, "bad"), (unknown, "")):
        nodes = {node.id: node for node in of_explanation(found, "", {}, lambda path: path).nodes}
        assert nodes["images"].state == state
