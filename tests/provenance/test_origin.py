"""Which code and data a model names: what its records say, whatever the checkout holds by then."""

from datetime import UTC, datetime

import pytest

from pylib.provenance.materials import source
from pylib.provenance.origin import data_commit, git_commit
from pylib.provenance.statement import Definition, build_statement, read_bundle, write_bundle


def recorded(folder, step, commit, *, clean, inputs=()):
    at = datetime(2026, 11, 28, tzinfo=UTC)
    made = build_statement(
        Definition(step, {}, inputs), [{"name": "model", "digest": {"sha256": "0" * 64}}], at, at
    )
    for resource in made["predicate"]["buildDefinition"]["resolvedDependencies"]:
        if resource["name"] == "git":
            resource |= {"digest": {"gitCommit": commit}, "annotations": {"clean": clean}}
    folder.mkdir()
    write_bundle(folder, [made])
    return folder


@pytest.mark.parametrize(("clean", "said"), [(True, "c" * 40), (False, "c" * 40 + "-dirty")])
def test_the_commit_is_the_train_steps(tmp_path, clean, said):
    assert git_commit(recorded(tmp_path / "model", "train", "c" * 40, clean=clean)) == said


def test_without_such_a_record_it_is_the_checkouts(tmp_path):
    model = recorded(tmp_path / "model", "prepare", "c" * 40, clean=True)
    assert git_commit(model).startswith(source()["digest"]["gitCommit"])


def test_the_data_is_what_a_step_was_given(tmp_path):
    given = {"name": "data", "uri": "data:wine@" + "a" * 64, "digest": {"sha256": "a" * 64}}
    model = recorded(tmp_path / "model", "read_table", "c" * 40, clean=True, inputs=(given,))
    assert data_commit(read_bundle(model)) == "wine@" + "a" * 64
    assert data_commit([]) is None
