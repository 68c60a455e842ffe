"""What an application's files hold, read without building them: kinds, namespaces, upstreams."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from preflight.render import bases
from preflight.render.applications import Application

GENERATORS = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}
MAKING_NAMESPACES = {"Namespace", "Profile"}
SPACE = re.compile(r"\bnamespace: *[\"']?([a-z0-9][a-z0-9-]*)")
DEFINITION = "CustomResourceDefinition"
A_DEFINITION = re.compile(rf"^kind: {DEFINITION}$", re.MULTILINE)
DOCUMENT = re.compile(r"^---.*$", re.MULTILINE)
# What says more than its files do, or takes them from elsewhere.
OPAQUE = ("helmCharts", "generators", "openapi")


@dataclass(frozen=True)
class Contents:
    """Limits of what an application holds; None where there is none that is known.

    repositories: `OWNER/NAME` of the upstreams that it takes something from
    """

    kinds: frozenset[str] | None = None
    namespaces: frozenset[str] | None = None
    repositories: frozenset[str] | None = None

    def may_hold(self, kind: str, namespace: str) -> bool:
        """Whether an object of the kind may be in it, in a namespace or, without one, in none."""
        inside = not namespace or self.may_write_into(namespace)
        return inside and (self.kinds is None or kind in self.kinds)

    def may_write_into(self, namespace: str) -> bool:
        """Whether an object of it may be in a namespace."""
        return self.namespaces is None or namespace in self.namespaces

    def __or__(self, other: "Contents") -> "Contents":
        """What one or the other may hold."""
        return Contents(
            _either(self.kinds, other.kinds),
            _either(self.namespaces, other.namespaces),
            _either(self.repositories, other.repositories),
        )


NOTHING = Contents(frozenset(), frozenset(), frozenset())


def of_application(application: Application) -> Contents:
    """Those of a chart: it writes into its destination, and may hold any kind."""
    url = application.chart.url if application.chart else ""
    spaces = frozenset({application.namespace}) if application.namespace else None
    return Contents(None, spaces, frozenset({_repository(url)}))


def of_folder(tree: Path, application: Application) -> Contents:
    """Those of a folder and of all that it refers to.

    Of a base that is not in the cache nobody knows where its objects live. It is taken to write into the
    namespaces that its own folder speaks of, in patches for instance; into any, where it speaks of none.
    """
    found = _folder(tree / application.path, application.namespace)
    # What holds nothing can be built: then something else is wrong with it, and nobody knows what it holds.
    if found == NOTHING:
        return Contents()
    spaces = _mentioned(tree, application) if found.namespaces is None else frozenset()
    return replace(found, namespaces=spaces) if spaces else found


def _mentioned(tree: Path, application: Application) -> frozenset[str]:
    component = Path(*Path(application.path).parts[:2])
    files = (tree / component).rglob("*.yaml")
    return frozenset(name for file in files for name in SPACE.findall(file.read_text(errors="replace")))


def _folder(folder: Path, default: str) -> Contents:
    file = next((folder / name for name in bases.FILES if (folder / name).is_file()), None)
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) if file else None
    except yaml.YAMLError:
        content = None
    if not isinstance(content, dict):
        return Contents()
    found = Contents() if any(content.get(each) for each in OPAQUE) else NOTHING
    for entry in (str(each) for key in bases.LISTS for each in content.get(key) or []):
        found |= _entry(folder, entry, default)
    for key, kind in GENERATORS.items():
        for each in content.get(key) or []:
            found |= Contents(frozenset({kind}), frozenset({each.get("namespace") or default}), frozenset())
    space = content.get("namespace")
    return Contents(found.kinds, frozenset({str(space)}), found.repositories) if space else found


def _entry(folder: Path, entry: str, default: str) -> Contents:
    base = bases.parse(entry)
    if base:
        kept = bases.cache_root() / base.host / base.repository / base.ref / base.path
        repository = Contents(frozenset(), frozenset(), frozenset({base.repository}))
        return repository | (_folder(kept, default) if kept.is_dir() else Contents(repositories=frozenset()))
    target = folder / entry
    return _folder(target, default) if target.is_dir() else _file(target, default)


def _file(file: Path, default: str) -> Contents:
    try:
        return _text(file.read_text(encoding="utf-8"), default)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return Contents()


@lru_cache(maxsize=4096)
def _text(text: str, default: str) -> Contents:
    """What objects hold. CRDs are most of what upstreams write, and need no parser to be told as such."""
    found = NOTHING
    for document in DOCUMENT.split(text):
        body = {"kind": DEFINITION} if A_DEFINITION.search(document) else _parsed(document)
        if isinstance(body, dict):
            found |= _object(body, default)
    return found


def _parsed(document: str) -> Any:
    return yaml.load(document, Loader=yaml.CSafeLoader)


def _object(body: dict[str, Any], default: str) -> Contents:
    """An object by itself; a set may make anything, and a chart's Application brings what the chart holds."""
    metadata = body.get("metadata") or {}
    kind = str(body.get("kind"))
    space = metadata.get("name") if kind in MAKING_NAMESPACES else metadata.get("namespace") or default
    own = Contents(frozenset({kind}), frozenset({str(space)}), frozenset())
    if kind in {"ApplicationSet", "List"}:
        return Contents()
    if kind != "Application":
        return own
    spec = body.get("spec") or {}
    sources = spec.get("sources") or [spec.get("source") or {}]
    urls = frozenset(_repository(str(each.get("repoURL"))) for each in sources)
    target = (spec.get("destination") or {}).get("namespace")
    return own | Contents(None, frozenset({str(target)}) if target else None, urls)


def _repository(url: str) -> str:
    """`OWNER/NAME` of a repository's URL, or of a placeholder for one."""
    return "/".join(url.rstrip("/").removesuffix(".git").split("/")[-2:])


def _either(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return None if one is None or other is None else one | other
