"""A second task, from images to an explained answer, with nothing changed but what is its own."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from pylib.store.opening import open_store
from tests.second_tenant.conftest import TENANT, files, is_source

pytestmark = pytest.mark.slow

OWN = ("pylib/tasks/brightness/", "pipelines/brightness.py", "gates/", "cluster-conf/models/brightness/")


def test_it_is_one_folder_one_pipeline_and_data():
    dropped = {name for name in files(TENANT) if is_source(name)}
    assert all(name.startswith(OWN) for name in dropped)
    code = {name for name in dropped if not name.endswith(".yaml")}
    assert {name.rpartition("/")[0] for name in code} == {"pylib/tasks/brightness", "pipelines"}


def test_its_data_is_a_commit_of_its_task(person, data):
    index = json.loads(open_store((person.output / "store").as_uri()).read(data, "dataset.json"))
    assert index["task"] == "brightness"
    assert len(index["items"]) == 120
    assert {item["target"]["kind"] for item in index["items"]} == {"value"}


def test_what_is_wrong_with_its_data_is_said_in_its_own_words(person, photos, tmp_path):
    (tmp_path / "photos/images").mkdir(parents=True)
    for path in sorted((photos / "images").iterdir())[:30]:
        (tmp_path / "photos/images" / path.name).write_bytes(path.read_bytes())
    lines = (photos / "targets.csv").read_text().splitlines()[:30]
    lines[1] = "photo000,dark"
    (tmp_path / "photos/targets.csv").write_text("\n".join(lines) + "\n")
    ingest = ("data", "ingest", str(tmp_path / "photos"), "--repository", "flawed", "--task", "brightness")
    found = json.loads(person.runs(*ingest, "--json"))["findings"]
    assert {"value-unreadable", "image-without-value"} <= found.keys()


def test_its_pipeline_has_its_own_parameters(person):
    shown = person.runs("run", "brightness", "--help")
    assert "--image-size" in shown
    assert "--weights" not in shown
    refused = person.tries("run", "brightness", "--data", "photos@master", "--weights", "none")
    assert refused.stderr.startswith("error: run brightness: no option --weights; ")
    refused = person.tries("run", "brightness", "--data", "photos@master", "-p", 'options={"alpha": 1}')
    assert refused.stderr.startswith("error: training configuration: no option 'alpha'; there are: ")
    assert refused.stderr.count("\n") == 1


def test_it_is_released_under_its_name_and_nothing_else_is(person, data, released):
    assert (released["name"], released["data_commit"]) == ("brightness", data)
    assert "r2" in released["gate"]
    status = json.loads(person.runs("status", "--json"))
    assert status["model_sha256"] == released["digest"]
    assert float(status["r2"].split()[0]) > 0.9
    assert person.tries("released", "segmentation").returncode == 1


def test_its_answer_is_the_brightness_of_the_image(answered):
    answer, question, overlay = answered
    truth = np.asarray(Image.open(question)).mean() / 255
    assert answer["brightness"] == pytest.approx(truth, abs=0.05)
    assert answer["task"] == "brightness"
    height = Image.open(question).height
    assert Image.open(overlay).height == height + 8


def test_its_answer_is_explained_back_to_its_images(person, data, released, answered):
    answer, _, _ = answered
    explained = json.loads(person.runs("explain", answer["prediction_id"], "--json"))
    assert (explained["model"], explained["data"]) == (released["digest"], data)
    assert (explained["mismatches"], explained["unchecked"]) == ([], None)
    index = json.loads(open_store((person.output / "store").as_uri()).read(data, "dataset.json"))
    learned = {item["id"] for item in index["items"] if item["split"] == "train"}
    assert {image["id"] for image in explained["images"]} == learned
    shown = person.runs("explain", answer["prediction_id"])
    assert f"answer brightness {answer['brightness']:.3g}" in shown
    assert "served by Git commit" in shown
    assert json.loads(person.runs("status", "--json"))["answer"].startswith("brightness ")


def test_no_other_file_of_the_repository_differs(person, released, answered):
    added = person.git("diff", "--name-status", "HEAD~1", "HEAD").splitlines()
    assert sorted(added) == sorted(f"A\t{name}" for name in files(TENANT) if is_source(name))
    assert person.git("status", "--porcelain") == ""


def test_its_help_lists_its_own_options_and_what_it_has_no_parameter_for(person):
    shown = person.runs("run", "brightness", "--help")
    assert re.search(r"epochs +INTEGER \(1 <= x <= 10000\) +60 ", shown)
    assert re.search(r"learning_rate +NUMBER \(0 < x <= 1\) +0.05 ", shown)
    assert "dropout" not in shown
    assert not re.search(r"│ +seed +INTEGER", shown), "a parameter of its own"


def test_data_of_another_task_is_refused_before_anything_runs(person, data):
    done = person.tries("run", "segmentation", "--data", data)
    assert done.returncode == 1
    assert "is of the task brightness, the pipeline trains segmentation" in done.stderr
    assert done.stderr.count("\n") == 1
