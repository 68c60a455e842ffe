"""`pylib drift` and `pylib logs prune` as a person uses them: a released model that answered, and its log."""

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from pylib.cli.drift import DRIFTED, NOTHING, drift
from pylib.cli.logs import logs_app
from pylib.data.shards import ArraySpec, Shard, ShardIndex, ShardItem, Split
from pylib.drift.reference import reference
from pylib.errors import ConfigurationError, PylibError, ServingError
from pylib.serving import request
from pylib.serving.engine import Engine, Identity
from pylib.serving.reference import FILE, dumps
from pylib.store.artifacts import ArtifactStore
from pylib.store.request_log import records
from tests.serving.conftest import CLASSES, SIZE, _tiny_model, _write_deployment

app = typer.Typer()
app.command("drift")(drift)
app.add_typer(logs_app, name="logs")
Ask = Callable[..., None]


def pictures(rng: np.random.Generator, count: int, darker: float = 1.0) -> np.ndarray:
    """Colours that differ from image to image, with noise: uint8 [count, SIZE, SIZE, 3]."""
    colours = rng.uniform(60, 200, (count, 1, 1, 3))
    return (darker * (colours + rng.uniform(-40, 40, (count, SIZE, SIZE, 3)))).astype(np.uint8)


def write_shards(folder: Path, counts: dict[str, int]) -> None:
    rng, splits = np.random.default_rng(0), {}
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        shard = Shard(inputs=f"{name}/inputs-00000.npy", targets=f"{name}/targets-00000.npy", count=count)
        np.save(folder / shard.inputs, pictures(rng, count))
        np.save(folder / shard.targets, np.zeros((count, SIZE, SIZE), np.uint8))
        items = [
            ShardItem(id=f"{name}_{n}", image_sha256="0" * 64, target_sha256="0" * 64, size=(SIZE, SIZE))
            for n in range(count)
        ]
        splits[name] = Split(items=items, shards=[shard])
    index = ShardIndex(
        task="segmentation",
        name="made",
        classes=CLASSES,
        inputs=ArraySpec(dtype="uint8", shape=(SIZE, SIZE, 3)),
        targets=ArraySpec(dtype="uint8", shape=(SIZE, SIZE)),
        splits=splits,
    )
    (folder / "index.json").write_bytes(index.dumps())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model with its reference, as a release puts it into the store."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "model.onnx").write_bytes(_tiny_model())
    write_shards(folder.with_name("shards"), {"train": 120, "validation": 40, "calibration": 40, "test": 40})
    spread = reference(folder.with_name("shards"), folder)
    assert spread is not None
    (folder / "evaluation").mkdir()
    (folder / "evaluation" / FILE).write_text(dumps(spread))
    return folder


@pytest.fixture
def ask(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """A function that asks the released model so many images; its log is a folder that `pylib` knows."""
    digest = hashlib.sha256((model / "model.onnx").read_bytes()).hexdigest()
    artifacts = (tmp_path / "out/artifacts").as_uri()
    ArtifactStore(artifacts).put_model(model, digest)
    _write_deployment(tmp_path / "out/gitops", digest)
    person = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], [*person, "commit", "-qm", "a release"]):
        subprocess.run(["git", *command], cwd=tmp_path / "out/gitops", check=True)
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    monkeypatch.setenv("PYLIB_PREDICTIONS", (tmp_path / "log").as_uri())

    def answer(count: int, darker: float = 1.0, seed: int = 1) -> None:
        engine = Engine(Identity(digest, "", ""), artifacts=artifacts, log=(tmp_path / "log").as_uri())
        engine.load()
        for pixels in pictures(np.random.default_rng(seed), count, darker):
            engine.answer(request.from_numbers(pixels))
        engine.close()

    return answer


def test_requests_like_the_training_data_have_not_drifted(ask: Ask, tmp_path: Path) -> None:
    ask(100)
    done = CliRunner().invoke(app, ["drift", "segmentation", "--json"])
    assert done.exit_code == 0, done.output
    found = {each["feature"]: each for each in json.loads(done.stdout)}
    assert found.keys() >= {"brightness", "contrast", "size", "confidence", "projection.0", "share.object"}
    assert all(sum(each["actual"]) == 100 and each["drifted"] is False for each in found.values())
    assert (sum(found["brightness"]["expected"]), sum(found["confidence"]["expected"])) == (120, 120)
    page = (tmp_path / "out/drift/segmentation/report.html").read_text()
    assert page.count("✓ steady") == len(found)
    assert "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', ""), "nothing from elsewhere"


