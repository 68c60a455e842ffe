"""The boxes of the picture: an application each, with the chart that its folder brings counted in."""

import re
from collections import Counter
from dataclasses import dataclass

from preflight.graph.needs import Needs
from preflight.render.applications import ROOT, Application
from preflight.render.cluster import Render
from preflight.render.versions import UPSTREAM, images, parsed

NUMBER = re.compile(r"v?\d+(?:\.\d+)+")


@dataclass(frozen=True)
class Box:
    """An application as it is drawn.

    owner: the set that makes it; objects: how many it brings; version: the main one, empty where all is ours
    missing: whether something of it could not be rendered
    """

    name: str
    wave: int
    owner: str
    project: str
    objects: int
    version: str
    missing: bool


def boxes(render: Render) -> list[Box]:
    """A box for each application of a set, by wave and name."""
    unrendered = {each.application for each in render.unchecked}
    found = []
    for application in render.applications.values():
        if application.name == ROOT or application.parent:
            continue
        parts = [
            application,
            *(each for each in render.applications.values() if each.parent == application.name),
        ]
        names = {each.name for each in parts}
        found.append(
            Box(
                application.name,
                application.wave,
                application.owner,
                application.project,
                sum(each.application in names for each in render.resources),
                _version(render, parts),
                missing=bool(names & unrendered),
            )
        )
    return sorted(found, key=lambda box: (box.wave, box.name))


def merged(needs: Needs, render: Render) -> Needs:
    """The needs of charts as those of the application whose folder brings them; the root is not drawn."""
    found: Needs = {}
    for (user, used), reasons in needs.items():
        pair = (_outermost(user, render), _outermost(used, render))
        if pair[0] != pair[1] and ROOT not in pair:
            found.setdefault(pair, set()).update(reasons)
    return found


def _outermost(name: str, render: Render) -> str:
    return render.applications[name].parent or name


def _version(render: Render, parts: list[Application]) -> str:
    """A chart's tag; else the version of most images; else that of most objects' upstream."""
    chart = next((each.chart.ref for each in parts if each.chart), "")
    names = {each.name for each in parts}
    upstream = [each for each in render.resources if each.application in names and each.origin.upstream]
    tags = [tag for each in upstream for _, tag in images(each) if parsed(tag)]
    refs = [match[2] for each in upstream if (match := UPSTREAM.match(each.origin.file))]
    version = chart or _commonest(tags) or _commonest(refs)
    numbers = list(NUMBER.finditer(version))
    return numbers[-1][0] if numbers else version


def _commonest(texts: list[str]) -> str:
    counts = Counter(texts)
    return max(sorted(counts), key=lambda text: counts[text], default="")
