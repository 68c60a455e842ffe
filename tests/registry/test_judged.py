"""A table's model in the registry: what is known of it, made to agree, refused where nothing serves it."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pylib.errors import RegistryError, ReleaseError
from pylib.provenance.digests import sha256_file
from pylib.registry.folder import Registration, assemble
from pylib.registry.judged import check_served
from pylib.registry.lookup import look
from pylib.registry.promotion import keep_unserved, promote, rollback
from pylib.registry.reconcile import reconcile
from pylib.registry.removal import gc
from pylib.registry.versions import Versions, find
from pylib.tabular.judgement import TableEvaluation
from tests.registry.learned_table import NAME, learn

FILES = {
    *("MLmodel", "coefficients.json", "evaluation/regression.json", "input_example.json", "model.onnx"),
    *("provenance.intoto.jsonl", "registration.json", "table.json"),
}


@pytest.fixture(scope="session")
def learned(tmp_path_factory, new_database):
    """The data commit, and the folders of two models, the weaker penalty first."""
    return learn(tmp_path_factory.mktemp("learned"), new_database, 0.01, 0.05)


@pytest.fixture
def keep(tmp_path, learned, places):
    """Register the first or the second as the pipeline does; returns its folder and its digest."""
    data, made = learned
    given = Registration(NAME, data, "1" * 40)
    calls: Iterator[int] = iter(range(99))

    def run(which: int = 0, *, places=places, limit: float | None = None) -> tuple[Path, str]:
        model, evaluation = made[which]
        if limit is not None:
            evaluation = judged_by(limit, evaluation, tmp_path / f"judged-{next(calls)}")
        folder = assemble(model, evaluation, tmp_path / f"whole-{next(calls)}", given)
        keep_unserved(folder, given, places)
        return folder, sha256_file(folder / "model.onnx")

    return run


def judged_by(limit: float, evaluation: Path, folder: Path) -> Path:
    """The same evaluation with another limit of r2 and its `passed` as it was: nobody is to believe it."""
    shutil.copytree(evaluation, folder)
    content = json.loads((folder / "regression.json").read_text())
    next(each for each in content["gate"]["checks"] if each["metric"] == "r2")["minimum"] = limit
    (folder / "regression.json").write_text(json.dumps(content))
    return folder


def test_it_is_a_version_with_all_that_is_known_of_it(places, keep, learned, registered):
    folder, digest = keep()
    (version,) = registered(name=NAME)
    judged = TableEvaluation.read(folder / "evaluation")
    assert (version.digest, version.verdict, version.reason) == (digest, "passed", "")
    assert (version.data_commit, version.git_commit) == (learned[0], "1" * 40)
    assert (version.score, version.aliases) == (f"r2 {judged.metrics['r2']:.4g}", ("candidate",))
    assert f"r2 {judged.metrics['r2']:.4g} (≥ 0.2)" in version.gate
    assert version.source == f"{places.artifacts.url}/models/{digest}"

    versions = Versions.open(places.tracking)
    parameters, measured = versions.figures(version)
    assert parameters.items() >= {"alpha": "0.01", "l1_ratio": "0.5", "target": "progression"}.items()
    assert measured == {
        **judged.metrics,
        "rows": judged.rows,
        "parity.max_difference": judged.parity["max_difference"],
    }
    logged = {each.path for each in versions.client.list_artifacts(version.run, "model")}
    assert logged == {f"model/{Path(name).name}" for name in FILES - {"model.onnx", "registration.json"}}


def test_the_artifact_store_has_what_lies_beside_it(tmp_path, places, keep):
    _, digest = keep()
    places.artifacts.get_model(digest, tmp_path / "got")
    found = {path.relative_to(tmp_path / "got").as_posix() for path in (tmp_path / "got").rglob("*.*")}
    assert found | {"MLmodel"} == FILES
    signature = yaml.safe_load((tmp_path / "got/MLmodel").read_text())["signature"]
    (taken,) = json.loads(signature["inputs"])
    assert taken["tensor-spec"] == {"dtype": "float64", "shape": [-1, 10]}


def test_the_newest_is_the_candidate_and_git_is_not_asked(places, keep, aliases):
    keep(0)
    _, second = keep(1)
    assert aliases(name=NAME) == {"candidate": second}
    assert not places.repository.exists()


def test_registered_twice_it_is_one_version(places, keep, registered):
    keep(0)
    keep(0)
    assert [each.number for each in registered(name=NAME)] == [1]
    assert reconcile(places, Versions.open(places.tracking)) == []


def test_a_verdict_is_what_its_own_figures_say(keep, registered):
    keep(0)
    keep(0, limit=0.9)
    (version,) = registered(name=NAME)
    assert version.verdict == "rejected"
    assert "r2 0.3" in version.reason
    assert "≥ 0.9" in version.reason
    keep(0)
    assert [(each.verdict, each.reason) for each in registered(name=NAME)] == [("passed", "")]


def test_a_registry_that_is_lost_comes_back(places, keep, registered, aliases, new_database):
    keep(0)
    (before,) = registered(name=NAME)
    shutil.copyfile(new_database, places.tracking.removeprefix("sqlite:///"))
    found = reconcile(places, Versions.open(places.tracking))
    assert [each.what for each in found if "was not registered" in each.what]
    assert all(each.mended for each in found)
    (after,) = registered(name=NAME)
    assert after == replace(before, run=after.run, registered=after.registered)
    assert aliases(name=NAME) == {"candidate": before.digest}
    assert reconcile(places, Versions.open(places.tracking)) == []


def test_an_evaluation_of_another_model_is_said_and_not_mended(places, keep, learned, new_database):
    folder, digest = keep(0)
    other = learned[1][1][1] / "regression.json"
    (folder / "evaluation/regression.json").write_bytes(other.read_bytes())
    places.artifacts.renew(folder, digest, ["evaluation/regression.json"])
    shutil.copyfile(new_database, places.tracking.removeprefix("sqlite:///"))
    (found,) = reconcile(places, Versions.open(places.tracking))
    assert not found.mended
    assert f"not of {digest[:12]}; run the pipeline again" in found.what


def test_what_is_old_is_collected(places, keep, registered):
    _, first = keep(0)
    _, second = keep(1)
    removed = gc(places, Versions.open(places.tracking), keep=1, dry_run=False)
    assert [each.digest for each in removed.versions] == [first]
    assert [each.digest for each in registered(name=NAME)] == [second]
    assert places.artifacts.list_models() == [second]


def test_nothing_serves_it(places, keep, registered):
    keep(0)
    (version,) = registered(name=NAME)
    with pytest.raises(RegistryError, match=r"^tabular 1 \(.*\) is a model of a table, and nothing serves"):
        promote(version, places, Versions.open(places.tracking))
    with pytest.raises(ReleaseError, match=r"^nothing serves tabular in .*; it serves: segmentation$"):
        rollback(NAME, places)
    assert registered(name=NAME) == [version]


def test_beside_models_of_images_it_changes_nothing_of_theirs(places, put, keep, aliases):
    first = put("first")
    _, digest = keep(0)
    assert aliases() == {"champion": first}
    assert aliases(name=NAME) == {"candidate": digest}
    assert reconcile(places, Versions.open(places.tracking)) == []


def test_a_tracker_that_is_down_costs_a_line_and_is_made_up_for(tmp_path, places, keep, registered, capsys):
    (tmp_path / "way").write_text("in the way")
    down = replace(places, tracking=f"sqlite:///{tmp_path / 'way' / 'mlflow.db'}")
    _, digest = keep(0, places=down)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"warning: MLflow at {down.tracking}: ")
    reconcile(places, Versions.open(places.tracking))
    assert [each.digest for each in registered(name=NAME)] == [digest]


def test_its_folders_are_refused_by_a_release_that_serves(learned, judged):
    _, ((_, evaluation), _) = learned
    with pytest.raises(ReleaseError, match=r"regression.json judges a model of a table, and nothing serves"):
        check_served(evaluation)
    check_served(judged("an image model")[1])


def test_an_alias_of_two_models_is_one_of_the_names_to_be_given(places, keep, put, registered):
    put("first")
    keep()
    whole = [*registered(), *registered(name=NAME)]
    assert find(whole, "candidate").name == NAME
    assert find(whole, "champion").name == "segmentation"
    put("poor", iou=0.1)
    several = [*registered(), *registered(name=NAME)]
    with pytest.raises(
        RegistryError, match=r"'candidate' may be .*: give --name segmentation or --name tabu"
    ):
        find(several, "candidate")
    assert look(places, "candidate", None, served=True)[1].name == "segmentation"
