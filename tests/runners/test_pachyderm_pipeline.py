"""A pipeline is in Pachyderm as Git says it, over gRPC to a pachd that makes a version of each update."""

import json

import pytest

from pylib.errors import ConfigurationError, StoreError
from pylib.provenance.materials import ROOT
from pylib.runners import pachyderm_pipeline
from pylib.store.pachd import Pachd
from tests.runners.pachyderm_server import repository, serving

SPEC = ROOT / "cluster-conf/pachyderm/base/retrain/pipeline.yaml"


@pytest.fixture
def pachyderm():
    with serving() as (held, address):
        held.client = Pachd(address)
        yield held
        held.client.close()


def test_it_is_made_with_the_repository_that_it_reads(pachyderm):
    spec = pachyderm_pipeline.read(SPEC)
    assert pachyderm_pipeline.ensure(pachyderm.client, spec) == "created"
    assert [each.repo.name for each in pachyderm.repos.values()] == ["images"]
    assert json.loads(pachyderm.versions["retrain"][-1]) == spec


def test_what_is_so_already_is_left_alone_since_an_update_would_stop_its_workers(pachyderm):
    spec = pachyderm_pipeline.read(SPEC)
    pachyderm_pipeline.ensure(pachyderm.client, spec)
    assert pachyderm_pipeline.ensure(pachyderm.client, spec) == "unchanged"
    assert len(pachyderm.versions["retrain"]) == 1


def test_what_git_changed_is_updated(pachyderm):
    spec = pachyderm_pipeline.read(SPEC)
    pachyderm_pipeline.ensure(pachyderm.client, spec)
    assert pachyderm_pipeline.ensure(pachyderm.client, {**spec, "description": "another"}) == "updated"
    assert json.loads(pachyderm.versions["retrain"][-1])["description"] == "another"


def test_a_repository_that_is_there_needs_no_right_to_make_one(pachyderm):
    pachyderm.client.pfs.create_repo(repo=repository("images"))
    pachyderm.calls.clear()
    pachyderm_pipeline.ensure(pachyderm.client, pachyderm_pipeline.read(SPEC))
    assert "CreateRepo" not in pachyderm.calls


def test_a_pachd_that_comes_up_is_waited_for(pachyderm):
    pachyderm.starting = 1
    assert pachyderm_pipeline.ensure(pachyderm.client, pachyderm_pipeline.read(SPEC)) == "created"


def test_nobody_there_is_one_line():
    pachd = Pachd("127.0.0.1:9")
    with pytest.raises(
        StoreError, match=r"pachd 127\.0\.0\.1:9: inspect pipeline retrain: .*is it up"
    ) as error:
        pachyderm_pipeline.ensure(pachd, pachyderm_pipeline.read(SPEC), seconds=0)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["[]", "a: [", "transform: {}"])
def test_a_file_that_is_none_is_named(tmp_path, text):
    (tmp_path / "spec.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"spec\.yaml: ") as error:
        pachyderm_pipeline.read(tmp_path / "spec.yaml")
    assert "\n" not in str(error.value)
