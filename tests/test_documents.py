"""What can be checked of the documents: paths that they name, counts that nobody types, labels that fit."""

import json
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import ImageFont

ROOT = Path(__file__).resolve().parents[1]
CODE = re.compile(r"`([^`\n]+)`")
# A path: no blank, placeholder, pattern, address or variable in it.
PATH = re.compile(r"\.?[\w.-]+(?:/[\w.-]+)*/?")
ENDINGS = {".py", ".sh", ".md", ".toml", ".yaml", ".yml", ".txt", ".lock", ".svg", ".ipynb", ".json"}
# The results of a run, which Git does not have.
RESULTS = ("out/", "latest/")
GENERATED = re.compile(r"<!-- components: .*?<!-- end of components -->", re.DOTALL)
NUMBER = r"(?:\d[\d,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|some hundred)"
COUNTED = (
    "applications|charts|components|CRDs|faults|findings in|kinds|objects|passed|refused|rules|skipped|tests"
    "|waived|waves"
)
COUNT = re.compile(rf"\b{NUMBER} (?:of {NUMBER} )?(?:\w+ )?(?:{COUNTED})\b")


def markdown():
    """All Markdown files that Git has, or would take."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.check_output(listed, cwd=ROOT, text=True).split()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def named(text):
    """The paths in a text, as they are written."""
    words = [word.split("::")[0] for code in CODE.findall(text) for word in code.split()]
    return [
        word for word in words if PATH.fullmatch(word) and _is_path(word) and not word.startswith(RESULTS)
    ]


def _is_path(word):
    folder, _, last = word.rpartition("/")
    return Path(last).suffix in ENDINGS if last else bool(folder)


def tables(text):
    """The rows of a Markdown text's tables."""
    return "\n".join(line for line in text.splitlines() if line.startswith("|"))


def exists(name, near):
    """Whether it is in the repository, seen from its root or from the folders that the text is about."""
    return any((folder / name).exists() for folder in (ROOT, *near))


def missing(text, near):
    return [name for name in named(text) if not exists(name, near)]


def test_the_model_that_readme_shows_is_the_one_that_is_written_down():
    golden = json.loads((ROOT / "tests/golden/sample.json").read_text())
    text = (ROOT / "README.md").read_text()
    assert f"model sha256    {golden['model_sha256']}\n" in text
    assert f"data commit     {golden['data_commit']}\n" in text


def test_paths_of_the_guide_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert len(named(text)) > 20
    assert missing(text, []) == []


@pytest.mark.parametrize("file", sorted((ROOT / "docs").rglob("*.md")), ids=lambda file: file.name)
def test_paths_of_the_decisions_exist(file):
    assert missing(file.read_text(), []) == []


@pytest.mark.parametrize("file", markdown(), ids=lambda file: str(file.relative_to(ROOT)))
def test_paths_in_tables_exist(file):
    for row in tables(file.read_text()).splitlines():
        about = [ROOT / name for name in named(row) if (ROOT / name).is_dir()]
        assert missing(row, [file.parent, *about]) == [], row


@pytest.mark.parametrize("file", markdown(), ids=lambda file: str(file.relative_to(ROOT)))
def test_links_lead_to_files(file):
    links = re.findall(r"\]\(([^)#:]+)\)", file.read_text())
    assert [link for link in links if not (file.parent / link).exists()] == []


@pytest.mark.parametrize("file", markdown(), ids=lambda file: str(file.relative_to(ROOT)))
def test_no_count_is_typed(file):
    """A number that a push changes is generated (`preflight inventory`), or is not there."""
    assert COUNT.findall(GENERATED.sub("", file.read_text())) == []


def test_typed_counts_are_found():
    assert COUNT.findall(
        "0 findings in 27 applications, by 123 rules; six waves, 134 of 134 found, three charts"
    )
    assert COUNT.findall("some hundred rules")
    assert not COUNT.findall("commit 66 MB/s of 10,000 files, 0 findings")


def test_decisions_are_numbered_listed_and_whole():
    folder = ROOT / "docs/decisions"
    records = sorted(folder.glob("[0-9]*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    listed = re.findall(r"\((\d{4}-[^)]+)\)", (folder / "README.md").read_text())
    assert listed == [record.name for record in records]
    for record in records:
        text = record.read_text()
        assert text.startswith(f"# {int(record.name[:4])}. ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


SVG = "{http://www.w3.org/2000/svg}"
# DejaVu Sans, the widest of the fonts that a browser may take, over Pillow's own; of the bold one.
WIDEST = {"": 1.15, "600": 1.33}
MARGIN = 4


def test_labels_of_the_flow_fit_their_boxes_and_the_picture():
    picture = ET.parse(ROOT / "docs/flow.svg").getroot()
    whole, *boxes = [_box(rect) for rect in picture.iter(f"{SVG}rect")]
    texts = list(picture.iter(f"{SVG}text"))
    assert len(boxes) >= 8
    assert len(texts) >= 2 * len(boxes)
    for text in texts:
        left, right, line = _extent(text)
        around = [
            box for box in boxes if box[0] <= float(text.get("x")) <= box[1] and box[2] <= line <= box[3]
        ]
        for box in [whole, *around]:
            assert box[0] + MARGIN <= left < right <= box[1] - MARGIN, f"{text.text!r} runs over its box"


def _box(rect):
    x, y, width, height = (float(rect.get(name, 0)) for name in ("x", "y", "width", "height"))
    return x, x + width, y, y + height


def _extent(text):
    """Left and right end of a label in the widest font, and its baseline."""
    size, x = float(text.get("font-size")), float(text.get("x"))
    width = ImageFont.load_default(size).getlength(text.text) * WIDEST[text.get("font-weight", "")]
    left = x - width * {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor", "start")]
    return left, left + width, float(text.get("y"))
