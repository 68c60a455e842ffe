"""The report as a notebook: the page's own sections, without code, and the same again."""

import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from pylib.errors import ModelError
from pylib.evaluation.gate import Gate, decide
from pylib.evaluation.judged_split import JudgedSplit
from pylib.evaluation.notebook import run
from pylib.evaluation.record import Evaluation
from pylib.evaluation.report import PANELS, dumped, read_report, render
from tests.evaluation.test_hand_made import CLASSIFICATION, LABELS, MASKS, SEGMENTATION, one_hot

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "report.ipynb"
SECTIONS = ("style", "summary", "gate", "champion", "metrics", "slices", "changed", "details", "leaderboard")


def written(test: JudgedSplit, truth: np.ndarray, folder: Path) -> str:
    """What `evaluate` writes into a folder of a model that is right of all; returns its page."""
    seen, said = test.seen(), one_hot(truth, 0.9)
    seen.add(truth, said, said, one_hot(truth, 0.8))
    found = test.measured("a" * 64, seen)
    evaluation = Evaluation(
        **dict(found), gate=decide(Gate.model_validate({"images": {"minimum": 1}}), found)
    )
    panels = seen.panels(test.inputs, truth)
    (folder / PANELS).write_bytes(dumped(evaluation, panels))
    (folder / "evaluation.json").write_bytes(evaluation.dumps())
    return render(evaluation, panels)


@pytest.mark.parametrize(("test", "truth"), [(SEGMENTATION, MASKS), (CLASSIFICATION, LABELS)])
def test_what_is_read_back_shows_what_the_page_shows(
    test: JudgedSplit, truth: np.ndarray, tmp_path: Path
) -> None:
    page = written(test, truth, tmp_path)
    report = read_report(tmp_path)
    sections = [report.section(name)._repr_html_() for name in SECTIONS]
    places = [page.index(each) for each in sections if each.strip()]
    assert places == sorted(places)
    left = page
    for each in filter(str.strip, sections):
        left = left.replace(each, "")
    assert "<table" not in left
    assert "<svg" not in left
    assert "<img" not in left


def test_a_notebook_shows_every_section_and_defines_nothing() -> None:
    code = "".join(
        cell.source + "\n" for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"
    )
    assert re.findall(r'section\("(\w+)"\)', code) == list(SECTIONS)
    assert not re.search(r"\b(def|class|lambda)\b", code)


def plain(text: str) -> str:
    """What a reader sees of it, pictures shortened; nbconvert writes spaces and attributes anew."""
    pictures = re.sub(r'<img[^>]*src="([^"]{40})[^"]*"[^>]*>', r"\1", text)
    words = re.sub(r"<(svg|rect|text|line|td|th|p|h\d|circle|polyline)\b[^>]*>", r" \1 ", pictures)
    return " ".join(re.sub(r"<[^>]*>", " ", words).split())


@pytest.mark.slow
def test_the_page_of_the_notebook_has_the_sections_and_no_code_and_is_the_same_again(tmp_path: Path) -> None:
    page = written(SEGMENTATION, MASKS, tmp_path)
    notebook, found = run(NOTEBOOK, tmp_path, "Evaluation")
    assert run(NOTEBOOK, tmp_path, "Evaluation") == (notebook, found)
    for name in SECTIONS:
        section = read_report(tmp_path).section(name)._repr_html_().strip()
        assert section in page
        assert plain(section) in plain(found)
    assert "read_report" not in found
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", found)
    ran = json.loads(notebook)
    assert str(tmp_path) not in notebook.decode()
    assert all(cell["outputs"] for cell in ran["cells"][1:])


@pytest.mark.slow
def test_a_cell_that_fails_is_named_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"report\.ipynb: ReleaseError: .*run `pylib evaluate` first"):
        run(NOTEBOOK, tmp_path, "Evaluation")
