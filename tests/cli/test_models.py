"""The verbs `models …` as a person reads them: on a terminal of any width, and in a file."""

import json

import pytest
import typer
from typer.testing import CliRunner

from pylib.cli.models import models_app
from pylib.errors import PylibError
from pylib.registry.folder import Registration, assemble
from pylib.registry.promotion import release_and_register
from tests.registry.conftest import (
    bare_machine,
    commit_all,
    in_git,
    judged,
    new_database,
    places,
    put,
    registered,
    source,
    trained,
)

FIXTURES = (bare_machine, commit_all, in_git, judged, new_database, places, put, registered, source, trained)

app = typer.Typer()
app.add_typer(models_app, name="models")


@pytest.fixture
def digests(tmp_path, monkeypatch, put, trained, places):
    """Two models in the registry of the output folder: of one data set, and of another whose name is long."""
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path))
    for name in ("COLUMNS", "PYLIB_ARTIFACTS", "PYLIB_RELEASE_REPOSITORY", "PYLIB_STORE", "PACHD_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    model, evaluation, second = trained("second")
    (model / "history.json").write_text(json.dumps({"config": {"batch": 16, "seed": 0}}))
    given = Registration("segmentation", "a-data-set-with-a-rather-long-name@c0ffeec0ffee", "1" * 40)
    first = put("first")
    folder = assemble(model, evaluation, tmp_path / "second.whole", given)
    release_and_register(folder, given, places, evaluation=evaluation)
    return first, second


def run(*arguments, **environment):
    done = CliRunner().invoke(app, ["models", *arguments], env=environment, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_list_is_whole_in_a_file_and_folded_at_a_width(digests):
    whole = run("list")
    assert "champion, served" in whole
    assert "a-data-set-with-a-rather-long-name@c0ffeec0" in whole
    narrow = run("list", COLUMNS="80")
    assert max(map(len, narrow.splitlines())) <= 80
    for said in (whole, narrow):
        assert "…" not in said
        assert all(digest[:12] in said for digest in digests)


def test_a_version_is_shown_with_what_it_was_made_with_and_what_it_reached(digests):
    said = run("show", "champion")
    assert digests[1] in said
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.splitlines() if "│" in line]
    assert ["batch", "16"] in rows
    assert ["mean_iou", "0.8"] in rows


def test_a_comparison_says_first_that_the_tests_were_others(digests):
    said = run("compare", "1", "2")
    note, *_ = said.splitlines()
    assert note.startswith(
        "! segmentation 1 was judged on sample@c0ffee and segmentation 2 was judged on a-data"
    )
    assert "cannot be compared here" in note
    compared = json.loads(run("compare", "1", "2", "--json"))
    assert compared["note"] in note
    assert compared["parameters"]["batch"] == ["8", "16"]
    assert json.loads(run("compare", "1", "1", "--json"))["note"] == ""


@pytest.mark.parametrize("how", [("segmentation",), ("--name", "segmentation")])
def test_a_name_is_a_word_or_an_option(digests, how):
    run("reconcile", *how)
    assert run("reconcile", *how) == "registry and Git agree\n"
    assert f"model {digests[0]} is back" in run("rollback", *how)


def test_a_version_is_named_after_its_pipeline_as_in_the_list(digests):
    assert run("show", "segmentation") == run("show", "--name", "segmentation")
    assert run("show", "segmentation", "1") == run("show", "1") != run("show")
    assert run("compare", "segmentation", "1", "2") == run("compare", "1", "2")


def test_a_wrong_name_is_one_line(digests):
    for words, said in (
        (("show", "1", "2"), "1 2: 1 at most; `pylib models list` has them"),
        (("show", "segmentation", "--name", "breeds"), "are two models: give one of them"),
        (("rollback", "segmentation", "--name", "breeds"), "are two models: give one of them"),
        (("reconcile", "breeds"), "no model 'breeds' is served or registered; there are: "),
    ):
        done = CliRunner().invoke(app, ["models", *words])
        assert isinstance(done.exception, PylibError)
        assert said in str(done.exception)
        assert "\n" not in str(done.exception)
