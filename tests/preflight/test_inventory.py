"""The table of components is made of the renders, and the README's is the current one."""

from pathlib import Path

import pytest

from preflight.errors import ClusterError
from preflight.inventory import BEGIN, END, FILE, table, write
from preflight.render.cluster import Render, render
from preflight.render.resources import Origin, Resource
from tests.preflight.conftest import application, needs_kustomize

ROOT = Path(__file__).parents[2]


def resource(app: str, file: str, kind: str = "ConfigMap", namespace: str = "a") -> Resource:
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": namespace}}
    return Resource(app, body, Origin(file, upstream="@" in file))


@pytest.fixture
def renders(tmp_path: Path) -> list[Render]:
    web = application("web", wave=3)
    web_objects = [resource("web", "owner/name@v1:x.yaml"), resource("web", "cluster-conf/web/y.yaml")]
    extra = application("extra", wave=5)
    return [
        Render("gpu", tmp_path, {"web": web, "extra": extra}, [*web_objects, resource("extra", "z.yaml")]),
        Render("local", tmp_path, {"web": web}, web_objects[:1]),
    ]


def test_a_line_has_versions_namespaces_and_the_objects_of_each_cluster(renders: list[Render]) -> None:
    lines = table(renders).splitlines()
    assert lines[2:] == [
        "| 3 | `web` | owner/name@v1 | a | 2 | 1 |",
        "| 5 | `extra` | ours | a | 1 | none |",
        "|  | all, with what installs them |  |  | 3 (0 CRDs) | 1 (0 CRDs) |",
    ]


def test_only_what_is_between_the_marks_changes(tmp_path: Path, renders: list[Render]) -> None:
    file = tmp_path / FILE
    file.parent.mkdir()
    file.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert write(tmp_path, renders)
    assert file.read_text() == f"before\n{BEGIN}\n{table(renders)}\n{END}\nafter\n"
    assert not write(tmp_path, renders)
    file.write_text("no marks")
    with pytest.raises(ClusterError, match="has no line"):
        write(tmp_path, renders)


@needs_kustomize
def test_the_readme_s_table_is_current() -> None:
    renders = [render(ROOT, name) for name in ("gpu", "local")]
    if any(made.unchecked for made in renders):
        # Without upstream's bases its objects cannot be counted, but every component still has its line.
        names = {name for made in renders for name, each in made.applications.items() if not each.chart}
        text = (ROOT / FILE).read_text()
        assert not [name for name in names - {"root"} if f"| `{name}` |" not in text]
    else:
        assert table(renders) in (ROOT / FILE).read_text()
