"""The lists that a new component stands in, edited as text so that comments stay."""

import re
from bisect import bisect
from pathlib import Path
from typing import Any

import yaml

from preflight.errors import ConfigurationError
from preflight.scaffold.templates import filled

PROJECTS = "argocd-apps/base/projects.yaml"
NAMESPACES = "cluster-conf/namespaces/base/namespaces.yaml"
DENIALS = "cluster-conf/namespaces/base/default-deny.yaml"
SECRETS = "cluster-conf/secrets.yaml"
PROJECT = "platform"  # that of the set that takes every folder which no other set names
DESTINATION = re.compile(r"^( *- \{server: \S+, namespace: )([-\w]+)(\} *)$", re.MULTILINE)


def taken(tree: Path) -> dict[str, str]:
    """The names that are in use, each with what has it."""
    names = {path.name: f"the folder cluster-conf/{path.name}" for path in (tree / "cluster-conf").iterdir()}
    for body in _bodies(tree / "argocd-apps/base"):
        if body["kind"] == "Application":
            names[body["metadata"]["name"]] = "an application"
        if body["kind"] == "AppProject":
            for each in body["spec"].get("destinations", []):
                names.setdefault(
                    each.get("namespace", ""), f"a namespace of project {body['metadata']['name']}"
                )
    return names


def edited(tree: Path, name: str, secrets: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, str]:
    """The new texts of the lists, by file."""
    texts = {
        NAMESPACES: _with_document(_read(tree, NAMESPACES), name, filled("namespace.yaml", name=name)),
        DENIALS: _with_document(_read(tree, DENIALS), name, filled("default-deny.yaml", name=name)),
        PROJECTS: _with_destination(_read(tree, PROJECTS), name),
    }
    if secrets:
        added = filled("secrets.yaml", name=name, secrets=secrets)
        texts[SECRETS] = f"{_read(tree, SECRETS).rstrip()}\n{added}"
    return texts


def _bodies(folder: Path) -> list[dict[str, Any]]:
    texts = (file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.yaml")))
    return [body for text in texts for body in yaml.safe_load_all(text) if body]


def _read(tree: Path, file: str) -> str:
    try:
        return (tree / file).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}; a new component is listed there") from error


def _with_document(text: str, name: str, document: str) -> str:
    """In its place by name, or by namespace; after the first document, which has the file's head."""
    documents = text.rstrip().split("\n---\n")
    keys = [_key(each) for each in documents]
    documents.insert(bisect(keys, name, lo=1), document.rstrip())
    return "\n---\n".join(documents) + "\n"


def _key(document: str) -> str:
    metadata = yaml.safe_load(document)["metadata"]
    return str(metadata.get("namespace") or metadata["name"])


def _with_destination(text: str, name: str) -> str:
    """In its place among the project's destinations; `none`, which does not exist, stays the last."""
    documents = text.split("\n---\n")
    for place, document in enumerate(documents):
        lines = [each for each in DESTINATION.finditer(document) if each[2] != "none"]
        if lines and (yaml.safe_load(document)["metadata"]["name"] == PROJECT):
            at = bisect([each[2] for each in lines], name)
            line = f"{lines[0][1]}{name}{lines[0][3]}\n"
            where = lines[at].start() if at < len(lines) else lines[-1].end() + 1
            documents[place] = document[:where] + line + document[where:]
            return "\n---\n".join(documents)
    raise ConfigurationError(
        f"{PROJECTS}: project {PROJECT} lists no destination as `- {{server: …, namespace: …}}`; "
        f"add {name} by hand"
    )
