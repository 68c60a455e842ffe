"""`pylib explain` where the images are in Pachyderm: asked for at once; what is not checked is said."""

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pylib.data.dataset import DatasetIndex, Item, MaskTarget
from pylib.provenance.closure import files
from pylib.provenance.digests import dir_hash
from pylib.provenance.statement import Definition, dependencies, read_bundle, write_bundle
from pylib.provenance.step import commit_resource, record
from pylib.store.opening import open_store
from pylib.store.pachyderm_names import handle
from tests.data.format_1 import format_1
from tests.store.standin import serving

PYLIB = Path(sys.executable).with_name("pylib")
IMAGES = {f"pet{number:03}": f"image {number}".encode() for number in range(290)}
PARAMETERS = {"options": {"epochs": 12.0, "rate": 0.5, "filters": [8.0], "frozen": True}}
FILES = {f"images/{name}.jpg": content for name, content in IMAGES.items()}


def item(name, content):
    digest = hashlib.sha256(content).hexdigest()
    return Item(
        id=name,
        image=f"images/{name}.jpg",
        target=MaskTarget(file=f"masks/{name}.png", sha256=digest),
        image_sha256=digest,
        width=1,
        height=1,
        phash="0" * 16,
        group=None,
        split="train",
    )


def index():
    return DatasetIndex(
        task="segmentation",
        name="pets",
        classes={0: "background", 1: "pet"},
        items=[item(name, content) for name, content in IMAGES.items()],
    )


@pytest.fixture
def pachd():
    with serving() as (standin, _):
        standin.url = f"pachd://{standin.address}"
        yield standin


@pytest.fixture
def commit(pachd):
    return open_store(pachd.url).commit("pets", FILES | {"dataset.json": index().dumps()})


@pytest.fixture
def model(pachd, commit, tmp_path, monkeypatch):
    """A model's folder as `train` leaves it, with its record and the list of its images."""
    monkeypatch.setenv("PYLIB_STORE", pachd.url)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"weights")
    items = [
        {"id": name, "image_sha256": item(name, content).image_sha256} for name, content in IMAGES.items()
    ]
    (folder / "dataset.json").write_text(json.dumps({"splits": {"train": {"items": items}}}))
    data = commit_resource(str(commit.ref), name="data")
    record(
        Definition("train", PARAMETERS, (data,), "pylib.steps.train", "segmentation"),
        {"model": folder},
        [],
        datetime.now(UTC),
    )
    return folder


@pytest.fixture
def of_format_1(tmp_path, model, monkeypatch):
    """A local store with the same commit as it was written when every target was a mask."""
    store = tmp_path / "old"
    monkeypatch.setenv("PYLIB_STORE", str(store))
    made = open_store(str(store)).commit("pets", FILES | {"dataset.json": format_1(index())})
    data = commit_resource(str(made.ref), name="data")
    record(Definition("train", {}, (data,)), {"model": model}, [], datetime.now(UTC))
    return store


def explain(model, store, *options):
    environment = os.environ | {"PYLIB_STORE": store, "PYLIB_OUTPUT": str(model.parent / "out")}
    command = [PYLIB, "explain", str(model), *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_code_is_shown_by_its_digest_and_as_json_with_its_files(pachd, model):
    (step,) = json.loads(explain(model, pachd.url, "--json").stdout)["steps"]
    assert step["files"] == files("pylib.steps.train", "segmentation")
    digest = f"dirHash:{dir_hash(step['files'])}"
    assert step["inputs"]["pylib"] == digest
    assert f"pylib  {digest}, {len(step['files'])} files" in explain(model, pachd.url).stdout


def test_a_whole_number_is_shown_as_it_was_given_and_in_json_as_it_is_recorded(pachd, model):
    shown = 'options = {"epochs": 12, "filters": [8], "frozen": true, "rate": 0.5}'
    assert shown in explain(model, pachd.url).stdout
    (step,) = json.loads(explain(model, pachd.url, "--json").stdout)["steps"]
    assert step["parameters"] == PARAMETERS


def test_a_record_from_before_code_was_listed_is_shown_as_it_was(pachd, model):
    (made,) = read_bundle(model)
    made["predicate"]["buildDefinition"]["resolvedDependencies"] = [
        *(r for r in dependencies(made) if r["name"] != "pylib"),
        {"name": "pylib", "digest": {"dirHash": "ab" * 32}},
        {"name": "components", "digest": {"dirHash": "cd" * 32}},
    ]
    write_bundle(model, [made])
    shown = explain(model, pachd.url)
    assert shown.returncode == 0, shown.stderr
    assert f"pylib  dirHash:{'ab' * 32}\n" in shown.stdout
    assert f"components  dirHash:{'cd' * 32}\n" in shown.stdout
    assert json.loads(explain(model, pachd.url, "--json").stdout)["steps"][0]["files"] == {}


def test_all_images_are_asked_for_at_once(pachd, model):
    pachd.calls.clear()
    shown = explain(model, pachd.url)
    assert shown.returncode == 0, shown.stderr
    assert "290 training images" in shown.stdout
    assert "every digest checked" in shown.stdout
    assert len(pachd.calls) <= 5  # four for 290 images, and one for what was forgotten


def test_a_commit_of_the_former_format_is_checked_too(model, of_format_1):
    shown = explain(model, str(of_format_1))
    assert shown.returncode == 0, shown.stderr
    assert "290 training images" in shown.stdout
    assert "every digest checked" in shown.stdout


def test_an_image_that_is_not_what_was_learned_from_is_named(pachd, model, commit):
    held = pachd.pick(handle(commit.ref))
    held.files["/images/pet007.jpg"] = b"another"
    del held.files["/images/pet008.jpg"]
    shown = explain(model, pachd.url)
    assert shown.returncode == 1
    assert f"pet007: SHA-256 is {hashlib.sha256(b'another').hexdigest()}" in shown.stderr
    assert "and 1 more" in shown.stderr
    assert "pet008: missing" in shown.stdout


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_pachd_that_is_down_is_said(model, options):
    shown = explain(model, "pachd://127.0.0.1:1", *options)
    assert shown.returncode == 1
    assert shown.stderr.startswith("error: pachd 127.0.0.1:1: ")
    assert "is it up" in shown.stderr
    assert shown.stderr.count("\n") == 1
    if options:
        assert "is it up" in json.loads(shown.stdout)["unchecked"]
    else:
        assert "not checked" in " ".join(shown.stdout.split())


def test_a_commit_that_is_in_another_store_is_not_checked(model, tmp_path):
    store = tmp_path / "store"
    open_store(str(store)).commit("pets", {"a": b""})
    shown = explain(model, str(store), "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["unchecked"] == "their data commit is not in this store"
