"""What an application's `kustomize:` changes of its folder's kustomization, before it is built.

Argo CD calls `kustomize edit`, which changes the file itself: a prefix takes the place of the one that is
there, an image that of the same name. Source: util/kustomize/kustomize.go.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from preflight.errors import ClusterError
from preflight.render import bases, kustomizations
from preflight.render.environment import Environment

IMAGE = re.compile(
    r"^(?:(?P<name>[^=]+)=)?(?P<image>[^@=]*?)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>\w+:\w+))?$"
)
APPLIED = (
    "namePrefix",
    "nameSuffix",
    "images",
    "replicas",
    "commonLabels",
    "commonAnnotations",
    "namespace",
    "patches",
    "components",
)


def needed(told: dict[str, Any]) -> bool:
    """Whether an application changes anything."""
    return any(told.get(key) for key in APPLIED)


def apply(folder: Path, told: dict[str, Any], environment: Environment) -> None:
    """Change the kustomization of a folder, a copy. Raises ClusterError."""
    file = kustomizations.file(folder)
    if file is None:
        raise ClusterError(f"{folder}: kustomize overrides, and no kustomization there to change")
    content = kustomizations.read(file)
    for key in ("namePrefix", "nameSuffix", "namespace"):
        content |= {key: str(told[key])} if told.get(key) else {}
    for image in told.get("images") or []:
        _named(content, "images", _image(environment.put_into(str(image))))
    for each in told.get("replicas") or []:
        _named(content, "replicas", {"name": str(each.get("name")), "count": _count(each.get("count"))})
    _labels(content, told, environment)
    annotations = {key: str(value) for key, value in (told.get("commonAnnotations") or {}).items()}
    if told.get("commonAnnotationsEnvsubst"):
        annotations = {key: environment.put_into(value) for key, value in annotations.items()}
    _pairs(content, "commonAnnotations", annotations, force=bool(told.get("forceCommonAnnotations")))
    if told.get("patches"):
        content["patches"] = [*(content.get("patches") or []), *told["patches"]]
    components = [str(each) for each in told.get("components") or []]
    if told.get("ignoreMissingComponents"):
        components = [each for each in components if (folder / each).exists()]
    if components:
        content["components"] = [*(content.get("components") or []), *components]
    bases.replace(file, yaml.safe_dump(json.loads(json.dumps(content, default=str)), sort_keys=False))


def _image(written: str) -> dict[str, Any]:
    """`name=image:tag@digest` as kustomization.yaml has it."""
    match = IMAGE.match(written)
    if not match:
        raise ClusterError(f"kustomize.images: {written}: no image; write name:tag or name=other:tag")
    name = match["name"] or match["image"]
    made: dict[str, Any] = {"name": name}
    if match["name"] and match["image"] and match["image"] != "*":
        made["newName"] = match["image"]
    if match["digest"]:
        made["digest"] = match["digest"]
    elif match["tag"]:
        made["newTag"] = match["tag"]
    return made


def _named(content: dict[str, Any], key: str, entry: dict[str, Any]) -> None:
    """The entry, in the place of the one of its name."""
    held = [each for each in content.get(key) or [] if each.get("name") != entry["name"]]
    content[key] = [*held, entry]


def _count(written: Any) -> int:
    try:
        return int(written)
    except (TypeError, ValueError) as error:
        raise ClusterError(f"kustomize.replicas: {written!r} is no number") from error


def _labels(content: dict[str, Any], told: dict[str, Any], environment: Environment) -> None:
    labels = {
        key: environment.put_into(str(value)) for key, value in (told.get("commonLabels") or {}).items()
    }
    if labels and told.get("labelWithoutSelector"):
        entry: dict[str, Any] = {"pairs": labels, "includeSelectors": False}
        entry |= {"includeTemplates": True} if told.get("labelIncludeTemplates") else {}
        content["labels"] = [*(content.get("labels") or []), entry]
    else:
        _pairs(content, "commonLabels", labels, force=bool(told.get("forceCommonLabels")))


def _pairs(content: dict[str, Any], key: str, added: dict[str, str], *, force: bool) -> None:
    held = content.get(key) or {}
    twice = sorted(set(held) & set(added))
    if twice and not force:
        option = f"force{key[0].upper()}{key[1:]}"
        raise ClusterError(
            f"kustomize.{key}: {', '.join(twice)} is in the kustomization already; set {option}"
        )
    if added:
        content[key] = {**held, **added}
