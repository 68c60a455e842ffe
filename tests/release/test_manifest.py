"""The manifest as a text: only the released values change, and mistakes in it are one line."""

import difflib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pylib.errors import ReleaseError
from pylib.release.manifest import Manifest
from pylib.release.served import Values
from pylib.serving.deployment import read_deployment
from pylib.serving.repository import SERVER, manifest

MANIFEST = manifest("segmentation")
REPOSITORY = Path(__file__).parents[2]
SERVED = Manifest((REPOSITORY / MANIFEST).read_text(encoding="utf-8"), REPOSITORY / MANIFEST)
VALUES = Values("a" * 64, "sample@1e5", "0123", "passed: mean_iou 0.8 (≥ 0.7)")
texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)


def _changed(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


def test_in_the_repositorys_manifest_only_the_values_change():
    after = SERVED.with_values(VALUES)
    assert after.values == VALUES
    changed = _changed(SERVED.text, after.text)
    assert len([line for line in changed if line[0] == "-"]) == 3
    assert all(line[1:].strip().startswith('value: ""') for line in changed if line[0] == "-")
    assert len([line for line in changed if line[0] == "+"]) == 8  # with annotations: and its four lines


def test_the_model_server_reads_what_was_written(tmp_path):
    for file, text in (
        (MANIFEST, SERVED.with_values(VALUES).text),
        (SERVER, (REPOSITORY / SERVER).read_text()),
    ):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_text(text, encoding="utf-8")
    assert read_deployment(tmp_path, "segmentation").parameters == VALUES.parameters


@settings(max_examples=25, deadline=None)
@given(st.builds(Values, texts, texts, texts, texts))
def test_any_text_comes_back(values):
    before = Manifest(TEMPLATE.format(start="", note="x"), Path("m.yaml"))
    assert before.with_values(values).values == values
    again = before.with_values(values).with_values(VALUES)
    assert again == before.with_values(VALUES).with_values(VALUES)


TEMPLATE = """\
{start}kind: SeldonDeployment
metadata:
  name: m
spec:
  predictors:
  - graph:
      parameters:
      - {{name: model_digest, type: STRING, value: ""}}   # flow style
      children: []
    note: {note}
"""


@pytest.mark.parametrize("start", ["", "---\n", "# first\n---\n"])
@pytest.mark.parametrize("note", ["'single'", '"double"', "plain", "a " * 120 + "long line", "yes", "0o17"])
def test_layout_is_kept_and_missing_parameters_are_added(start, note):
    before = Manifest(TEMPLATE.format(start=start, note=note), Path("m.yaml"))
    after = before.with_values(VALUES)
    assert after.values == VALUES
    assert [line for line in _changed(before.text, after.text) if line[0] == "-"] == [
        '-       - {name: model_digest, type: STRING, value: ""}   # flow style'
    ]


def _replace(old: str, new: str) -> str:
    return TEMPLATE.format(start="", note="x").replace(old, new)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a SeldonDeployment"),
        ("- a\n", "is not a SeldonDeployment"),
        ("kind: Deployment\n", "is not a SeldonDeployment"),
        ("kind: [", "is not one YAML document"),
        ("kind: SeldonDeployment\n---\nkind: SeldonDeployment\n", "is not one YAML document"),
        ("kind: SeldonDeployment\nkind: SeldonDeployment\n", "is not one YAML document"),
        ("\x01", "is not one YAML document"),
        (_replace("  name: m\n", ""), "has no metadata"),
        (_replace("spec:", "specification:"), "has no predictor"),
        (_replace("predictors:", "predictors: []\n  others:"), "has no predictor"),
        (_replace("  - graph:", "  - name: other\n  - graph:"), "has no predictor"),
        (_replace("parameters:", "parameter:"), "has no predictor"),
        (_replace("parameters:", "parameters: 5\n      others:"), "are not a list"),
        (_replace("{name: model_digest,", "{nam: model_digest,"), "are not a list"),
        (_replace("  name: m\n", "  name: m\n  annotations: text\n"), "has annotations that are not a map"),
    ],
)
def test_a_malformed_manifest_is_one_line_that_names_it(text, says):
    manifest = Manifest(text, Path("cluster-conf/m.yaml"))
    for use in (lambda: manifest.values, lambda: manifest.with_values(VALUES)):
        with pytest.raises(ReleaseError, match=says) as error:
            use()
        assert str(error.value).startswith("cluster-conf/m.yaml ")
        assert "\n" not in str(error.value)
