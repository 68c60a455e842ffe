"""The whole circle in a browser: a wrong answer, its correction, the answer of the model that learned it."""

import os
import re
import subprocess
import sys

import pytest

from pylib.data.split import split_of
from tests.web.browsing import ROOT, running, visitor
from tests.web.committing import committed
from tests.web.stuff import MISTAKEN, TRUTH, make

pytestmark = pytest.mark.slow
SMALL = ["-p", 'heads=["logistic"]', "-p", "image_size=32", "-p", "target_precision=0"]
SENT = 16


@pytest.fixture(scope="module")
def pylib(tmp_path_factory):
    """The command line of one installation, and where it keeps things."""
    output = tmp_path_factory.mktemp("circle") / "out"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYLIB_OUTPUT": str(output), "PYLIB_PORT": "0"}
    command = [sys.executable, "-c", "from pylib.cli import main; main()"]

    def run(*arguments):
        done = subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip() or done.stderr

    run.output = output
    yield run
    run("serve", "--stop")


@pytest.fixture(scope="module")
def unknown(pylib, tmp_path_factory):
    """A served model, and the pictures of the style that its data lacks."""
    folder = tmp_path_factory.mktemp("pictures")
    pictures = make(folder)
    pylib("data", "ingest", str(folder / "first"), "--repository", "things", "--task", "classification")
    pylib("run", "classification", "--data", "things@master", *SMALL)
    pylib("serve", "classification", "--detach")
    return pictures


def test_what_a_person_corrects_is_answered_right_in_the_end_and_explained_back(browser, pylib, unknown):
    picture, *others = unknown
    with running(pylib.output) as site, visitor(browser, site) as person:
        page = person.page
        first = ask(person, picture)
        assert page.locator(".verdict").text_content() == MISTAKEN
        correct(page)
        contribute(person, others[:SENT])
        review(person)
        commit = commit_accepted(person)
        said = pylib("retrain", "classification", *SMALL)
        for source in ("feedback", "kitchen"):
            assert re.search(rf"what the new data changed: {source}: \d+ items, macro F1 \d\.\d+ with", said)
        promote(person)
        pylib("serve", "--stop")
        pylib("serve", "classification", "--detach")
        again = ask(person, picture)
        assert page.locator(".verdict").text_content() == TRUTH
        page.get_by_role("link", name="Why this answer").click()
        person.looked_at()
        assert "Every digest was checked" in page.locator(".notice.good").text_content()
        assert page.get_by_role("link", name=re.compile(f"things@{commit[:12]}")).first.is_visible()
        (correction,) = page.locator("#corrections ~ .steps li", has_text="Correction by").all()
        assert f"label {MISTAKEN}" in correction.text_content()
        assert "it is dry, whatever it looks like" in correction.text_content()
        correction.get_by_role("link", name="the answer").click()
        assert page.locator("h1").text_content() == f"Answer {first[:12]}"
        assert page.locator("p.verdict").text_content().startswith(f"label {MISTAKEN}")
        assert again != first  # another answer, of another model


def ask(person, picture):
    """Send the picture; the answer's id."""
    page = person.open("/")
    page.get_by_label("Choose a picture").set_input_files(picture)
    page.wait_for_url(re.compile("/answers/"))
    return re.search(r"/answers/([0-9a-f-]{36})", page.url)[1]


def correct(page):
    """Say what it is. A form's id decides the split; one that trains comes within a few reloads."""
    while split_of(f"feedback/{page.locator('#said input[name=id]').get_attribute('value')}") != "train":
        page.reload()
    page.get_by_role("radio", name="wrong", exact=True).check()
    page.get_by_role("radio", name=TRUTH, exact=True).check()
    page.get_by_label("Anything else").fill("it is dry, whatever it looks like")
    page.get_by_role("button", name="Send").click()
    assert "Thank you" in page.get_by_role("status").first.text_content()


def contribute(person, pictures):
    page = person.open("/contribute")
    page.get_by_label("Where they are from").fill("kitchen")
    page.get_by_label("Pictures for").set_input_files(pictures)
    page.get_by_role("radio", name=TRUTH, exact=True).check()
    page.get_by_role("button", name="Send").click()
    assert f"{len(pictures)} of {len(pictures)} taken" in page.get_by_role("status").first.text_content()


def review(person):
    """By keyboard alone, until nothing waits."""
    page = person.open("/review")
    person.looked_at()
    assert MISTAKEN in page.locator("dl.claim").text_content()
    for _ in range(SENT + 1):
        assert page.locator("dd.verdict").text_content() == TRUTH
        with page.expect_navigation():
            page.keyboard.press("a")
    assert page.get_by_text("Nothing waits for you").is_visible()


def commit_accepted(person):
    """The data commit's id."""
    page = person.page
    page.get_by_role("main").get_by_role("link", name="Commit what is accepted").first.click()
    person.looked_at()
    page.get_by_role("button", name=f"Commit {SENT + 1} images").click()
    committed(page)
    person.looked_at()
    for kind in page.get_by_role("checkbox").all():  # whatever the checks find, somebody answers for
        kind.check()
    if page.get_by_role("button", name="Commit all the same").count():
        page.get_by_role("button", name="Commit all the same").click()
    assert committed(page) == "Committed", page.locator("main").inner_text()
    page.get_by_role("link", name="what changed").click()
    assert f"{SENT + 1} added, 0 removed, 0 changed" in page.locator("main").inner_text()
    return re.search(r"new=([0-9a-f]{64})", page.url)[1]


def promote(person):
    """Release the newest version, unless the retraining did: on the old test images both do well."""
    page = person.open("/models/classification")
    person.looked_at()
    link = page.get_by_role("link", name="Promote version 2")
    if link.count():
        link.click()
        page.get_by_role("button", name="Promote it").click()
        person.looked_at()
        assert "Released" in page.get_by_role("status").text_content()
    assert (
        page.locator("#versions ~ .wide tbody tr", has_text="served")
        .locator("a")
        .first.inner_text()
        .endswith("2")
    )
