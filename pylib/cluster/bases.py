"""Upstream bases at their tags: fetched once with git, kept in a cache, and used from there.

kustomize itself clones a remote base each time it meets one, and once more for each entry that names the same
repository. Here every `https://github.com/OWNER/NAME//path?ref=TAG` becomes a path into the cache before the
build, also inside the bases, so that a build needs neither git nor the network once the cache is filled.
"""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from pylib.errors import ClusterError

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
LISTS = ("resources", "bases", "components")
REMOTE = re.compile(
    r"^(?:https://)?(?P<host>[\w.-]+\.[a-z]+)/(?P<repository>[^/?]+/[^/?]+?)(?:\.git)?"
    r"(?:/{1,2}(?P<path>[^?]*))?\?(?:.*&)?ref=(?P<ref>[^&]+)"
)
REPOSITORY = re.compile(r"^(?P<server>.+?)/(?P<repository>[^/:]+/[^/]+?)(?:\.git)?/?$")
GITHUB = "https://github.com"
SECONDS = 300
# Hosts that did not answer: each is waited for once, not once a base.
_silent: dict[str, str] = {}


@dataclass(frozen=True)
class Base:
    """A folder of an upstream repository at a tag.

    host: the server's name, by which the cache keeps what is its
    server: what stands before OWNER/NAME in the URL, empty for https://HOST
    """

    host: str
    repository: str
    path: str
    ref: str
    server: str = ""

    @property
    def url(self) -> str:
        """Where git fetches it from: `PYLIB_MIRROR` stands in GitHub's place where it is set.

        A mirror holds repositories as GitHub does: `file:///mirror/` or `https://git.example.org/mirror/`.
        """
        mirror = os.environ.get("PYLIB_MIRROR") if self.host == "github.com" else None
        return f"{(mirror or self.server or f'https://{self.host}').rstrip('/')}/{self.repository}"

    def __str__(self) -> str:
        return f"{self.repository}@{self.ref}"


class BaseMissingError(ClusterError):
    """An upstream base could be had from nowhere: neither cache, mirror nor network."""


def parse(entry: str) -> Base | None:
    """A kustomization's entry as a remote base; None where it is a path."""
    match = REMOTE.match(entry)
    return (
        Base(match["host"], match["repository"], (match["path"] or "").strip("/"), match["ref"])
        if match
        else None
    )


def of_repository(url: str, path: str, ref: str) -> Base | None:
    """A folder of the repository at a URL, perhaps a mirror's; None where that does not end in OWNER/NAME."""
    match = REPOSITORY.match(url)
    if not match or "://" not in url:
        return None
    server = match["server"]
    if server == GITHUB:
        return Base("github.com", match["repository"], path, ref)
    return Base(quote(server, safe=""), match["repository"], path, ref, server)


def cache_root() -> Path:
    """Where bases are kept: below XDG_CACHE_HOME, ~/.cache where that is not set."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (home / "pylib" / "bases").resolve()


def folder(base: Base) -> Path:
    """The cached copy of the base's whole repository, fetched now where it is not there yet.

    Raises BaseMissingError.
    """
    kept = cache_root() / base.host / base.repository / base.ref
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        _fetch(base, kept)
    return kept


def localize(start: Path) -> set[Path]:
    """Turn the remote bases of a kustomization, and of all it refers to, into paths of the cache.

    `start` is changed in place: give it a copy. Gives all the folders referred to. Raises BaseMissingError.
    """
    seen: set[Path] = set()
    pending = [start.resolve()]
    while pending:
        current = pending.pop()
        if current not in seen and current.is_dir():
            seen.add(current)
            pending.extend(_localize_one(current))
    return seen


def _localize_one(current: Path) -> list[Path]:
    """Rewrite one kustomization; the folders it refers to."""
    file = next((current / name for name in FILES if (current / name).is_file()), None)
    if file is None:
        return []
    content: dict[str, Any] = yaml.load(file.read_text(), Loader=yaml.CSafeLoader) or {}
    changed = False
    found: list[Path] = []
    for key in LISTS:
        entries = content.get(key) or []
        for index, entry in enumerate(entries):
            base = parse(str(entry))
            target = folder(base) / base.path if base else current / str(entry)
            if base:
                entries[index], changed = os.path.relpath(target, current), True
            found.append(target.resolve())
    if changed:
        _replace(file, yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False))
    return found


def _replace(file: Path, text: str) -> None:
    """Atomically, because two runs may share the cache."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as temporary:
        temporary.write(text)
    Path(temporary.name).replace(file)


def _fetch(base: Base, kept: Path) -> None:
    if base.host in _silent:
        raise BaseMissingError(f"a base is not in the cache, and {_silent[base.host]}")
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=f".{base.ref}.") as name:
        work = Path(name) / "tree"
        _git(base, "init", "--quiet", str(work))
        _git(base, "-C", str(work), "fetch", "--quiet", "--depth=1", base.url, base.ref)
        _git(base, "-C", str(work), "checkout", "--quiet", "FETCH_HEAD")
        shutil.rmtree(work / ".git")
        if not kept.is_dir():
            work.rename(kept)


def _git(base: Base, *arguments: str) -> None:
    try:
        done = subprocess.run(
            ["git", *arguments],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BaseMissingError(f"{base}: {type(error).__name__} while fetching {base.url}") from error
    if done.returncode:
        raise BaseMissingError(f"{base}: not in the cache, and {_reason(base, done.stderr)}")


def _reason(base: Base, stderr: str) -> str:
    lines = stderr.strip().splitlines() or ["git gave no reason"]
    lines = [line for line in lines if line.startswith("fatal:")] or lines
    reason = f"{base.url} cannot be fetched: {lines[0].removeprefix('fatal: ')}"
    if re.search(r"Could not resolve host|Failed to connect|timed out|Couldn't connect", stderr):
        _silent[base.host] = f"{base.host} does not answer"
    return reason
