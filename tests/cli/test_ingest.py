import json
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from pylib.cli.data import data_app
from pylib.cli.ingest import ingest
from pylib.errors import PylibError

app = typer.Typer()
app.command()(ingest)


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twenty pairs of sky and road, and settings that keep all results in a temporary folder."""
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    for name in ("PYLIB_STORE", "PACHD_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "street"
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(20):
        Image.fromarray(random.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(
            folder / f"images/{number}.png"
        )
        Image.fromarray((np.arange(1600).reshape(40, 40) // 800).astype(np.uint8)).save(
            folder / f"masks/{number}.png"
        )
    return folder


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception:
        raise result.exception
    return result.output


def test_it_prints_the_commit_and_what_was_found(pairs: Path, tmp_path: Path) -> None:
    (pairs / "images/bad.png").write_bytes(b"hello")
    output = run(pairs, "--classes", "0=sky,1=road")
    assert "data set   street" in output
    assert "images     20: " in output
    assert "0=sky, 1=road" in output
    assert "rejected   1 x images without a mask" in output
    assert (tmp_path / "out/reports/ingest/street/report.html").is_file()
    assert "(nothing changed)" in run(pairs)


def test_json_is_for_programs(pairs: Path, tmp_path: Path) -> None:
    facts = json.loads(
        run(
            pairs,
            "--classes",
            "0=sky,1=road",
            "--json",
            "--repository",
            "road",
            "--report",
            tmp_path / "here",
        )
    )
    assert facts["commit"].startswith("road@")
    assert (facts["images"], facts["rejected"], facts["new"]) == (20, 0, True)
    assert facts["classes"] == {"0": "sky", "1": "road"}
    assert facts["report"] == str(tmp_path / "here/report.html")


def test_add_and_group_and_strict_reach_the_library(pairs: Path) -> None:
    run(pairs, "--classes", "0=sky,1=road", "--group", "(.)$")
    for path in pairs.rglob("1*.png"):
        path.unlink()
    facts = json.loads(run(pairs, "--add", "--strict", "--json"))
    assert (facts["images"], facts["new"]) == (20, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such folder or archive"),
        (["{pairs}"], "no usable item"),
        (["{pairs}", "--classes", "sky,road"], "write class ids and names"),
        (["{pairs}", "--classes", "0=sky"], "two classes or more"),
        (["{pairs}", "--classes", "0=sky,1="], "class id 1 needs a name"),
        (["{pairs}", "--classes", "0=sky,0=road"], "there twice"),
        (["{pairs}", "--classes", "0=sky,999=road"], "999 is no mask id"),
        (["{pairs}", "--classes", "0=sky,1=road", "--group", "["], "no regular expression"),
        (
            ["{pairs}", "--classes", "0=sky,1=road", "--repository", "no/name"],
            "no name for a repository|names no commit",
        ),
        (["{pairs}", "--classes", "0=sky,1=road", "--store", "ftp://x"], "no store of this kind"),
        (
            ["{pairs}", "--classes", "0=sky,1=road", "--report", "{pairs}/images/1.png"],
            "report cannot be written",
        ),
    ],
)
def test_what_a_person_got_wrong_is_one_line(pairs: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(PylibError, match=message) as caught:
        run(*(argument.format(pairs=pairs) for argument in arguments))
    assert "\n" not in str(caught.value)


def test_the_screen_says_how_it_was_read_and_what_is_at_risk(pairs: Path) -> None:
    for path in (pairs / "masks").iterdir():
        path.rename(path.with_stem(f"{path.stem}_mask"))
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.open(pairs / "images/1.png").save(pairs / "images/1.png", exif=exif)
    Image.new("RGB", (90, 90)).save(pairs / "images/large.png")
    output = run(pairs, "--classes", "0=sky,1=road", "--max-pixels", 5000)
    assert "read as    20 masks are not named exactly as their images" in output
    assert "read as    1 of 20 images carry an EXIF orientation" in output
    assert "at risk    1 x masks that fit their image turned and unturned (likely fix: look which" in output
    assert "rejected   1 x images without a mask (likely fix: draw it" in output
    facts = json.loads(run(pairs, "--classes", "0=sky,1=road", "--orientation", "stored", "--json"))
    assert "mask-orientation" not in facts["findings"]
    with pytest.raises(
        PylibError, match=r"image of 40x40 is above the limit of 100 pixels.*\(likely fix: scale"
    ):
        run(pairs, "--classes", "0=sky,1=road", "--max-pixels", 100)


def test_where_nothing_is_usable_the_screen_has_the_reasons_their_fixes_and_the_report(
    pairs: Path, tmp_path: Path
) -> None:
    (pairs / "images/bad.png").write_bytes(b"hello")
    with pytest.raises(PylibError) as caught:
        run(pairs)
    said = str(caught.value)
    assert "no usable item (bad: images/bad.png has no mask of that name (likely fix: draw it" in said
    assert "mask has ids that are no class: 0, and 19 more (likely fix: name all classes" in said
    assert f"{tmp_path}/out/reports/ingest/street/report.html shows all" in said


def test_strict_is_an_error_and_commits_nothing(pairs: Path) -> None:
    (pairs / "images/bad.png").write_bytes(b"hello")
    with pytest.raises(PylibError, match="1 rejected, and strict"):
        run(pairs, "--classes", "0=sky,1=road", "--strict")
    assert json.loads(run(pairs, "--classes", "0=sky,1=road", "--json"))["new"]


def test_the_log_says_in_words_what_was_ingested(pairs: Path) -> None:
    run(pairs, "--classes", "0=sky,1=road")
    log = typer.Typer()
    log.add_typer(data_app, name="data")
    said = CliRunner().invoke(log, ["data", "log", "street"], catch_exceptions=False).stdout
    header, line = said.splitlines()
    assert header.startswith("commit ")
    assert line.endswith("street: segmentation, 2 classes")
    assert "{" not in line
