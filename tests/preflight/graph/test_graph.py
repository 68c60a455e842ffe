"""The picture of a cluster: what needs what, no box over another, no arrow through a box, the same bytes."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.graph.boxes import Box, boxes, merged
from preflight.graph.drawing import svg
from preflight.graph.layout import HEIGHT, WIDTH, Placed, layout
from preflight.graph.needs import essential, needs
from preflight.render.cluster import Render, Unchecked
from preflight.render.resources import Origin
from preflight.render.sources import Source
from tests.preflight.conftest import application

RenderOf = Callable[..., Render]
SVG = "{http://www.w3.org/2000/svg}"

FOUNDATIONS = """
apiVersion: v1
kind: Namespace
metadata: {name: mesh}
"""
MESH = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gateways.mesh.io}
spec: {group: mesh.io, names: {kind: Gateway}}
---
apiVersion: v1
kind: Service
metadata: {name: proxy, namespace: mesh}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: proxy, namespace: mesh}
spec:
  template:
    spec: {containers: [{name: a, image: "mesh/proxy:1.29.0"}, {name: b, image: "mesh/pilot:1.29.0"}]}
"""
WEB = """
apiVersion: mesh.io/v1
kind: Gateway
metadata: {name: web}
spec: {host: "<&>"}
"""
CLIENT = """
apiVersion: v1
kind: ConfigMap
metadata: {name: client}
data: {address: "http://proxy.mesh.svc:80/x"}
"""


def together(*parts: Render) -> Render:
    return Render(
        "local",
        parts[0].tree,
        {name: each for part in parts for name, each in part.applications.items()},
        [each for part in parts for each in part.resources],
    )


@pytest.fixture
def cluster(render_of: RenderOf) -> Render:
    return together(
        render_of(FOUNDATIONS, application_name="namespaces", wave=0),
        render_of(MESH, application_name="mesh", wave=1, upstream=True),
        render_of(WEB, application_name="web", wave=3),
        render_of(CLIENT, application_name="client", wave=5),
    )


def test_needs_are_read_from_the_render(cluster: Render) -> None:
    assert needs(cluster) == {
        ("mesh", "namespaces"): {"namespace"},
        ("web", "mesh"): {"definition"},
        ("client", "mesh"): {"service"},
    }


def test_what_follows_from_other_needs_is_not_drawn() -> None:
    edges = {("a", "b"): {"service"}, ("b", "c"): {"service"}, ("a", "c"): {"namespace"}}
    assert set(essential(edges)) == {("a", "b"), ("b", "c")}


def test_those_that_need_each_other_keep_their_arrows() -> None:
    edges = {
        ("a", "b"): {"service"},
        ("b", "a"): {"service"},
        ("a", "c"): {"namespace"},
        ("b", "c"): {"namespace"},
    }
    assert set(essential(edges)) >= {("a", "b"), ("b", "a")}
    assert {used for _, used in essential(edges)} >= {"c"}


def test_a_chart_is_part_of_the_application_that_brings_it(cluster: Render) -> None:
    chart = Source("https://github.com/a/b", "chart", "chart-v2.12.2")
    child = application("server", wave=3, owner="web", sources=(chart,), made_by_set=False)
    both = replace(cluster, applications={**cluster.applications, "server": child})
    web = next(box for box in boxes(both) if box.name == "web")
    assert (web.version, len(boxes(both))) == ("v2.12.2", 4)
    assert merged({("client", "server"): {"service"}}, both) == {("client", "web"): {"service"}}


def test_a_box_counts_and_names_the_main_version(cluster: Render) -> None:
    found = {box.name: (box.objects, box.version) for box in boxes(cluster)}
    assert found == {"namespaces": (1, ""), "mesh": (3, "1.29.0"), "web": (1, ""), "client": (1, "")}


def test_without_images_the_version_is_upstreams(cluster: Render) -> None:
    origin = Origin("kubeflow/dist@26.03:roles.yaml", upstream=True)
    roles = [replace(each, origin=origin) for each in cluster.resources if each.application == "web"]
    [web] = [box for box in boxes(replace(cluster, resources=roles)) if box.name == "web"]
    assert web.version == "26.03"


def test_the_picture_is_well_formed_and_names_everything(cluster: Render) -> None:
    image = ET.fromstring(svg(cluster))
    texts = {"".join(each.itertext()).strip() for each in image.iter(f"{SVG}text")}
    assert texts >= {
        "local",
        "4 applications, 6 objects, 1 CRDs",
        "mesh",
        "3 objects, 1.29.0",
        "web",
        "client",
    }
    titles = {each.text for each in image.iter(f"{SVG}title")}
    assert "web needs its kinds of object from mesh" in titles


def test_the_same_render_gives_the_same_bytes(cluster: Render) -> None:
    turned = replace(
        cluster,
        applications=dict(reversed(cluster.applications.items())),
        resources=list(reversed(cluster.resources)),
    )
    assert svg(cluster) == svg(turned)


def test_what_was_not_rendered_is_drawn_so(cluster: Render) -> None:
    text = svg(replace(cluster, unchecked=[Unchecked("web", "no network")]))
    assert "not rendered" in text
    assert "1 not rendered" in text


columns = st.dictionaries(st.integers(0, 5), st.integers(1, 9), min_size=1)


@given(columns, st.data())
def test_no_box_covers_another_and_no_arrow_crosses_a_box(sizes: dict[int, int], data: st.DataObject) -> None:
    made = [
        Box(f"{wave}-{number}", wave, "set", "platform", 1, "", missing=False)
        for wave, count in sizes.items()
        for number in range(count)
    ]
    names = st.sampled_from([box.name for box in made])
    edges = data.draw(
        st.dictionaries(st.tuples(names, names).filter(lambda e: e[0] != e[1]), st.just({"service"}))
    )
    drawn = layout(made, edges)
    assert {each.box for each in drawn.boxes} == set(made)
    for one in drawn.boxes:
        assert 0 <= one.x <= drawn.width - WIDTH
        assert 0 <= one.y <= drawn.height - HEIGHT
        assert not any(other is not one and covers(one, other) for other in drawn.boxes)
    for arrow in drawn.arrows:
        straight = re.search(r" ([\d.]+) ([\d.]+) L([\d.]+) ([\d.]+) ", arrow.path)
        if straight:
            x, y, to_x, to_y = map(float, straight.groups())
            assert y == to_y
            assert not any(x <= box.x <= to_x and box.y < y < box.y + HEIGHT for box in drawn.boxes)


def covers(one: Placed, other: Placed) -> bool:
    return abs(one.x - other.x) < WIDTH and abs(one.y - other.y) < HEIGHT


def test_our_own_pictures_are_there() -> None:
    docs = Path(__file__).parents[3] / "docs"
    for name in ("local", "gpu"):
        image = ET.parse(docs / f"cluster-{name}.svg").getroot()
        assert "not rendered" not in "".join(image.itertext())
