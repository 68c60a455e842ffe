"""The served SeldonDeployment as a text: what a release reads from it and writes into it, comments kept."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.util import load_yaml_guess_indent

from pylib.errors import ReleaseError

PARAMETERS = ("model_digest", "data_commit", "git_commit")
ANNOTATIONS = ("model-digest", "data-commit", "git-commit", "gate")
_PREFIX = "pylib/"
_START = re.compile(r"\A(?:[ \t]*(?:#.*)?\n)*---[ \t]*(?:#.*)?\n")


@dataclass(frozen=True)
class Values:
    """What a release writes; all empty before the first one.

    digest: SHA-256 of model.onnx; data_commit: repository@commit; git_commit: the code that trained it;
    gate: its checks in one line.
    """

    digest: str = ""
    data_commit: str = ""
    git_commit: str = ""
    gate: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """Return the graph's parameters, which the predictor gets."""
        return dict(zip(PARAMETERS, (self.digest, self.data_commit, self.git_commit), strict=True))

    @property
    def annotations(self) -> dict[str, str]:
        """Return the deployment's annotations, which people read with kubectl."""
        values = (self.digest, self.data_commit, self.git_commit, self.gate)
        return {_PREFIX + name: value for name, value in zip(ANNOTATIONS, values, strict=True)}


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
        """What is released."""
        document = self._load()[0]
        graph = {entry["name"]: str(entry.get("value", "")) for entry in self._parameters(document)}
        gate = document["metadata"].get("annotations", {}).get(f"{_PREFIX}gate", "")
        digest, data_commit, git_commit = (graph.get(name, "") for name in PARAMETERS)
        return Values(digest, data_commit, git_commit, str(gate))

    def with_values(self, values: Values) -> "Manifest":
        """Return the same text with other values: nothing else changes, comments and layout are kept."""
        document, indent, offset = self._load()
        _set_parameters(self._parameters(document), values.parameters)
        if any(values.annotations.values()):
            annotations = document["metadata"].setdefault("annotations", {})
            annotations.update({name: _quoted(value) for name, value in values.annotations.items()})
        writer = _yaml()
        writer.indent(mapping=2, sequence=indent, offset=offset)
        buffer = io.StringIO()
        writer.dump(document, buffer)
        start = _START.match(self.text)  # which ruamel.yaml drops
        return Manifest((start[0] if start else "") + buffer.getvalue(), self.path)

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

    def _parameters(self, document: Any) -> list[Any]:
        """Return the list of the graph's parameters, as it stands in the document."""
        try:
            (predictor,) = document["spec"]["predictors"]
            parameters: list[Any] = predictor["graph"]["parameters"]
            named = isinstance(parameters, list) and all("name" in entry for entry in parameters)
        except (KeyError, TypeError, ValueError) as error:
            raise self._malformed("has no single predictor with graph.parameters") from error
        if not named:
            raise self._malformed("has graph.parameters that are not a list of name, type, value")
        return parameters

    def _malformed(self, what: str) -> ReleaseError:
        return ReleaseError(f"{self.path} {what}: restore it from Git's history")


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
