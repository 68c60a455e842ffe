"""Changes of YAML by structure: what lies at a path is set or removed, whatever the text around it.

A path is the one that findings have, `spec.template.spec.containers[0].image`, and says more in brackets:

    containers[name=web]      the item of a list whose `name` is `web`, of which there must be one
    resources[=limits.yaml]   the item that is this word
    env[+]                    one more, at the list's end
    labels[app.kubernetes.io/name]    a key with dots in it
"""

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

Tree = dict[Any, Any] | list[Any]
STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)|\.")


class PlaceError(Exception):
    """There is no such place: the object or the file has changed, and the case has to follow."""


def steps(path: str) -> list[str]:
    """A path's steps; those in brackets keep them: `a.b[0]` is `a`, `b`, `[0]`."""
    found = list(STEP.finditer(path))
    if "".join(match[0] for match in found) != path:
        raise PlaceError(f"{path}: no path; write a.b[0], a.b[name=x], a.b[=x], a.b[+] or a[key.with.dots]")
    return [match[0] for match in found if match[0] != "."]


def put(tree: Tree, path: str, value: Any) -> None:
    """Set what lies at a path; all above it must be there."""
    holder, key = _place(tree, path)
    if isinstance(holder, list) and key == len(holder):
        holder.append(copy.deepcopy(value))
    else:
        holder[key] = copy.deepcopy(value)


def remove(tree: Tree, path: str) -> None:
    """Remove what lies at a path, which must be there."""
    holder, key = _place(tree, path)
    try:
        del holder[key]
    except (KeyError, IndexError) as error:
        raise PlaceError(f"{path}: there is nothing to remove") from error


def change(tree: Tree, settings: Mapping[str, Any], removals: Sequence[str]) -> None:
    """Set and then remove, in the order in which they are written."""
    for path, value in settings.items():
        put(tree, path, value)
    for path in removals:
        remove(tree, path)


def _place(tree: Tree, path: str) -> tuple[Any, Any]:
    """The mapping or list that holds what a path leads to, and the key or index of it there."""
    node: Any = tree
    *above, last = steps(path)
    for step in above:
        key = _key(node, step, path)
        try:
            node = node[key]
        except (KeyError, IndexError) as error:
            raise PlaceError(f"{path}: there is no {step}") from error
    return node, _key(node, last, path)


def _key(node: Any, step: str, path: str) -> Any:
    """A step as a mapping's key or a list's index."""
    word = step[1:-1] if step.startswith("[") else step
    if isinstance(node, dict):
        return word
    if not isinstance(node, list) or not step.startswith("["):
        raise PlaceError(f"{path}: {step} is of a {type(node).__name__}")
    if word == "+":
        return len(node)
    return int(word) if word.isdigit() else _index(node, word, path)


def _index(items: list[Any], word: str, path: str) -> int:
    key, _, value = word.partition("=")
    found = [at for at, item in enumerate(items) if str(item.get(key) if key else item) == value]
    if len(found) != 1:
        raise PlaceError(f"{path}: [{word}] is there {len(found)} times; name the one item that is meant")
    return found[0]
