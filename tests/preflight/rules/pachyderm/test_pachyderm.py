"""Specifications of Pachyderm pipelines: what pachd would refuse, found in its place, and nothing else."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from preflight import rules
from preflight.platform.pachyderm_specs import Spec, specs
from preflight.registry import RULES, run
from preflight.render import bases
from preflight.rules.pachyderm import worker
from preflight.schemas import pachyderm
from pylib.provenance.materials import ROOT
from tests.preflight.cases import TREE, case

RULES_HERE = [rule for rule in rules.every() if rule.id.startswith("pachyderm-")]
SPEC = ROOT / "cluster-conf/pachyderm/base/retrain/pipeline.yaml"


def test_every_specification_of_a_file_is_found() -> None:
    assert [spec.name for spec in specs(case("pachyderm-sound").render)] == ["retrain", "edges", "montage"]


def test_a_misspelt_field_gets_a_did_you_mean(render_of: Any) -> None:
    spec = {**yaml.safe_load(SPEC.read_text()), "datumTryes": 3}
    (finding,) = run(render_of(in_config_map(spec), tree=TREE), [RULES["pachyderm-schema"]])
    assert finding.message == "there is no field datumTryes; did you mean datumTries?"


@pytest.mark.parametrize("misspelt", ["pipelin", "transfrom", "inputs"])
def test_one_of_the_telling_fields_may_be_misspelt_itself(render_of: Any, misspelt: str) -> None:
    told = {"pipelin": "pipeline", "transfrom": "transform", "inputs": "input"}[misspelt]
    spec = {
        misspelt if key == told else key: value for key, value in yaml.safe_load(SPEC.read_text()).items()
    }
    fields = [each.field for each in run(render_of(in_config_map(spec), tree=TREE), RULES_HERE)]
    assert fields == [misspelt]


def test_a_file_that_no_config_map_holds_is_looked_at_too(render_of: Any, tmp_path: Path) -> None:
    copy = shutil.copytree(TREE, tmp_path / "tree")
    file = copy / "cluster-conf/web/pipeline.json"
    file.write_text(json.dumps({"pipeline": {"name": "x"}, "transform": {"image": "a:1"}, "input": {}}))
    found = run(render_of("", tree=copy), [RULES["pachyderm-refused"]])
    assert {(each.application, each.file, each.field) for each in found} == {
        ("web", "cluster-conf/web/pipeline.json", "transform.cmd"),
        ("web", "cluster-conf/web/pipeline.json", "input"),
    }


def test_it_is_told_in_the_file_where_a_person_wrote_it(render_of: Any) -> None:
    (spec,) = specs(render_of(in_config_map(yaml.safe_load(SPEC.read_text())), tree=ROOT))
    assert spec.file == SPEC.relative_to(ROOT).as_posix()


def test_the_table_is_upstreams_without_its_prose() -> None:
    upstream = {
        "$ref": "#/definitions/Top",
        "definitions": {
            "Top": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "below": {
                        "$ref": "#/definitions/Top",
                        "oneOf": [{"type": "null"}, {}],
                        "description": "x",
                    },
                    "number": {"oneOf": [{"type": "integer"}, {"type": "null"}]},
                    "names": {"items": {"type": "string"}, "type": "array", "additionalProperties": False},
                    "env": {"oneOf": [{"type": "object"}], "additionalProperties": {"type": "string"}},
                    "wait": {"type": "string", "pattern": "s$", "format": "regex"},
                },
            }
        },
    }
    made = pachyderm.of_schema(upstream, "from x")
    assert made["properties"] == {
        "below": {"$ref": "#/$defs/Top"},
        "number": {"type": "integer"},
        "names": {"type": "array", "items": {"type": "string"}},
        "env": {"type": "object", "properties": {}, "additionalProperties": {"type": "string"}},
        "wait": {"type": "string", "pattern": "s$"},
    }
    assert made["additionalProperties"] is False


def test_the_table_is_made_of_the_charts_release(
    render_of: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / pachyderm.UPSTREAM
    file.parent.mkdir(parents=True)
    upstream = {"$ref": "#/definitions/Top", "definitions": {"Top": {"type": "object"}}}
    file.write_text(json.dumps(upstream))
    asked: list[bases.Base] = []
    monkeypatch.setattr(bases, "folder", lambda base: asked.append(base) or tmp_path)
    made = pachyderm.make([case("pachyderm-table").render])
    assert list(made) == ["pachyderm.com/createpipelinerequest_v2.json"]
    assert "pachyderm/pachyderm@v2.13.0" in next(iter(made.values()))
    assert str(asked[0]) == "pachyderm/pachyderm@v2.13.0"
    assert pachyderm.make([render_of("")]) == {}


def test_a_patch_does_what_rfc_6902_says() -> None:
    def made(*operations: dict[str, Any]) -> dict[str, Any]:
        body = {"transform": {"image": "a"}, "podPatch": json.dumps(operations)}
        return worker.patched({"a": [1, 2], "b": {"c/d": 1}}, Spec("x", "y", body))

    assert made({"op": "add", "path": "/a/-", "value": 3})["a"] == [1, 2, 3]
    assert made({"op": "add", "path": "/a/0", "value": 3})["a"] == [3, 1, 2]
    assert made({"op": "replace", "path": "/a/1", "value": 3})["a"] == [1, 3]
    assert made({"op": "remove", "path": "/a/0"})["a"] == [2]
    assert made({"op": "remove", "path": "/b/c~1d"})["b"] == {}
    assert made({"op": "copy", "from": "/a/0", "path": "/d"})["d"] == 1
    assert made({"op": "move", "from": "/a/0", "path": "/d"}) == {"a": [2], "b": {"c/d": 1}, "d": 1}
    assert made({"op": "test", "path": "/a/0", "value": 1})["a"] == [1, 2]
    for wrong, error in (
        ({"op": "replace", "path": "/c", "value": 3}, KeyError),
        ({"op": "add", "path": "/a/7", "value": 3}, IndexError),
        ({"op": "test", "path": "/a/0", "value": 2}, ValueError),
        ({"op": "repalce", "path": "/a/0", "value": 2}, ValueError),
    ):
        with pytest.raises(error):
            made(wrong)


def in_config_map(spec: dict[str, Any]) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "p", "namespace": "pachyderm"},
            "data": {"p.yaml": yaml.safe_dump(spec)},
        }
    )
