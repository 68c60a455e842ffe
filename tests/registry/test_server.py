"""The registry on a real `mlflow server`, with models in a folder of this machine and in a bucket."""

from dataclasses import replace

import pytest

from pylib.errors import RegistryError
from pylib.registry.promotion import promote, rollback
from pylib.registry.reconcile import reconcile
from pylib.registry.removal import gc
from pylib.registry.versions import CHAMPION, Versions
from pylib.release.release import released
from pylib.store.artifacts import ArtifactStore
from tests.registry.mlflow_server import serving

pytestmark = pytest.mark.slow
NAME = "segmentation"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server")) as uri:
        yield uri


@pytest.mark.parametrize("bucket", [False, True])
def test_all_verbs(tmp_path, request, monkeypatch, places, put, registered, aliases, server, bucket):
    for versions in [Versions.open(server)]:
        for version in versions.of(NAME):
            versions.remove(version)
    artifacts = places.artifacts
    if bucket:
        request.getfixturevalue("s3")
        artifacts = ArtifactStore("s3://data/models-of-steps")
    there = replace(places, tracking=server, artifacts=artifacts)

    first, second = put("first", places=there), put("second", places=there)
    poor = put("poor", places=there, iou=0.1)
    assert aliases(places=there) == {"champion": second, "candidate": poor}
    assert put("second", places=there) == second
    assert len(registered(places=there)) == 3
    version = registered(places=there)[0]
    assert version.source.startswith("s3://data/models-of-steps/models/" if bucket else "mlflow-artifacts:")
    files = {each.path for each in versions.client.list_artifacts(version.run, "model")}
    assert {"model/MLmodel", "model/report.html", "model/evaluation.json"} <= files
    parameters, measured = versions.figures(version)
    assert (parameters["batch"], measured["mean_iou"]) == ("8", 0.8)

    assert rollback(None, there).digest == first
    assert aliases(places=there)["champion"] == first
    assert promote(registered(places=there)[1], there, versions).is_new
    versions.point(NAME, CHAMPION, version)
    assert len(reconcile(there, versions)) == 1
    assert aliases(places=there)["champion"] == second == released(there.repository).digest

    put("poor_2", places=there, iou=0.2)
    assert [each.digest for each in gc(there, versions, keep=1, dry_run=False).versions] == [poor]
    assert reconcile(there, versions) == []


def test_a_server_that_is_not_there(places, put, capsys):
    away = replace(places, tracking="http://127.0.0.1:9/mlflow")
    digest = put("first", places=away)
    assert released(places.repository).digest == digest
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("warning: MLflow at http://127.0.0.1:9/mlflow: ")
    with pytest.raises(RegistryError, match=r"^MLflow at http://127.0.0.1:9/mlflow: ") as error:
        away.versions()
    assert "\n" not in str(error.value)
