"""The data side with two tasks that it has never heard of: labels by folder, and numbers from a table."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from pylib import tasks
from pylib.cli.ingest import ingest as verb
from pylib.data.dataset import INDEX_FILE, SPLITS, DatasetIndex, LabelTarget, ValueTarget
from pylib.data.ingest import IngestResult
from pylib.data.plan import Options
from pylib.data.shard_writer import write_shards
from pylib.data.shards import load_split
from pylib.errors import ConfigurationError, DataError
from pylib.steps.ingest import ingest
from pylib.steps.prepare import check_parameters, side
from pylib.store.local import LocalStore
from tests.data.made import Folder, encode, noise

Run = Callable[..., IngestResult]


@pytest.fixture(autouse=True)
def _others(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tasks of the folder beside this file stand beside pylib's own."""
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(Path(__file__).parent / "others")])
    yield
    for name in [
        name for name in sys.modules if name.startswith(("pylib.tasks.labels", "pylib.tasks.values"))
    ]:
        del sys.modules[name]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    store = LocalStore(tmp_path / "store")

    def run(source: Path | str, **options: object) -> IngestResult:
        return ingest(
            str(source),
            store,
            "set",
            Options(**options),
            cache=tmp_path / "cache",
            report=tmp_path / "report",
        )

    run.store = store
    return run


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Twenty images of cats and twenty of dogs."""
    root = tmp_path / "pets"
    for number in range(40):
        _put(root / "images" / ("cat", "dog")[number % 2] / f"{number:02}.jpg", number)
    return root


@pytest.fixture
def valued(tmp_path: Path) -> Path:
    """Forty images with a number each."""
    root = tmp_path / "wear"
    for number in range(40):
        _put(root / "images" / f"{number:02}.jpg", number)
    lines = [f"{number:02},{number / 8}" for number in range(40)]
    (root / "targets.csv").write_text("\n".join(["id,value", *lines, ""]))
    return root


def _put(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(noise(seed)))


def _shards(run: Run, result: IngestResult, tmp_path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    run.store.checkout(result.commit, tmp_path / "data")
    write_shards(tmp_path / "data", tmp_path / "shards", image_size=side(result.index, 0))
    return {split: load_split(tmp_path / "shards", split) for split in SPLITS}


def test_labels_come_from_folders_and_reach_the_shards(run: Run, labelled: Path, tmp_path: Path) -> None:
    result = run(labelled, task="labels")
    [finding] = result.findings
    assert (finding.code, finding.item) == ("split-without-class", "validation")
    assert finding.reason == "no label in validation has dog"
    assert (result.index.task, result.index.classes) == ("labels", {0: "cat", 1: "dog"})
    assert {item.target for item in result.index.items if item.id.startswith("dog/")} == {
        LabelTarget(label=1)
    }
    assert {file.path for file in run.store.ls(result.commit)} == {
        INDEX_FILE,
        *(item.image for item in result.index.items),
    }
    inputs, targets = _shards(run, result, tmp_path)["train"]
    items = result.index.split("train")
    assert (inputs.shape, inputs.dtype, targets.dtype) == ((len(items), 8, 8, 3), np.uint8, np.int64)
    assert targets.tolist() == [item.target.label for item in items]


def test_numbers_come_from_a_table_and_reach_the_shards(run: Run, valued: Path, tmp_path: Path) -> None:
    _put(valued / "images/stray.jpg", 99)
    (valued / "targets.csv").write_text((valued / "targets.csv").read_text().replace("07,0.875", "07,much"))
    result = run(valued, task="values")
    assert {finding.item: finding.code for finding in result.findings} == {
        "stray": "image-without-value",
        "07": "value-no-number",
    }
    assert result.index.classes == {}
    assert {item.id: item.target for item in result.index.items}["39"] == ValueTarget(value=39 / 8)
    targets = np.concatenate([targets for _, targets in _shards(run, result, tmp_path).values()])
    assert targets.dtype == np.float32
    assert sorted(targets.tolist()) == [number / 8 for number in range(40) if number != 7]


def test_the_same_content_gives_the_same_commit(run: Run, labelled: Path) -> None:
    first, again = run(labelled, task="labels"), run(labelled)
    assert (again.commit.id, again.new) == (first.commit.id, False)


@pytest.mark.parametrize("add", [False, True])
def test_one_image_under_two_labels_is_a_contradiction(run: Run, labelled: Path, add: bool) -> None:
    run(labelled, task="labels")
    if add:
        for path in [*labelled.rglob("*.jpg")]:
            path.unlink()
    _put(labelled / "images/dog/liar.jpg", 4)  # that of cat/04
    _put(labelled / "images/cat/copy.jpg", 6)  # that of cat/06
    _put(labelled / "images/cat/new.jpg", 99)  # an addition of nothing else would be refused
    result = run(labelled, add=add)
    found = {finding.item: finding.code for finding in result.findings if finding.rejected}
    assert found["dog/liar"] == "duplicate-contradictory"
    assert found["cat/copy"] == "duplicate"
    assert ("cat/04" in found) is not add  # what the parent holds stays


def test_an_id_with_another_label_is_taken(run: Run, valued: Path) -> None:
    run(valued, task="values")
    (valued / "targets.csv").write_text("id,value\n07,9\n")
    with pytest.raises(DataError, match="07: the parent commit has another image or value of this id"):
        run(valued, add=True)  # and nothing else that is usable


def test_a_report_shows_what_the_task_has(run: Run, labelled: Path, tmp_path: Path) -> None:
    _put(labelled / "images/stray.jpg", 99)
    run(labelled, task="labels")
    page = (tmp_path / "report/report.html").read_text()
    assert "Share of images, by class" in page
    assert "cat/00 · cat" in page
    assert "Images without a class" in page
    assert "mask" not in page
    assert "to lift" not in page
    assert json.loads((tmp_path / "report/report.json").read_text())["class_shares"] == {
        "cat": 0.5,
        "dog": 0.5,
    }


def test_a_report_without_classes_says_nothing_of_them(run: Run, valued: Path, tmp_path: Path) -> None:
    run(valued, task="values")
    page = (tmp_path / "report/report.html").read_text()
    assert "class</h3>" not in page
    assert "</strong>classes" not in page
    assert "mask" not in page
    assert page.count("data:image/jpeg") == 24


def test_a_repository_keeps_its_task(run: Run, labelled: Path, good: Folder) -> None:
    run(labelled, task="labels")
    with pytest.raises(ConfigurationError) as caught:
        run(good.root, task="segmentation")
    assert str(caught.value) == ("set: its task is labels, not segmentation; name another repository")
    assert len(run.store.log("set")) == 1


def test_the_record_names_the_task(run: Run, labelled: Path) -> None:
    statement = json.loads(run(labelled, task="labels").commit.description)
    assert statement["predicate"]["buildDefinition"]["externalParameters"]["task"] == "labels"


def test_the_sample_is_the_tasks_own(run: Run) -> None:
    result = run("sample", task="labels")
    assert (len(result.index.items), result.index.classes) == (40, {0: "a", 1: "b"})


def test_a_side_is_what_the_data_s_task_can_take(run: Run, labelled: Path, good: Folder) -> None:
    index = run(labelled, task="labels").index
    assert (side(index, 0), side(index, 20)) == (8, 20)
    with pytest.raises(ConfigurationError, match="multiple of 32"):
        side(DatasetIndex(task="segmentation", name="x", classes={}, items=index.items), 20)


def test_what_prepare_will_say_is_known_before_it_runs() -> None:
    check_parameters("labels", "set@master", 20)
    with pytest.raises(ConfigurationError, match=r"image_size=20: .*multiple of 32"):
        check_parameters("segmentation", "set@master", 20)


def test_the_verb_takes_a_task(valued: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    monkeypatch.delenv("PYLIB_STORE", raising=False)
    app = typer.Typer()
    app.command()(verb)
    _put(valued / "images/stray.jpg", 99)
    shown = CliRunner().invoke(app, [str(valued), "--task", "values"])
    assert shown.exit_code == 0, shown.output
    assert "images without a value" in shown.output
    assert "classes" not in shown.output
    facts = json.loads(CliRunner().invoke(app, [str(valued), "--json"]).output)
    assert (facts["task"], facts["classes"], facts["new"]) == ("values", {}, False)
