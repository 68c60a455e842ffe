"""A canary or a shadow beside the released model: commits that bring it, promote it, take it away."""

import re
from pathlib import Path

import pytest

from pylib.errors import ReleaseError
from pylib.release.git import Git
from pylib.release.manifest import Manifest
from pylib.release.models import read_served
from pylib.release.release import released
from pylib.release.rollback import abandon, roll_back
from pylib.release.served import Served
from pylib.reproduction.named import _released_by
from pylib.serving.deployment import read_deployment
from pylib.serving.repository import SERVER, kustomization, manifest
from pylib.store.artifacts import ArtifactStore
from tests.release.conftest import NAME

ROOT = Path(__file__).parents[2]
MANIFEST, KUSTOMIZATION = manifest(NAME), kustomization(NAME)


@pytest.fixture
def installed(source, commit_all) -> Path:
    """The user's repository as this one is: the manifest, the kustomization beside it, the server."""
    for file in (MANIFEST, KUSTOMIZATION, SERVER):
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).write_text((ROOT / file).read_text())
    commit_all(source, "As this repository")
    return source


@pytest.fixture
def clone(tmp_path, installed) -> Path:
    """Where releases are committed."""
    return tmp_path / "gitops"


@pytest.fixture
def end(tmp_path, source):
    """Abandon what stands."""

    def run(name: str | None = NAME):
        return abandon(name=name, repository=tmp_path / "gitops", source=source, push=False)[1]

    return run


def served(clone: Path) -> tuple[str, str, int]:
    """Champion, what stands beside it, and its traffic; as a server here reads it, too."""
    found = read_served(Git(clone), NAME)
    read = read_deployment(clone, NAME)
    assert read.parameters["model_digest"] == found.values.digest
    assert len(read.spec.predictors) == (2 if found.canary else 1)
    return found.models


def test_a_canary_is_one_commit_that_names_both(tmp_path, promote, clone, in_git):
    first, second = promote("first"), promote("second", traffic=10)
    assert second.is_new
    assert served(clone) == (first.digest, second.digest, 10)
    assert in_git(clone, "rev-parse", "HEAD^") == first.commit
    changed = in_git(clone, "show", "--name-only", "--format=", "HEAD").splitlines()
    assert sorted(changed) == sorted([MANIFEST.as_posix(), KUSTOMIZATION.as_posix()])
    message = in_git(clone, "log", "-1", "--format=%B").splitlines()
    subject = f"Release {NAME} {second.digest[:12]} to 10 % of requests, mean IoU 0.800 on sample"
    assert message[0] == subject
    trailers = in_git(clone, "log", "-1", "--format=%(trailers)").splitlines()
    assert trailers[:3] == [
        f"Canary: sha256:{second.digest}", "Traffic: 10 %", f"Beside: sha256:{first.digest}"
    ]  # fmt: skip
    told = released(clone)
    assert (told.digest, told.canary.values.digest, told.commit) == (
        first.digest,
        second.digest,
        second.commit,
    )
    assert told.canary.values.gate == "passed: mean_iou 0.8 (≥ 0.7)"
    assert second.digest in ArtifactStore(str(tmp_path / "artifacts")).list_models()
    assert not promote("second", traffic=10).is_new


def test_promoted_it_is_what_a_release_would_have_made(promote, clone, in_git):
    first, _ = promote("first"), promote("second", traffic=10)
    before = (clone / KUSTOMIZATION).read_text()
    made = promote("second")
    assert served(clone) == (made.digest, "", -1)
    assert before != (clone / KUSTOMIZATION).read_text() == (ROOT / KUSTOMIZATION).read_text()
    message = in_git(clone, "log", "-1", "--format=%B")
    assert message.startswith(f"Promote {NAME} {made.digest[:12]}, mean IoU 0.800 on sample")
    assert f"Replaces: sha256:{first.digest}" in message
    once = (clone / MANIFEST).read_text()
    in_git(clone, "reset", "-q", "--hard", first.commit)
    promote("second")
    assert (clone / MANIFEST).read_text() == once


@pytest.mark.parametrize("traffic", [10, 0])
def test_abandoned_by_another_it_is_not_promoted(promote, clone, end, in_git, traffic):
    first, second = promote("first"), promote("second", traffic=traffic)
    end()
    before = in_git(clone, "rev-parse", "HEAD")
    for share in (None, 20):
        with pytest.raises(ReleaseError, match=f"^{second.digest[:12]} does not stand .* any more") as error:
            promote("second", standing=True, traffic=share)
        assert "\n" not in str(error.value)
    assert in_git(clone, "rev-parse", "HEAD") == before
    assert served(clone) == (first.digest, "", -1)
    promote("second", traffic=traffic)
    assert promote("second", standing=True).is_new
    assert not promote("second", standing=True).is_new, "as two people who promote it"


@pytest.mark.parametrize("traffic", [10, 0])
def test_abandoned_there_is_nothing_left_of_it(promote, clone, end, in_git, traffic):
    first = promote("first")
    before = {file: (clone / file).read_bytes() for file in (MANIFEST, KUSTOMIZATION)}
    second = promote("second", traffic=traffic)
    made = end(None)
    assert made.digest == second.digest
    assert {file: (clone / file).read_bytes() for file in before} == before
    message = in_git(clone, "log", "-1", "--format=%B")
    assert message.startswith(
        f"Abandon the {'canary' if traffic else 'shadow'} of {NAME}, {second.digest[:12]}"
    )
    assert f"Serves: sha256:{first.digest}" in message
    with pytest.raises(ReleaseError, match="has no canary and no shadow"):
        end()


