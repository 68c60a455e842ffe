"""The notebooks as a reader runs them: from top to bottom, in a kernel that knows only its own folder."""

import base64
import io
import json
import re
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from tests.evaluation.test_runs import left

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DEMO = ROOT / "notebooks/demo.ipynb"
OURS = {"ipykernel", "nbclient", "nbformat"}


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.name)
def test_git_has_the_cells_and_not_what_they_printed(file):
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) > 5
    assert {(cell.execution_count, len(cell.outputs)) for cell in cells} == {(None, 0)}


def test_the_image_and_the_tests_run_notebooks_with_the_same_packages():
    locked = [
        dict(re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / f"locks/{name}.txt").read_text(), re.MULTILINE))
        for name in ("dev", "notebook")
    ]
    assert {name: locked[0][name] for name in OURS} == {name: locked[1][name] for name in OURS}


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("notebook") / "out"


@pytest.fixture(scope="module")
def run(output):
    """The demo after it was run, as it stands in Git, with its results in a folder that was not there."""
    from nbclient import NotebookClient

    notebook = nbformat.read(DEMO, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYLIB_OUTPUT", str(output))
        place = {"metadata": {"path": str(DEMO.parent)}}
        NotebookClient(notebook, timeout=500, kernel_name="python3", resources=place).execute()
    return notebook


def printed(notebook, word):
    """What the one cell with this word printed and showed, as text."""
    (cell,) = (cell for cell in notebook.cells if cell.cell_type == "code" and word in cell.source)
    shown = [each.get("data", {}).get("text/plain", "") for each in cell.outputs]
    return "\n".join([*(each.get("text", "") for each in cell.outputs), *shown])


def pictures(notebook, kind):
    """What cells showed of a kind."""
    outputs = [each for cell in notebook.cells if cell.cell_type == "code" for each in cell.outputs]
    return [each.data[kind] for each in outputs if kind in each.get("data", {})]


@pytest.mark.slow
def test_it_ends_with_an_answer_that_is_explained(run, output):
    record = json.loads((output / "predictions.jsonl").read_text().splitlines()[-1])
    explained = printed(run, '"explain"')
    assert record["prediction_id"] in explained
    assert "every digest checked" in explained
    (model,) = (output / "artifacts/models").iterdir()
    assert model.name in explained
    assert "stopped" in printed(run, '"--stop"')


@pytest.mark.slow
def test_it_shows_both_reports_and_the_answer(run):
    data, evaluation = [page for page in pictures(run, "text/html") if "<iframe" in page]
    assert "data:image/png;base64," in data
    assert "Confusion matrix" in evaluation
    (answer,) = pictures(run, "image/png")
    assert Image.open(io.BytesIO(base64.b64decode(answer))).width >= 320


@pytest.mark.slow
def test_it_releases_what_passed_the_gate(run, output):
    released = printed(run, '"released"')
    (model,) = (output / "artifacts/models").iterdir()
    assert model.name in released
    assert "'gate': 'passed'" in printed(run, '"status"')


@pytest.mark.slow
def test_no_cell_warns_or_draws_as_in_a_terminal(run):
    outputs = [each for cell in run.cells if cell.cell_type == "code" for each in cell.outputs]
    assert [each.text for each in outputs if each.get("name") == "stderr"] == []
    assert [each.text for each in outputs if "\x1b" in each.get("text", "")] == []


def judged_inks(output):
    """What a run that judged a model on `inks` leaves, and a later one of a table."""
    folder = left(output, "classification-20261129-000000-000001")
    file = folder / "evaluation.json"
    judged = json.loads(file.read_text()) | {"dataset": "inks"}
    judged["details"]["confusion"] = [[6, 4], [0, 20]]
    file.write_text(json.dumps(judged))
    (output / "runs/tabular-20261129-000000-000002/inner/regress").mkdir(parents=True)
    (output / "latest").symlink_to("runs/tabular-20261129-000000-000002")


@pytest.fixture(scope="module", params=["inks", "sample"])
def explored(request, tmp_path_factory):
    """The other notebook, on a built-in sample, where a run judged `inks` and one of a table came last."""
    from nbclient import NotebookClient

    file = ROOT / "notebooks/explore.ipynb"
    notebook = nbformat.read(file, as_version=4)
    (cell,) = (cell for cell in notebook.cells if cell.source.startswith("DATA = "))
    cell.source = f'DATA = "{request.param}@master"'
    output = tmp_path_factory.mktemp("explore") / "out"
    judged_inks(output)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYLIB_OUTPUT", str(output))
        place = {"metadata": {"path": str(file.parent)}}
        NotebookClient(notebook, timeout=300, kernel_name="python3", resources=place).execute()
    return notebook


@pytest.mark.slow
def test_it_shows_classes_sizes_brightness_samples_and_a_map(explored):
    assert len(pictures(explored, "image/svg+xml")) == 4
    assert len(pictures(explored, "image/png")) == 2
    of_masks = "sample@master" in printed(explored, "check_out")
    assert f"task {'segmentation' if of_masks else 'classification'}" in printed(explored, "check_out")
    map_of = printed(explored, "embedding(data")
    assert ("a map of pixels: task segmentation" if of_masks else "a map of features") in map_of
    assert of_masks or "mobilenet_v2 0.35, 64 pixels, random weights" in map_of
    assert "groups of images that look alike" in printed(explored, "near_duplicates")
    confused = printed(explored, "most_confused")
    if of_masks:
        assert "no evaluation yet of sample: `pylib run segmentation --data sample@master` makes" in confused
    else:
        assert f"classification-20261129-000000-000001: model {'a' * 12}, 30 test items of inks" in confused
        assert "40.0% of a were taken for b" in confused


@pytest.mark.slow
def test_exploring_warns_of_nothing(explored):
    outputs = [each for cell in explored.cells if cell.cell_type == "code" for each in cell.outputs]
    errors = [each.text for each in outputs if each.get("name") == "stderr"]
    assert [text for text in errors if "Warning" in text] == []
