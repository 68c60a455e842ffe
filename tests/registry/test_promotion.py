"""Releases, promotions and rollbacks in real Git, with a real registry in SQLite."""

import json
from dataclasses import replace

import pytest
import yaml

from pylib.errors import GateError, RegistryError, ReleaseError
from pylib.evaluation.gate import Gate
from pylib.registry.promotion import promote, rollback
from pylib.registry.versions import Versions, find
from pylib.release.release import released
from pylib.serving.repository import manifest


def test_what_is_released_is_a_version_with_all_that_is_known_of_it(places, put, registered):
    digest = put("first")
    (version,) = registered()
    assert (version.digest, version.verdict, version.reason) == (digest, "passed", "")
    assert (version.data_commit, version.git_commit) == ("sample@c0ffee", "1" * 40)
    assert (version.score, version.aliases) == ("mean_iou 0.8", ("champion",))
    assert version.source == f"{places.artifacts.url}/models/{digest}"

    versions = Versions.open(places.tracking)
    parameters, measured = versions.figures(version)
    assert parameters == {"batch": "8", "seed": "0", "threads": "4"}
    assert measured["mean_iou"] == 0.8
    assert measured["per_class.object.iou"] == 0.8
    epochs = versions.client.get_metric_history(version.run, "mean_iou")
    assert [(point.step, point.value) for point in epochs] == [(0, 0.25), (1, 0.75)]
    files = {each.path for each in versions.client.list_artifacts(version.run, "model")}
    assert files == {f"model/{name}" for name in ("MLmodel", "evaluation.json", "history.json",
                     "input_example.json", "labels.json", "model.json", "report.html")}  # fmt: skip

    def read(name: str) -> str:
        return places.artifacts.get_file(f"models/{digest}/{name}").decode()

    assert json.loads(read("labels.json")) == {"0": "object", "1": "background"}
    (taken,) = json.loads(yaml.safe_load(read("MLmodel"))["signature"]["inputs"])
    assert taken["tensor-spec"] == {"dtype": "uint8", "shape": [-1, -1, -1, 3]}
    example = json.loads(read("input_example.json"))["inputs"]["images"]
    assert (len(example), len(example[0]), len(example[0][0]), example[0][0][0]) == (1, 16, 16, [0, 0, 0])


def test_registered_twice_it_is_one_version(put, registered):
    assert put("first") == put("first")
    assert len(registered()) == 1


def test_one_that_does_not_pass_is_a_candidate_with_the_reason_and_is_not_served(
    places, put, registered, aliases
):
    first, poor = put("first"), put("poor", iou=0.1)
    assert released(places.repository).digest == first
    assert aliases() == {"champion": first, "candidate": poor}
    rejected = registered()[-1]
    assert rejected.verdict == "rejected"
    assert "mean_iou 0.1 (≥ 0.7)" in rejected.reason
    with pytest.raises(GateError, match=r"mean_iou 0.1"):
        promote(rejected, places, Versions.open(places.tracking))
    assert released(places.repository).digest == first


def test_judged_again_by_another_gate_it_is_the_same_version_and_may_be_promoted(
    places, put, registered, aliases
):
    digest = put("first", iou=0.5)
    assert registered()[0].verdict == "rejected"
    assert put("first", iou=0.5, gate=Gate.model_validate({"mean_iou": {"minimum": 0.4}})) == digest
    (version,) = registered()
    assert (version.verdict, version.reason, aliases()) == ("passed", "", {"champion": digest})
    assert not promote(version, places, Versions.open(places.tracking)).is_new


def test_promoting_and_going_back(places, put, registered, aliases, in_git):
    first, second, third = put("first"), put("second"), put("third")
    text = (places.repository / manifest("segmentation")).read_text()
    versions = Versions.open(places.tracking)

    assert rollback(None, places).digest == second
    assert rollback(None, places).digest == first
    assert aliases() == {"champion": first}
    with pytest.raises(ReleaseError, match="is the first release of segmentation"):
        rollback(None, places)

    assert promote(find(registered(), third[:8]), places, versions).is_new
    assert (places.repository / manifest("segmentation")).read_text() == text
    assert aliases() == {"champion": third}
    assert rollback(None, places).digest == first  # what it took the place of


def test_a_rollback_is_what_git_revert_does(places, put, in_git):
    put("first")
    put("second")
    clone = places.repository
    in_git(clone, "revert", "--no-edit", "HEAD")
    reverted = in_git(clone, "rev-parse", "HEAD^{tree}")
    in_git(clone, "reset", "-q", "--hard", "HEAD^")
    rollback(None, places)
    assert in_git(clone, "rev-parse", "HEAD^{tree}") == reverted


@pytest.mark.parametrize("what", ["4", "ffffffff", "first", "", "0" * 64, "champio"])
def test_a_model_that_is_not_there(put, registered, what):
    put("first")
    with pytest.raises(RegistryError, match=r"no model '.*' is registered .*`pylib models list`") as error:
        find(registered(), what)
    assert "\n" not in str(error.value)


def test_an_alias_that_no_version_has_says_why(put, registered):
    put("first")
    with pytest.raises(
        RegistryError,
        match=r"^no version of segmentation is candidate: .* released, so it goes by its number; `py",
    ):
        find(registered(), "candidate")
    put("poor", iou=0.1)
    assert find(registered(), "candidate").score == "mean_iou 0.1"
    with pytest.raises(
        RegistryError, match=r"^no version of segmentation is champion: no commit serves one; "
    ):
        find(registered()[1:], "champion")


def test_too_few_digits(put, registered):
    digest = put("first")
    assert find(registered(), digest[:8].upper()).digest == digest
    with pytest.raises(RegistryError, match="at least 8 digits"):
        find(registered(), digest[:7])


def test_files_that_are_gone(places, put, registered):
    first, _ = put("first"), put("second")
    places.artifacts.delete_model(first)
    with pytest.raises(RegistryError, match=f"has no {first} in .* any more"):
        promote(registered()[0], places, Versions.open(places.tracking))
    with pytest.raises(ReleaseError, match=r"is not in .* any more: promote another model"):
        rollback(None, places)


def test_nothing_to_go_back_from(places):
    with pytest.raises(ReleaseError, match="nothing is released"):
        rollback(None, places)


def test_a_tracker_that_is_down_costs_a_line_and_no_release(places, put, capsys, tmp_path):
    (tmp_path / "way").write_text("in the way")
    down = replace(places, tracking=f"sqlite:///{tmp_path / 'way' / 'mlflow.db'}")
    digest = put("first", places=down)
    assert released(places.repository).digest == digest
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"warning: MLflow at {down.tracking}: ")
    assert line.endswith("the registry is behind, `pylib models reconcile` mends it")


def test_a_registry_that_only_may_be_read(places, put, registered, capsys, in_git, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # MLflow makes the folders of such a URI where it is, from `file:` on
    first, _ = put("first"), put("second")
    database = places.tracking.removeprefix("sqlite:///")
    reading = replace(places, tracking=f"sqlite:///file:{database}?mode=ro&uri=true")
    assert registered(places=reading)[0].digest == first
    assert rollback(None, reading).digest == first
    (line,) = capsys.readouterr().out.splitlines()
    assert "readonly database; make it writable" in line
    assert "[SQL" not in line
