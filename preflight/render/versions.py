"""The versions in a render: of upstream's tags, of charts and of images."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from preflight.render.cluster import Render
from preflight.render.resources import Resource

VERSION = re.compile(r"v?(\d{1,3})(?:\.(\d+))?(?:\.(\d+))?(?:[-+.]\D.*)?")
IMAGE = re.compile(r"(?P<name>[\w.-]+(?::\d+)?(?:/[\w./-]+)?):(?P<tag>\w[\w.-]*)(?:@sha256:[0-9a-f]{64})?")
IMAGE_KEYS = {"image", "imageName"}
UPSTREAM = re.compile(r"([^@:]+)@([^:]+):")
Versions = dict[str, set[str]]


def versions(render: Render) -> dict[str, Versions]:
    """By application: the versions of each upstream repository, chart and image in it."""
    found: dict[str, Versions] = defaultdict(lambda: defaultdict(set))
    for resource in render.resources:
        upstream = UPSTREAM.match(resource.origin.file) if resource.origin.upstream else None
        if upstream:
            found[resource.application][upstream[1]].add(upstream[2])
        for name, tag in images(resource):
            found[resource.application][name].add(tag)
    for application in render.applications.values():
        if application.chart:
            found[application.name][application.chart.url].add(application.chart.ref)
    return found


def images(resource: Resource) -> Iterator[tuple[str, str]]:
    """Every image that an object names, as name and tag; a CRD names none."""
    if resource.kind != "CustomResourceDefinition":
        for value in _values(resource.body):
            match = IMAGE.fullmatch(value)
            if match:
                yield match["name"], match["tag"]


def _values(body: Any) -> Iterator[str]:
    if isinstance(body, dict):
        for key, value in body.items():
            if key in IMAGE_KEYS and isinstance(value, str):
                yield value
            else:
                yield from _values(value)
    elif isinstance(body, list):
        for each in body:
            yield from _values(each)


def parsed(version: str) -> tuple[int, int, int] | None:
    """Major, minor and patch; None where the text is no such version."""
    match = VERSION.fullmatch(version)
    if match is None:
        return None
    major, minor, patch = (int(each or 0) for each in match.groups())
    return major, minor, patch
