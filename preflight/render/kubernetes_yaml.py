"""YAML as Kubernetes and Argo CD read it."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from preflight.errors import ClusterError


class _Loader(yaml.CSafeLoader):
    """YAML as Kubernetes reads it: a date is text, and so is `=`, which CRDs have among their enums."""


_Loader.yaml_implicit_resolvers = {
    first: [each for each in found if each[0].rpartition(":")[2] not in {"timestamp", "value"}]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
# `1e-05`, as kustomize writes it, is a number for Kubernetes; PyYAML would want a dot in it.
_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$")
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789"))


def load_all(text: str, place: str) -> list[Any]:
    """Every document. Raises ClusterError with the place and the line, in one line."""
    try:
        return list(yaml.load_all(text, Loader=_Loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ClusterError(f"{place}{line}: no YAML: {getattr(error, 'problem', None) or error}") from error


def objects(text: str, place: str) -> Iterator[dict[str, Any]]:
    """The objects of a YAML stream, those of Lists one by one."""
    for body in load_all(text, place):
        if isinstance(body, dict) and body.get("kind") == "List":
            yield from body.get("items") or []
        elif isinstance(body, dict):
            yield body
