"""A copy of this repository as Git has it, with a second task dropped in, and a person who works in it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.person import as_in_git

TENANT = Path(__file__).parent / "tenant"


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def is_source(name):
    return "__pycache__" not in name


@pytest.fixture(scope="session")
def person(tmp_path_factory):
    """Somebody with a fork of this repository, in which the second task is committed."""
    there = as_in_git(tmp_path_factory.mktemp("second-tenant") / "repository")
    shutil.copytree(
        TENANT, there.repository, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    there.git("add", "--all")
    there.git("commit", "--quiet", "--message=A second task")
    return there


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Images of coarse random patches, and how bright each is on average, of the pixels that it has."""
    folder, draw = tmp_path_factory.mktemp("source") / "photos", np.random.default_rng(7)
    (folder / "images").mkdir(parents=True)
    lines = ["id,value"]
    for number in range(120):
        patches = draw.integers(0, 128, (4, 4, 3)) + draw.integers(0, 128)
        pixels = patches.astype(np.uint8).repeat(12, axis=0).repeat(12, axis=1)
        Image.fromarray(pixels).save(folder / "images" / f"photo{number:03}.png")
        lines.append(f"photo{number:03},{pixels.mean() / 255:.6f}")
    (folder / "targets.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="session")
def data(person, photos):
    """The data commit."""
    return person.runs("data", "ingest", str(photos), "--task", "brightness").strip().splitlines()[-1]


@pytest.fixture(scope="session")
def released(person, data):
    """What `released` says once the pipeline has run."""
    person.runs("run", "brightness", "--data", data)
    return json.loads(person.runs("released", "brightness", "--json"))


@pytest.fixture(scope="session")
def answered(person, data, released):
    """The answer of the released model's server to an image of the test split, and that image."""
    person.runs("serve", "brightness", "--detach")
    try:
        question = person.runs("data", "example", data, str(person.output / "question")).strip()
        overlay = person.output / "answer.png"
        answer = person.runs("predict", question, "--json", "--overlay", str(overlay))
        (person.output / "answer.json").write_text(answer)
        yield json.loads(answer), Path(question), overlay
    finally:
        person.runs("serve", "--stop")
