"""The addresses of other repositories, in all the forms in which kustomize and Argo CD take them.

Source: kustomize 5.8, api/internal/git/repospec.go.
"""

import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import parse_qs, quote, unquote, urlsplit

GITHUB = "github.com"
SCP = re.compile(r"^(?P<server>(?:[\w.-]+@)[\w.-]+:|[\w-]+(?:\.[\w-]+)+:)(?!//)(?P<rest>[^:]+)$")
SCHEME = re.compile(r"^(?P<server>(?:https?|ssh|git|file)://[^/]*)/(?P<rest>.*)$")
BARE = re.compile(r"^(?P<server>[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?::\d+)?)/(?P<rest>.+)$")
FILE = re.compile(r"\.(?:ya?ml|json)$")
ENDS = re.compile(r"(?:\.git)?/*$")


@dataclass(frozen=True)
class Base:
    """A folder of a repository at a tag, a branch or a commit.

    host: the server's name, by which the cache keeps what is its
    server: what stands before the repository in its address, empty for https://HOST
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
        mirror = os.environ.get("PYLIB_MIRROR") if self.host == GITHUB else None
        server = mirror or self.server or f"https://{self.host}"
        if server.endswith("://"):  # a file's address has no host
            return f"{server}/{self.repository}"
        server = server.rstrip("/")
        return f"{server}{'' if server.endswith(':') else '/'}{self.repository}"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the cache keeps it under: four names, none of which has a slash."""
        owner, _, name = self.repository.rpartition("/")
        return self.host, quote(owner, safe="") or "_", name, quote(self.ref, safe="")

    @classmethod
    def of_key(cls, host: str, owner: str, name: str, ref: str) -> "Base":
        """The base, without its path, that is kept under a key."""
        owner = unquote(owner)
        return cls(host, name if owner == "_" else f"{owner}/{name}", "", unquote(ref))

    def __str__(self) -> str:
        return f"{self.repository}@{self.ref}"


def parse(entry: str) -> Base | None:
    """A kustomization's entry as a folder of another repository; None where it is a path or one file."""
    address, _, query = entry.removeprefix("git::").partition("?")
    told = {key: values[-1] for key, values in parse_qs(query).items()}
    ref = told.get("ref") or told.get("version") or ""
    match = SCHEME.match(address) or SCP.match(address) or BARE.match(address)
    if not match or (file_url(entry) and not ref):
        return None
    repository, path = _split(match["rest"], file=match["server"].startswith("file:"))
    alone = match["server"].startswith(("file:", "ssh:")) or match["server"].endswith(":")
    if not repository or ("/" not in repository and not alone):
        return None
    return _base(match["server"], repository, path, ref or "HEAD")


def of_repository(url: str, path: str, ref: str) -> Base | None:
    """A folder of the repository at an address, perhaps a mirror's; None where that is no repository's."""
    match = SCHEME.match(url) or SCP.match(url)
    repository = ENDS.sub("", match["rest"]) if match else ""
    if not match or not repository:
        return None
    server, steps = match["server"], repository.split("/")
    if _host(server) == GITHUB:
        return _base(server, repository, path, ref or "HEAD")
    prefix, name = steps[:-2], "/".join(steps[-2:])
    where = (
        "/".join([server, *prefix])
        if not server.endswith(":")
        else server + "".join(f"{each}/" for each in prefix)
    )
    return Base(quote(where, safe=""), name, path.strip("/"), ref or "HEAD", where)


def file_url(entry: str) -> bool:
    """Whether an entry is the address of one file, which kustomize reads as it is."""
    parts = urlsplit(entry)
    plain = parts.scheme in {"http", "https"} and "ref=" not in parts.query
    return plain and bool(FILE.search(parts.path)) and ".git/" not in parts.path and "//" not in parts.path


def _base(server: str, repository: str, path: str, ref: str) -> Base:
    host = _host(server)
    https = bool(host) and server in {host, f"https://{host}"}
    name = host if https or host == GITHUB else quote(server, safe="")
    return Base(name, repository.strip("/"), path.strip("/"), ref, "" if https else server)


def _host(server: str) -> str:
    scheme, apart, rest = server.partition("://")
    return rest.rpartition("@")[2] if apart else scheme.rpartition("@")[2].rstrip(":")


def _split(rest: str, *, file: bool) -> tuple[str, str]:
    """The repository and the path within it."""
    rest = rest.strip("/") if not file else rest
    if "_git/" in rest:  # Azure DevOps
        before, _, after = rest.partition("_git/")
        name, _, path = after.partition("/")
        return f"{before}_git/{ENDS.sub('', name)}", path
    for mark in ("//", ".git/"):
        if mark in rest:
            repository, _, path = rest.partition(mark)
            return ENDS.sub("", repository), path.lstrip("/")
    steps = PurePosixPath(ENDS.sub("", rest)).parts
    count = len(steps) if file else 2
    return "/".join(steps[:count]), "/".join(steps[count:])
