"""A plain folder of manifests, read as Argo CD reads it."""

from pathlib import Path

import pytest

from preflight.errors import ClusterError
from preflight.render import directory

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    for name in ("one.yaml", "two.yml", "deep/three.yaml"):
        (tmp_path / name).write_text(MAP % Path(name).stem)
    (tmp_path / "list.yaml").write_text(
        "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, metadata: {name: p}}]}"
    )
    (tmp_path / "values.yaml").write_text("colour: red\n")
    (tmp_path / "made.jsonnet").write_text("{}")
    (tmp_path / "README.md").write_text("no manifest")
    (tmp_path / "skipped.yaml").write_text("# +argocd:skip-file-rendering\n" + MAP % "skipped")
    return tmp_path


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, ["p", "one", "two"]),
        ({"recurse": True}, ["three", "p", "one", "two"]),
        ({"recurse": True, "include": "{deep/*,two.yml}"}, ["three", "two"]),
        ({"exclude": "*.yaml"}, ["two"]),
        ({"recurse": True, "include": "*.yaml", "exclude": "{list,one}.yaml"}, ["three"]),
    ],
)
def test_it_reads_what_argo_cd_reads(folder: Path, told: dict[str, object], expected: list[str]) -> None:
    assert [body["metadata"]["name"] for _, body in directory.read(folder, told).objects] == expected


def test_jsonnet_is_listed_and_not_read(folder: Path) -> None:
    assert directory.read(folder, {}).unread == [folder / "made.jsonnet"]
    assert directory.read(folder, {"exclude": "*.jsonnet"}).unread == []


def test_a_manifest_that_is_none_stops_the_folder(folder: Path) -> None:
    (folder / "broken.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n")
    with pytest.raises(ClusterError, match=r"broken\.yaml:\d: no YAML"):
        directory.read(folder, {})
