"""The addresses of other repositories, as kustomize and Argo CD take them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.render import remotes
from preflight.render.remotes import Base
from preflight.render.sources import normalized

NAMES = st.from_regex(r"[a-z][a-z0-9._-]{0,10}[a-z0-9]", fullmatch=True)


@pytest.mark.parametrize(
    ("entry", "url", "path", "ref"),
    [
        ("https://github.com/a/b//c/d?ref=v1", "https://github.com/a/b", "c/d", "v1"),
        ("https://github.com/a/b/c/d?ref=v1", "https://github.com/a/b", "c/d", "v1"),
        ("github.com/a/b//c?timeout=90s&ref=v1", "https://github.com/a/b", "c", "v1"),
        ("https://github.com/a/b.git//c?ref=v1", "https://github.com/a/b", "c", "v1"),
        ("https://github.com/a/b?ref=v1", "https://github.com/a/b", "", "v1"),
        ("github.com/a/b", "https://github.com/a/b", "", "HEAD"),
        ("https://gitlab.com/g/sub/r//p?ref=v1", "https://gitlab.com/g/sub/r", "p", "v1"),
        ("git::https://gitlab.com/g/sub/r.git//p?ref=v1", "https://gitlab.com/g/sub/r", "p", "v1"),
        ("https://bitbucket.org/a/b//c?version=v1", "https://bitbucket.org/a/b", "c", "v1"),
        ("https://dev.azure.com/o/p/_git/r/sub?ref=v1", "https://dev.azure.com/o/p/_git/r", "sub", "v1"),
        ("git@github.com:a/b.git//p?ref=v2", "git@github.com:a/b", "p", "v2"),
        ("git@git.example.org:g/sub/r.git//p?ref=v2", "git@git.example.org:g/sub/r", "p", "v2"),
        ("ssh://git@git.example.org:7999/a/b.git//p", "ssh://git@git.example.org:7999/a/b", "p", "HEAD"),
        ("file:///srv/git/r.git//p?ref=v1", "file:///srv/git/r", "p", "v1"),
    ],
)
def test_a_remote_base_is_read_as_kustomize_reads_it(
    entry: str, url: str, path: str, ref: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYLIB_MIRROR", raising=False)
    base = remotes.parse(entry)
    assert base is not None
    assert (base.url, base.path, base.ref) == (url, path, ref)
    assert all("/" not in part for part in base.key)
    assert str(Base.of_key(*base.key)) == str(base)


@pytest.mark.parametrize(
    ("entry", "is_file"),
    [
        ("https://example.org/a/b.yaml", True),
        ("https://github.com/a/b/releases/download/v1/crds.yaml", True),
        ("https://raw.githubusercontent.com/a/b/v1/x.json", True),
        ("../../base", False),
        ("map.yaml", False),
        ("a/b?c", False),
    ],
)
def test_a_file_or_a_path_is_no_remote_base(entry: str, is_file: bool) -> None:
    assert remotes.parse(entry) is None
    assert remotes.file_url(entry) is is_file


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/a/b", "https://github.com/a/b"),
        ("https://git.example.org/mirror/of/a/b.git", "https://git.example.org/mirror/of/a/b"),
        ("git://127.0.0.1/github.com/a/b", "git://127.0.0.1/github.com/a/b"),
        ("file:///srv/mirror/a/b", "file:///srv/mirror/a/b"),
        ("git@git.example.org:group/sub/a/b.git", "git@git.example.org:group/sub/a/b"),
    ],
)
def test_an_application_may_read_any_host(url: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYLIB_MIRROR", raising=False)
    base = remotes.of_repository(url, "charts/x", "v1")
    assert base is not None
    assert (base.url, str(base), base.path) == (expected, "a/b@v1", "charts/x")
    assert "/" not in base.host


@pytest.mark.parametrize("url", ["", "charts", "https://a", "a/b", "repoURL"])
def test_what_names_no_repository_is_none(url: str) -> None:
    assert remotes.of_repository(url, "charts/x", "v1") is None


def test_a_mirror_of_github_stands_for_every_way_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLIB_MIRROR", "file:///srv/mirror/")
    for entry in (
        "github.com/a/b?ref=v1",
        "git@github.com:a/b.git?ref=v1",
        "ssh://git@github.com/a/b?ref=v1",
    ):
        base = remotes.parse(entry)
        assert base is not None
        assert (base.url, base.key) == ("file:///srv/mirror/a/b", ("github.com", "a", "b", "v1"))


@given(owner=NAMES, name=NAMES, ref=NAMES, branch=NAMES)
def test_a_key_leads_back_to_its_base(owner: str, name: str, ref: str, branch: str) -> None:
    base = Base("git.example.org", f"{owner}/sub/{name}", "", f"{ref}/{branch}")
    assert Base.of_key(*base.key) == base


@given(owner=NAMES, name=NAMES)
def test_one_repository_has_one_address_whatever_the_way(owner: str, name: str) -> None:
    host = "git.example.org"
    ways = [
        f"https://{host}/{owner}/{name}",
        f"https://{host}/{owner}/{name}.git",
        f"https://user@{host}/{owner}/{name}.git/",
        f"git@{host}:{owner}/{name}.git",
        f"ssh://git@{host}/{owner}/{name}",
    ]
    plain = {normalized(way) for way in ways if not name.endswith(".git")}
    assert len(plain) <= 1