def test_git_revert_of_each_brings_back_what_was(promote, clone, end, in_git):
    promote("first")
    for step in (
        lambda: promote("second", traffic=0),
        lambda: promote("second", traffic=10),
        lambda: promote("second", traffic=50),
        lambda: promote("second"),
    ):
        before = in_git(clone, "rev-parse", "HEAD^{tree}")
        step()
        in_git(clone, "revert", "HEAD", "--no-edit")
        assert in_git(clone, "rev-parse", "HEAD^{tree}") == before
        step()
    promote("third", traffic=5)
    before = in_git(clone, "rev-parse", "HEAD^{tree}")
    end()
    in_git(clone, "revert", "HEAD", "--no-edit")
    assert in_git(clone, "rev-parse", "HEAD^{tree}") == before


def test_what_cannot_be_a_canary_is_refused_with_what_to_do(tmp_path, source, promote, clone, in_git):
    with pytest.raises(ReleaseError, match=r"has no released model that .* could stand beside"):
        promote("first", traffic=10)
    first = promote("first")
    for traffic, says in (
        (10, "is what segmentation serves already"),
        (51, "gets 1 to 50 %"),
        (-1, "1 to 50"),
    ):
        with pytest.raises(ReleaseError, match=says):
            promote("first", traffic=traffic)
    second = promote("second", traffic=10)
    told = (
        f"segmentation has a canary {second.digest[:12]} (10 % of requests): first `pylib models promote "
        "canary --name segmentation`, or `pylib models abandon segmentation`; then release"
    )
    for traffic in (None, 0, 10):
        with pytest.raises(ReleaseError, match=re.escape(told)):
            promote("third", traffic=traffic)
    where = {"artifacts": ArtifactStore(str(tmp_path / "artifacts")), "source": source}
    with pytest.raises(ReleaseError, match="`pylib models abandon segmentation` takes it away, then go back"):
        roll_back(name=NAME, repository=clone, push=False, **where)
    assert not promote("first").is_new
    assert served(clone) == (first.digest, second.digest, 10)
    assert in_git(clone, "status", "--porcelain") == ""


def test_after_a_promotion_a_rollback_serves_the_former_champion_alone(tmp_path, source, promote, clone):
    first, _, _ = promote("first"), promote("second", traffic=10), promote("second")
    where = {"artifacts": ArtifactStore(str(tmp_path / "artifacts")), "source": source}
    roll_back(name=NAME, repository=clone, push=False, **where)
    assert served(clone) == (first.digest, "", -1)


def test_a_commit_names_the_model_that_it_brought(promote, clone):
    made = [promote("first"), promote("second", traffic=10), promote("second", traffic=20), promote("second")]
    assert [_released_by(each.commit, [clone]) for each in made[:2]] == [made[0].digest, made[1].digest]
    assert _released_by(made[3].commit, [clone]) == made[3].digest


def test_what_the_source_brings_in_leaves_the_canary(promote, clone, installed, commit_all):
    first, second = promote("first"), promote("second", traffic=10)
    path = installed / KUSTOMIZATION
    path.write_text(path.read_text().replace("# The released", "# A released"))
    commit_all(installed, "A word")
    again = promote("second", traffic=25)
    assert again.is_new
    assert served(clone) == (first.digest, second.digest, 25)
    assert "# A released" in (clone / KUSTOMIZATION).read_text()
    assert "  - ../../../components/canary\n" in (clone / KUSTOMIZATION).read_text()


def test_a_manifest_with_its_own_server_gives_it_to_the_canary_too(tmp_path, promote):
    first, second = promote("first"), promote("second", traffic=10)
    read = read_deployment(tmp_path / "gitops", NAME)
    assert [each.componentSpecs[0].spec.containers[0].image for each in read.spec.predictors] == [
        "ghcr.io/OWNER/serve"
    ] * 2
    assert read_served(Git(tmp_path / "gitops"), NAME).models == (first.digest, second.digest, 10)


@pytest.mark.parametrize(
    ("first", "second", "champion"),
    [
        ("traffic: 90", "traffic: 10", 0),
        ("traffic: 40", "traffic: 60", 1),
        ("traffic: 50", "traffic: 50", 0),
        ("traffic: 0", "shadow: true", 0),
        ("shadow: true", "traffic: 100", 1),
        ("replicas: 1", "shadow: true", 0),
    ],
)
def test_the_champion_is_who_answers_most(first, second, champion):
    one = "{name: %s, %s, graph: {parameters: [{name: model_digest, value: %s}]}}"
    both = f"{one % ('default', first, 'a')}, {one % ('canary', second, 'b')}"
    text = f"kind: SeldonDeployment\nmetadata: {{name: m}}\nspec: {{predictors: [{both}]}}\n"
    found = Manifest(text, Path("m.yaml"))
    assert found.values.digest == "ab"[champion]
    assert found.served.canary.values.digest == "ab"[1 - champion]
    alone = found.with_served(found.served.abandoned("m"))
    assert alone.served == Served(found.values)
