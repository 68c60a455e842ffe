"""The verbs around a canary as a person runs them: promote --canary, released, compare, explain, abandon."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import typer
from typer.testing import CliRunner

from pylib.cli.compare import compare
from pylib.cli.explain import _served
from pylib.cli.models import models_app
from pylib.cli.release import released
from pylib.errors import PylibError
from pylib.release.git import Git
from pylib.settings import settings
from tests.cli.test_models import digests
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

FIXTURES = (
    bare_machine, commit_all, digests, in_git, judged, new_database, places, put, registered, source, trained
)  # fmt: skip

app = typer.Typer()
app.add_typer(models_app, name="models")
app.command("released")(released)
app.command("compare")(compare)


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, catch_exceptions=False, env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, PylibError), done.output
    assert "\n" not in str(done.exception)
    return str(done.exception)


@pytest.fixture
def canary(digests, tmp_path):
    """The second model beside the first, with what both answered; returns both digests."""
    first, second = digests
    assert "has no canary and no shadow to compare" in refused("compare")
    run("models", "rollback")
    assert "released to 10 % of requests in commit" in run("models", "promote", second[:12], "--canary", "10")
    now = datetime.now(UTC)
    answers = [(now, first, "default", 1), (now, second, "canary", 2)]
    # Of before the canary's commit: as the champion that it was, and as a canary of another time.
    before = now - timedelta(minutes=1)
    answers += [(before, first, "default", 3), (before, second, "canary", 3), (now, second, "default", 3)]
    lines = [
        {"prediction_id": f"{at}{digest}{name}", "time": time.isoformat(), "model_digest": digest,
         "image_sha256": str(at), "seconds": 0.01 * seconds, "predictor": name,
         "answer": {"label": "cat" if at else name, "confidence": 0.5}}
        for time, digest, name, seconds in answers for at in range(4)
    ]  # fmt: skip
    (tmp_path / "predictions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return first, second


def test_a_canary_is_looked_at_and_taken_away(canary):
    first, second = canary
    told = json.loads(run("released", "--json"))
    assert (told["digest"], told["canary"]["values"]["digest"], told["canary"]["traffic"]) == (
        first,
        second,
        10,
    )
    assert f"canary {second[:12]} (10 % of requests)" in run("released")
    commit = told["commit"]
    before = Git(settings().release_repository).run("rev-parse", f"{commit}^")  # the way back to the first
    assert _served(first) == f", served by Git commit {before} as segmentation"
    assert _served(second) == f", served by Git commit {commit} as canary of segmentation"
    found = json.loads(run("compare", "--json"))
    assert (found["name"], found["traffic"], found["shadow"]) == ("segmentation", 10, False)
    assert found["champion"] == {
        "digest": first, "answers": 4, "confidence": 0.5, "p50_seconds": 0.01, "p99_seconds": 0.01
    }  # fmt: skip
    assert found["agreement"]["mean"] == 0.75
    said = run("compare")
    assert "they agree by 75.0% (95 % interval 30.1% to 95.4%) on 4 images of both" in said
    assert f"canary {second[:12]}" in said
    assert "since 20" in said
    assert "no image was answered by both yet" in run("compare", "--hours", "0")
    assert "is abandoned, by commit" in run("models", "abandon")
    assert _served(first) == f", served by Git commit {before} as segmentation"
    assert "has no canary" in refused("models", "abandon", "segmentation")


def test_a_canary_is_promoted_by_its_name(canary):
    _, second = canary
    assert "canary" in run("models", "list")
    assert "released in commit" in run("models", "promote", "canary")
    assert json.loads(run("released", "--json"))["canary"] is None
    assert json.loads(run("released", "--json"))["digest"] == second
    assert "are two ways to stand beside a model" in refused(
        "models", "promote", "1", "--canary", "5", "--shadow"
    )
