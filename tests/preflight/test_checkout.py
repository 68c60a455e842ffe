"""A command looks at the checkout that it is called in."""

from pathlib import Path

import pytest

from preflight.checkout import FOLDERS, current, enclosing
from preflight.errors import ClusterError


def checkout(folder: Path) -> Path:
    for name in (*FOLDERS, ".git"):
        (folder / name).mkdir(parents=True)
    return folder


def test_the_nearest_checkout_around_the_current_folder_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = checkout(tmp_path / "outer")
    inner = checkout(outer / "out" / "gitops")
    deep = inner / "cluster-conf" / "web" / "base"
    deep.mkdir(parents=True)
    for folder, expected in ((deep, inner), (inner, inner), (outer / "out", outer)):
        monkeypatch.chdir(folder)
        assert current() == expected


def test_another_work_tree_within_a_checkout_is_none(tmp_path: Path) -> None:
    other = checkout(tmp_path / "ours") / "vendor"
    (other / ".git").mkdir(parents=True)
    with pytest.raises(
        ClusterError, match=r"vendor: no checkout with argocd-apps and cluster-conf encloses it"
    ):
        enclosing(other)


def test_outside_of_any_it_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"name it with --tree") as told:
        enclosing(tmp_path)
    assert "\n" not in str(told.value)