def test_dark_images_have_drifted_and_the_exit_status_says_so(ask: Ask, tmp_path: Path) -> None:
    ask(60, darker=0.5)
    done = CliRunner().invoke(app, ["drift", "--since", "1h"])
    assert done.exit_code == DRIFTED
    said = {line.split()[0]: line for line in done.stdout.splitlines() if "✗ drifted" in line}
    assert {"brightness", "contrast"} <= said.keys()
    assert "size" not in said
    assert "✗ drifted" in (tmp_path / "out/drift/segmentation/report.html").read_text()


def test_few_requests_say_nothing(ask: Ask) -> None:
    ask(10, darker=0.2)
    done = CliRunner().invoke(app, ["drift"])
    assert done.exit_code == 0
    assert "drifted" not in done.stdout
    assert "too few" in done.stdout


def test_a_model_from_before_there_were_references_is_served_and_said_to_have_none(
    ask: Ask, tmp_path: Path
) -> None:
    for file in (tmp_path / "out/artifacts").rglob(FILE):
        file.unlink()
    ask(3)
    assert len(list(records((tmp_path / "log").as_uri()))) == 3
    with pytest.raises(ServingError, match=r"has no reference\.json to compare with: evaluate"):
        CliRunner().invoke(app, ["drift"], catch_exceptions=False)


def test_a_damaged_reference_is_no_reason_not_to_serve(
    ask: Ask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for file in (tmp_path / "out/artifacts").rglob(FILE):
        file.write_text("{")
    ask(3)
    assert "drift is not counted" in caplog.text


def edited(folder: Path, edit: Callable[[dict], object]) -> None:
    """Write the log's records as `edit` changes them."""
    for batch in folder.rglob("*.jsonl"):
        logged = [json.loads(line) for line in batch.read_text().splitlines()]
        for each in logged:
            edit(each)
        batch.write_text("".join(json.dumps(each) + "\n" for each in logged))


@pytest.mark.parametrize(
    ("damage", "requests"),
    [
        ({"input": None}, {"brightness": 0, "confidence": 60}),
        ({"input": {"brightness": "dark"}}, {"brightness": 0, "confidence": 60}),
        ({"answer": {"mean_confidence": None, "class_shares": {}}}, {"brightness": 60, "confidence": 0}),
        ({"answer": {"mean_confidence": float("nan"), "class_shares": {}}}, {"confidence": 0}),
        ({"answer": [1]}, {"brightness": 60, "confidence": 0}),
    ],
)
def test_what_a_record_lacks_is_not_compared_and_the_rest_is(ask: Ask, tmp_path, damage, requests) -> None:
    ask(60)
    edited(tmp_path / "log", lambda record: record.update(damage))
    done = CliRunner().invoke(app, ["drift", "--json"])
    assert done.exit_code == 0, done.output
    found = {each["feature"]: sum(each["actual"]) for each in json.loads(done.stdout)}
    assert found.items() >= requests.items()


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda record: record.update(input=None, answer=None), "60 of 60 logged answers have no figures"),
        (lambda record: record.update(time="2999-01-01T00:00:00+00:00"), ""),
        (lambda record: record.pop("model_digest"), ""),
    ],
)
def test_nothing_to_compare_is_a_status_of_its_own(ask: Ask, tmp_path: Path, edit, said: str) -> None:
    ask(60, darker=0.5)
    edited(tmp_path / "log", edit)
    done = CliRunner().invoke(app, ["drift", "--json"])
    assert done.exit_code == NOTHING, done.output
    assert said in done.stderr
    assert "to compare" in done.stderr


def test_a_time_before_all_years_is_refused(ask: Ask) -> None:
    with pytest.raises(ConfigurationError, match="since=999999d: that is before there were years"):
        CliRunner().invoke(app, ["drift", "--since=999999d"], catch_exceptions=False)


@pytest.mark.parametrize("since", ["7", "0d", "d", "7w", "-1d"])
def test_a_time_that_is_none_is_refused(ask: Ask, since: str) -> None:
    with pytest.raises(ConfigurationError, match=f"since={since}: give a number and m, h or d"):
        CliRunner().invoke(app, ["drift", f"--since={since}"], catch_exceptions=False)


def test_old_days_are_pruned_by_number_or_by_the_environment(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(3)
    (batch,) = (tmp_path / "log").rglob("*.jsonl")
    old = tmp_path / "log/predictions/2001/02/03"
    old.mkdir(parents=True)
    batch.rename(old / batch.name)
    ask(2)
    with pytest.raises(PylibError, match="no --days and no PREDICTION_LOG_DAYS"):
        CliRunner().invoke(app, ["logs", "prune"], catch_exceptions=False)
    monkeypatch.setenv("PREDICTION_LOG_DAYS", "30")
    done = CliRunner().invoke(app, ["logs", "prune"])
    assert "1 objects older than 30 days deleted" in done.output
    assert len(list(records((tmp_path / "log").as_uri()))) == 2
