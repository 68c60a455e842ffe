"""A component that passes the check as it is: its folder, namespace, place in the project, and secrets."""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from preflight.errors import ConfigurationError
from preflight.scaffold import files, lists

# A Service's name, RFC 1035: what a namespace and an application may be called too.
NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
KEY = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,252}")  # a variable of the container too
IMAGE = re.compile(
    r"[\w.-]+(?::\d+)?(?:/[\w.-]+)*(?::(?!latest$)[\w.-]{1,128}|(?::[\w.-]{1,128})?@sha256:[0-9a-f]{64})"
)
RESERVED = {"default", "kube-node-lease", "kube-public", "kube-system"}
UPSTREAM = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)/(?P<path>[\w.-]+(?:/[\w.-]+)*)@(?P<tag>[\w./-]+)")


@dataclass(frozen=True)
class Component:
    """What the new folder is made of.

    image: what its one Deployment runs; empty for none
    upstream: a remote base, as kustomize writes its address; empty for none
    secrets: by name, the keys of each; their values are random
    """

    name: str
    image: str = ""
    upstream: str = ""
    secrets: tuple[tuple[str, tuple[str, ...]], ...] = ()


def component(name: str, image: str = "", upstream: str = "", secrets: tuple[str, ...] = ()) -> Component:
    """The component that a command line names. Raises ConfigurationError for what cannot be one."""
    if not NAME.fullmatch(name) or yaml.safe_load(name) != name:
        raise ConfigurationError(
            f"component '{name}': a name has 1 to 63 of a-z, 0-9 and -, begins with a letter, "
            "ends with no -, and is no word of YAML's own"
        )
    if name in RESERVED:
        raise ConfigurationError(f"component {name}: the cluster has a namespace of that name; take another")
    if image and upstream:
        raise ConfigurationError(f"component {name}: it has --image or --upstream; leave one out")
    if image and not IMAGE.fullmatch(image):
        raise ConfigurationError(
            f"--image {image}: name it with a tag other than latest, or with its sha256 digest"
        )
    made = tuple(_secret(each) for each in secrets)
    _each_once("--secret", [secret for secret, _ in made])
    _each_once("--secret … key", [key for _, keys in made for key in keys])
    return Component(name, image, _address(upstream), made)


def add(tree: Path, new: Component) -> list[Path]:
    """Write the component into a checkout; the files, each relative to it.

    All of it or nothing. Raises ConfigurationError where the name is taken, or a list is not as expected.
    """
    taken = lists.taken(tree)
    if new.name in taken:
        raise ConfigurationError(f"component {new.name}: {taken[new.name]} has that name; choose another")
    edited = lists.edited(tree, new.name, new.secrets)
    return files.write(tree, {**files.made(tree, new.name, new.image, new.upstream, new.secrets), **edited})


def _address(upstream: str) -> str:
    found = UPSTREAM.fullmatch(upstream)
    if upstream and (not found or {".", ".."} & set(upstream.partition("@")[0].split("/"))):
        raise ConfigurationError(
            f"--upstream {upstream}: it is OWNER/NAME/PATH@TAG, of a repository on GitHub"
        )
    return f"https://github.com/{found['repository']}//{found['path']}?ref={found['tag']}" if found else ""


def _secret(told: str) -> tuple[str, tuple[str, ...]]:
    name, _, listed = told.partition("=")
    keys = tuple(listed.split(","))
    words = [name, *keys]
    if (
        not NAME.fullmatch(name)
        or not all(map(KEY.fullmatch, keys))
        or list(map(yaml.safe_load, words)) != words
    ):
        raise ConfigurationError(
            f"--secret {told}: it is NAME=KEY or NAME=KEY,KEY…; a key is a variable's name, "
            "and no word of YAML's own"
        )
    return name, keys


def _each_once(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(f"{what} {name}: it is named twice; leave one out")
