"""Other people's repositories and files: fetched once, kept in a cache, and used from there.

kustomize itself clones a remote base each time it meets one, and once more for each entry that names the same
repository. With what is kept here a build needs neither git nor the network.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import requests

from preflight.render.remotes import Base, parse
from preflight.render.unavailable import UnavailableError

__all__ = [
    "FILES",
    "LISTS",
    "Base",
    "BaseMissingError",
    "cache_root",
    "file",
    "files_root",
    "folder",
    "parse",
    "replace",
]
# A kustomization's file, and its lists of what may be elsewhere.
FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
LISTS = ("resources", "bases", "components")
SECONDS = 300
SECONDS_FOR_A_FILE = 60
UNREACHABLE = re.compile(
    r"Could not resolve host|Failed to connect|timed out|Couldn't connect|Connection refused|unable to conn"
)
# Hosts that did not answer: each is waited for once, not once a base.
_silent: dict[str, str] = {}


class BaseMissingError(UnavailableError):
    """Something of an upstream could be had from nowhere: neither cache, mirror nor network."""


def cache_root() -> Path:
    """Where bases are kept: below XDG_CACHE_HOME, ~/.cache where that is not set."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (home / "pylib" / "bases").resolve()


def files_root() -> Path:
    """Where single files are kept, a folder each."""
    return cache_root().with_name("files")


def folder(base: Base) -> Path:
    """The cached copy of the base's whole repository, fetched now where it is not there yet.

    Raises BaseMissingError.
    """
    kept = cache_root().joinpath(*base.key)
    if not kept.is_dir():
        kept.parent.mkdir(parents=True, exist_ok=True)
        _fetch(base, kept)
    return kept


def file(url: str) -> Path:
    """The cached copy of one file, the only one in its folder beside `url`, which has its address.

    Raises BaseMissingError.
    """
    name = Path(urlsplit(url).path).name or "file.yaml"
    kept = files_root() / hashlib.sha256(url.encode()).hexdigest() / name
    if not kept.is_file():
        content = _downloaded(url)
        kept.parent.mkdir(parents=True, exist_ok=True)
        (kept.parent / "url").write_text(url, encoding="utf-8")
        replace(kept, content)
    return kept


def replace(file: Path, text: str) -> None:
    """Write a file atomically, because two runs may share the cache."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as temporary:
        temporary.write(text)
    Path(temporary.name).replace(file)


def _downloaded(url: str) -> str:
    host = urlsplit(url).netloc
    if host in _silent:
        raise BaseMissingError(f"a file is not in the cache, and {_silent[host]}")
    try:
        answer = requests.get(url, timeout=SECONDS_FOR_A_FILE)
    except requests.RequestException as error:
        _silent[host] = f"{host} does not answer"
        raise BaseMissingError(f"{url}: not in the cache, and {host} does not answer") from error
    if not answer.ok:
        raise BaseMissingError(f"{url}: not in the cache, and {host} answers {answer.status_code}")
    return answer.text


def _fetch(base: Base, kept: Path) -> None:
    if _server(base) in _silent:
        raise BaseMissingError(f"a base is not in the cache, and {_silent[_server(base)]}")
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".fetch.") as name:
        work = Path(name) / "tree"
        _git(base, "init", "--quiet", str(work))
        _git(base, "-C", str(work), "fetch", "--quiet", "--depth=1", "--", base.url, base.ref)
        _git(base, "-C", str(work), "checkout", "--quiet", "FETCH_HEAD")
        shutil.rmtree(work / ".git")
        if not kept.is_dir():
            work.rename(kept)


def _git(base: Base, *arguments: str) -> None:
    ssh = os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=20")
    try:
        done = subprocess.run(
            ["git", *arguments],
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": ssh},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BaseMissingError(f"{base}: {type(error).__name__} while fetching {base.url}") from error
    if done.returncode:
        raise BaseMissingError(f"{base}: not in the cache, and {_reason(base, done.stderr)}")


def _reason(base: Base, stderr: str) -> str:
    lines = stderr.strip().splitlines() or ["git gave no reason"]
    told = [line for line in lines if line.startswith(("ssh:", "error: cannot run", "Host key"))]
    told += [line for line in lines if line.startswith("fatal:")] or lines
    reason = f"{base.url} cannot be fetched: {re.sub(r'^(fatal|error): ', '', told[0])}"
    if UNREACHABLE.search(stderr):
        _silent[_server(base)] = f"{_server(base)} does not answer"
        return _silent[_server(base)]
    return reason


def _server(base: Base) -> str:
    """What stands before the repository: a mirror, or a host."""
    return base.url.removesuffix(base.repository).removeprefix("https://").rstrip("/:")
