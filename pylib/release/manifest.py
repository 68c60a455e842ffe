"""The served SeldonDeployment as a text: what a release reads from it and writes into it, comments kept."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.util import load_yaml_guess_indent

from pylib.errors import ReleaseError
from pylib.release.served import CANARY, PARAMETERS, PREFIX, Canary, Served, Values

_GATE = f"{PREFIX}canary-gate"
_CHAMPION_AND_CANARY = 2
_START = re.compile(r"\A(?:[ \t]*(?:#.*)?\n)*---[ \t]*(?:#.*)?\n")


@dataclass(frozen=True)
class Manifest:
    """The text of a SeldonDeployment, and where it stands. All methods raise ReleaseError."""

    text: str
    path: Path

    @property
    def name(self) -> str:
        """The SeldonDeployment's name."""
        return str(self._load()[0]["metadata"].get("name", ""))

    @property
    def values(self) -> Values:
        """What is released to all: of several predictors, that of the one which most requests go to."""
        return self.served.values

    @property
    def served(self) -> Served:
        """What is released, with the canary or shadow beside it."""
        document = self._load()[0]
        predictors = self._predictors(document)
        annotations = document["metadata"].get("annotations", {})
        champion, *others = sorted(predictors, key=_share, reverse=True)  # stable: the first one of equals
        values = self._values(champion, str(annotations.get(f"{PREFIX}gate", "")))
        if not others:
            return Served(values)
        beside = self._values(others[0], str(annotations.get(_GATE, "")))
        return Served(values, Canary(beside, max(0, _share(others[0]))))

    def with_values(self, values: Values) -> "Manifest":
        """Return the same text with a model that is released to all, alone."""
        return self.with_served(Served(values))

    def with_served(self, served: Served) -> "Manifest":
        """Return the same text with what is served: nothing else changes, comments and layout are kept.

        The first predictor is the champion's. The canary's is a copy of it, without the comments.
        """
        document, indent, offset = self._load()
        predictors, values = self._predictors(document), served.values
        _set_parameters(self._parameters(predictors[0]), values.parameters)
        if any(values.annotations.values()):
            annotations = document["metadata"].setdefault("annotations", {})
            annotations.update({name: _quoted(value) for name, value in values.annotations.items()})
        if len(predictors) > 1:
            del predictors[1:]
            predictors[0].pop("traffic", None)
            document["metadata"].get("annotations", {}).pop(_GATE, None)
        if served.canary:
            self._add(document, predictors, served.canary)
        writer = _yaml()
        writer.indent(mapping=2, sequence=indent, offset=offset)
        buffer = io.StringIO()
        writer.dump(document, buffer)
        start = _START.match(self.text)  # which ruamel.yaml drops
        return Manifest((start[0] if start else "") + buffer.getvalue(), self.path)

    def _add(self, document: Any, predictors: Any, canary: Canary) -> None:
        added = _bare(predictors[0])
        for key in ("name", "traffic", "shadow"):
            added.pop(key, None)
        if canary.is_shadow:
            added.insert(0, "shadow", value=True)
        else:
            predictors[0].pop("traffic", None)
            predictors[0].insert(min(1, len(predictors[0])), "traffic", 100 - canary.traffic)
            added.insert(0, "traffic", canary.traffic)
        added.insert(0, "name", CANARY)
        _set_parameters(self._parameters(added), canary.values.parameters)
        predictors.append(added)
        document["metadata"].setdefault("annotations", {})[_GATE] = _quoted(canary.values.gate)

    def _load(self) -> tuple[Any, int, int]:
        """Parse; return the document with the indentation of its lists."""
        try:
            body = _START.sub("", self.text)
            document = _yaml().load(body)
            _, indent, offset = load_yaml_guess_indent(body)
        except YAMLError as error:
            raise self._malformed(
                f"is not one YAML document ({' '.join(str(error).split())[:200]})"
            ) from error
        if not isinstance(document, Mapping) or document.get("kind") != "SeldonDeployment":
            raise self._malformed("is not a SeldonDeployment")
        metadata = document.get("metadata")
        if not isinstance(metadata, Mapping):
            raise self._malformed("has no metadata")
        if not isinstance(metadata.get("annotations", {}), Mapping):
            raise self._malformed("has annotations that are not a map")
        return document, indent or 2, offset or 0

    def _predictors(self, document: Any) -> Any:
        """Return the one predictor or the two, as they stand in the document."""
        try:
            predictors = document["spec"]["predictors"]
            there = isinstance(predictors, list) and all(isinstance(each, Mapping) for each in predictors)
        except (KeyError, TypeError) as error:
            raise self._malformed("has no predictor with graph.parameters") from error
        if not there or not predictors:
            raise self._malformed("has no predictor with graph.parameters")
        if len(predictors) > _CHAMPION_AND_CANARY or all(each.get("shadow") for each in predictors):
            raise self._malformed("has other predictors than a champion and one canary or shadow")
        return predictors

    def _values(self, predictor: Any, gate: str) -> Values:
        graph = {entry["name"]: str(entry.get("value", "")) for entry in self._parameters(predictor)}
        digest, data_commit, git_commit = (graph.get(name, "") for name in PARAMETERS)
        return Values(digest, data_commit, git_commit, gate)

    def _parameters(self, predictor: Any) -> list[Any]:
        """Return the list of a graph's parameters, as it stands in the document."""
        try:
            parameters: list[Any] = predictor["graph"]["parameters"]
            named = isinstance(parameters, list) and all("name" in entry for entry in parameters)
        except (KeyError, TypeError, ValueError) as error:
            raise self._malformed("has no predictor with graph.parameters") from error
        if not named:
            raise self._malformed("has graph.parameters that are not a list of name, type, value")
        return parameters

    def _malformed(self, what: str) -> ReleaseError:
        return ReleaseError(f"{self.path} {what}: restore it from Git's history")


def _share(predictor: Any) -> int:
    """Per cent of the requests that a predictor answers; a shadow's comes last."""
    traffic = predictor.get("traffic")
    return -1 if predictor.get("shadow") else traffic if isinstance(traffic, int) else 0


def _bare(node: Any) -> Any:
    """A copy without comments."""
    if isinstance(node, Mapping):
        return CommentedMap({key: _bare(value) for key, value in node.items()})
    return CommentedSeq(map(_bare, node)) if isinstance(node, list) else node


def _set_parameters(parameters: list[Any], values: Mapping[str, str]) -> None:
    by_name = {entry["name"]: entry for entry in parameters}
    for name, value in values.items():
        if name in by_name:
            by_name[name]["value"] = _quoted(value)
        else:
            parameters.append({"name": name, "type": "STRING", "value": _quoted(value)})


def _quoted(value: str) -> str:
    """Quote, so that a digest like 1234 or 1e5 stays a text."""
    quoted: str = DoubleQuotedScalarString(value)
    return quoted


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # never fold a line that a person wrote
    return yaml
