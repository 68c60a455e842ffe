"""Which code a release names: that which trained the model, whatever the checkout holds by then."""

from datetime import UTC, datetime

import pytest

from pylib.provenance.materials import source
from pylib.provenance.statement import Definition, build_statement, write_bundle
from pylib.steps.release import _git_commit


def recorded(folder, step, commit, *, clean):
    at = datetime(2026, 11, 28, tzinfo=UTC)
    made = build_statement(
        Definition(step, {}, ()), [{"name": "model", "digest": {"sha256": "0" * 64}}], at, at
    )
    for resource in made["predicate"]["buildDefinition"]["resolvedDependencies"]:
        if resource["name"] == "git":
            resource |= {"digest": {"gitCommit": commit}, "annotations": {"clean": clean}}
    folder.mkdir()
    write_bundle(folder, [made])
    return folder


@pytest.mark.parametrize(("clean", "said"), [(True, "c" * 40), (False, "c" * 40 + "-dirty")])
def test_the_commit_is_the_train_steps(tmp_path, clean, said):
    assert _git_commit(recorded(tmp_path / "model", "train", "c" * 40, clean=clean)) == said


def test_without_such_a_record_it_is_the_checkouts(tmp_path):
    model = recorded(tmp_path / "model", "prepare", "c" * 40, clean=True)
    assert _git_commit(model).startswith(source()["digest"]["gitCommit"])
