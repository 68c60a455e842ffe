"""What a set's Git generator reads: a repository's folders and files."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from preflight.render.gotemplate.strings import normalized
from preflight.render.gotemplate.values import go_data, shown
from preflight.render.kubernetes_yaml import load_all
from preflight.render.sets.errors import SetError
from preflight.render.sets.substitution import Language, Params

# The folder of a repository at a revision. Raises ClusterError where it cannot be had.
Checkout = Callable[[str, str], Path]


@dataclass(frozen=True)
class GitGenerator:
    """One, with where it finds its repository."""

    spec: dict[str, Any]
    language: Language
    checkout: Checkout

    def params(self) -> list[Params]:
        """A set of parameters for each folder, or for each object in each file."""
        directories, files = self.spec.get("directories"), self.spec.get("files")
        if not (directories or files):
            raise SetError("its Git generator has neither directories nor files")
        root = self.checkout(str(self.spec.get("repoURL") or ""), str(self.spec.get("revision") or "HEAD"))
        made = self._folders(root, directories) if directories else self._files(root, files or [])
        found = list(made)
        for params in found:
            self.language.values(self.spec.get("values"), params)
        return found

    def _folders(self, root: Path, entries: list[Any]) -> Iterator[Params]:
        patterns = [str(entry.get("path")) for entry in entries if not entry.get("exclude")]
        for path in folders(root, patterns):
            hits = [bool(entry.get("exclude")) for entry in entries if matches(path, str(entry.get("path")))]
            if hits and not any(hits):
                yield self._path({}, path)

    def _files(self, root: Path, entries: list[Any]) -> Iterator[Params]:
        found: dict[bool, set[str]] = {True: set(), False: set()}
        for entry in entries:
            found[bool(entry.get("exclude"))] |= set(files(root, str(entry.get("path"))))
        for path in sorted(found[False] - found[True]):
            for content in _objects(root / path, path):
                params = go_data(content) if self.language.go else _flat(go_data(content))
                yield self._path(params, str(PurePosixPath(path).parent), PurePosixPath(path).name)

    def _path(self, params: Params, path: str, filename: str = "") -> Params:
        """The parameters with those of the path, below `pathParamPrefix` where there is one."""
        prefix = str(self.spec.get("pathParamPrefix") or "")
        basename = PurePosixPath(path).name or "."
        told: Params = {"path": path, "basename": basename, "basenameNormalized": normalized(basename)}
        if filename:
            told |= {"filename": filename, "filenameNormalized": normalized(filename)}
        if self.language.go:
            told["segments"] = path.split("/")
            return {**params, **({prefix: {"path": told}} if prefix else {"path": told})}
        name = f"{prefix}.path" if prefix else "path"
        flat = {f"{name}.{key}": value for key, value in told.items() if key != "path"}
        steps = {f"{name}[{at}]": step for at, step in enumerate(path.split("/")) if step}
        return {**params, name: path, **flat, **steps}


def folders(root: Path, patterns: Iterable[str]) -> list[str]:
    """The folders that some pattern names, in order; hidden ones and what is in them are left out."""
    found = {
        each.relative_to(root).as_posix()
        for pattern in patterns
        for each in root.glob(re.sub(r"\*+", "*", pattern.strip("/")) or ".")
        if each.is_dir()
    }
    seen = (
        path for path in found if path != "." and not any(step.startswith(".") for step in path.split("/"))
    )
    return sorted(seen, key=lambda path: path.split("/"))


def files(root: Path, pattern: str) -> Iterator[str]:
    """The files that a pattern names, as git's own pathspec: a star crosses slashes."""
    expression = re.compile(_pathspec(pattern))
    # Only below the folders that the pattern names outright: a checkout has much that Git has not.
    fixed = re.split(r"[*?\[]", pattern.removeprefix("./"))[0].rpartition("/")[0]
    for each in (root / fixed).rglob("*") if fixed else _visible(root):
        path = each.relative_to(root).as_posix()
        if expression.fullmatch(path) and each.is_file():
            yield path


def _visible(root: Path) -> Iterator[Path]:
    for each in root.iterdir():
        if not each.name.startswith("."):
            yield from [each, *each.rglob("*")]


def matches(path: str, pattern: str) -> bool:
    """As Go's path.Match: a star does not cross a slash."""
    steps, patterns = path.split("/"), pattern.split("/")
    return len(steps) == len(patterns) and all(map(fnmatchcase, steps, patterns))


def _pathspec(pattern: str) -> str:
    marks = {"**/": "(?:.*/)?", "**": ".*", "*": ".*", "?": "."}
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]*\])", pattern.removeprefix("./"))
    return (
        "".join(_in_expression(part, marks) for part in parts) + "(?:/.*)?"
    )  # a folder is all that is in it


def _in_expression(part: str, marks: dict[str, str]) -> str:
    return marks.get(part) or (part if part.startswith("[") else re.escape(part))


def _objects(file: Path, path: str) -> list[Params]:
    """One object, or a list of them; an empty file is an empty object."""
    documents = load_all(file.read_text(encoding="utf-8"), path)
    content = next(iter(documents), None) or {}
    objects = content if isinstance(content, list) else [content]
    if not all(isinstance(each, dict) for each in objects):
        raise SetError(f"{path}: it is neither an object nor a list of objects")
    return objects


def _flat(value: Any, name: str = "") -> Params:
    """Every leaf by its dotted name, as text."""
    below = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if below is None or not value:
        return {name: shown(value)} if name else {}
    found: Params = {}
    for key, each in below:
        found |= _flat(each, f"{name}.{key}" if name else str(key))
    return found
