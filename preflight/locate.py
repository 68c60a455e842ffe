"""The line where an object, or a field of it, is written: for annotations on a pull request."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from preflight.findings import Finding

STEP = re.compile(r"[^.\[\]]+")


def line(tree: Path, finding: Finding) -> int:
    """The line, counted from 1, of the finding's field, or of the nearest part that is written there.

    A field that an overlay patches in stands in another file: then the line is that of the object.
    """
    file = tree / finding.file
    if not file.is_file():
        return 1
    for document in _documents(file):
        if _names(document, finding.object):
            return _deepest(document, STEP.findall(finding.field)).start_mark.line + 1
    return 1


@cache
def _documents(file: Path) -> list[yaml.Node]:
    try:
        return [
            node
            for node in yaml.compose_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
            if node
        ]
    except yaml.YAMLError:
        return []


def _names(document: yaml.Node, named: str) -> bool:
    kind, _, name = named.partition(" ")
    metadata = _child(document, "metadata")
    written = metadata and _child(metadata, "name")
    return _text(_child(document, "kind")) == kind and _text(written) == name.rpartition("/")[2]


def _deepest(node: yaml.Node, steps: list[str]) -> yaml.Node:
    for step in steps:
        below = _child(node, step)
        if below is None:
            break
        node = below
    return node


def _child(node: yaml.Node | None, step: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        pairs: list[tuple[Any, Any]] = node.value
        return next((value for key, value in pairs if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and step.isdigit() and int(step) < len(node.value):
        below: yaml.Node = node.value[int(step)]
        return below
    return None


def _text(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""
