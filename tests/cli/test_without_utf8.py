"""No verb ends in a traceback where the locale is not UTF-8, and text files are read all the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pylib.provenance.materials import ROOT

BIN = Path(sys.executable).parent
LOCALE = {"PYTHONUTF8": "0", "LC_ALL": "C"}
UNSET = ("PYTHONIOENCODING", "LANG", "LC_CTYPE")


def image_set(folder, names):
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for number, name in enumerate(names):
        pixels = np.random.default_rng(number).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{name}.png")
        Image.fromarray((np.arange(64 * 64).reshape(64, 64) % 2).astype(np.uint8)).save(
            folder / "masks" / f"{name}.png"
        )
    (folder / "classes.yaml").write_text("0: bakgrund på\n1: träd\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with images, some of them committed by a person whose locale is UTF-8."""
    folder = tmp_path_factory.mktemp("place")
    image_set(folder / "plain", [f"image{number:02}" for number in range(40)])
    image_set(folder / "named", ["löv", *(f"leaf{number:02}" for number in range(40))])
    done = run(folder, "pylib", "data", "ingest", "named", "--repository", "leaves", environment=os.environ)
    assert done.returncode == 0, done.stderr
    return folder


def run(folder, program, *arguments, environment=None):
    """A verb with its output in pipes, so that nothing of a terminal's encoding helps."""
    given = environment or {**{n: v for n, v in os.environ.items() if n not in UNSET}, **LOCALE}
    return subprocess.run(
        [BIN / program, *arguments],
        cwd=folder,
        env={**given, "PYLIB_OUTPUT": str(folder / "out")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def sane(done):
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode in {0, 1}
    assert done.returncode == 0 or done.stderr.count("\n") == 1, done.stderr
    return done


@pytest.mark.parametrize(
    "verb",
    [
        "--help",
        "data --help",
        "run --help",
        "run segmentation --help",
        "run segmentation --data leaves@master -p image_size=33",
        "doctor",
        "released",
        "status",
        "serve",
        "serve --stop",
        "predict plain/images/image00.png",
        "predict named/images/löv.png",
        "explain nothing",
        "explain plain",
        "evaluate plain plain",
        "data log leaves",
        "data ls leaves",
        "data fsck",
        "data gc",
        "data diff leaves leaves",
        "data get leaves got",
        "data get leaves/löv got",
        "data example leaves out/question",
        "data ingest plain --repository again",
        "data ingest named --repository again-named",
        "data commit copied named",
        "retrain --help",
    ],
)
def test_a_verb_ends_as_it_should(place, verb):
    sane(run(place, "pylib", *verb.split()))


def test_an_ingest_reads_and_keeps_what_is_utf_8(place):
    done = sane(run(place, "pylib", "data", "ingest", "plain", "--repository", "trees"))
    assert done.returncode == 0, done.stderr
    assert r"tr\xe4d" in done.stdout + done.stderr
    here = sane(
        run(place, "pylib", "data", "ingest", "plain", "--repository", "trees", environment=os.environ)
    )
    commit = done.stdout.strip().splitlines()[-1]
    assert here.stdout.strip().splitlines()[-1] == commit, "the same commit as where the locale is UTF-8"


def test_a_name_that_the_locale_does_not_have_is_one_line_with_the_remedy(place):
    done = sane(run(place, "pylib", "data", "ingest", "named", "--repository", "other"))
    assert done.returncode == 1
    assert "PYTHONUTF8=1" in done.stderr


@pytest.mark.parametrize("verb", ["--help", "rules", "graph --help", "validate --help"])
def test_a_verb_of_the_check_ends_as_it_should(place, verb):
    done = run(ROOT, "preflight", *verb.split())
    assert "Traceback" not in done.stdout + done.stderr


def test_the_json_of_a_store_is_json(place):
    done = sane(run(place, "pylib", "data", "log", "leaves", "--json"))
    assert done.returncode == 0
    assert json.loads(done.stdout)
