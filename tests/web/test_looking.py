"""Data, Runs and Explain in a browser, on a phone and a desk, by day and night."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import uuid
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from pylib.data.dataset import DatasetIndex, Item, LabelTarget
from pylib.data.findings import find
from pylib.data.report import Counts, Report
from pylib.provenance.statement import Definition
from pylib.provenance.step import commit_resource, record
from pylib.review.effect import Effect
from pylib.review.forget import Places, forget
from pylib.review.queue import Decision, Queue
from pylib.runners import local
from pylib.runners.source_effects import EFFECTS
from pylib.store.artifacts import ArtifactStore
from pylib.store.inbox import Inbox, Submission
from pylib.store.local import LocalStore
from tests.runners.test_local import one_fails, side_by_side
from tests.runners.test_runs import KILLED
from tests.web.browsing import ROOT, SCHEMES, SIZES, command, running, visitor
from tests.web.served import picture

pytestmark = pytest.mark.slow
CLASSES = {0: "dark", 1: "light"}
MANY = 130
LOOKS = [(size, scheme) for size in SIZES for scheme in SCHEMES]


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """Two commits of data, a model of the first with its record, three runs: nothing is served."""
    folder = tmp_path_factory.mktemp("looking")
    store = LocalStore(folder / "store")
    first = commit(store, {f"kitchen/{number:03}": number for number in range(MANY)})
    commit(
        store,
        {f"kitchen/{number:03}": number for number in range(1, MANY)} | {"new": 250, "kitchen/001": 251},
    )
    store.commit("wine", {"wine.csv": b"acid,quality\n1,2\n"})
    report(folder)
    model(folder, store, first)
    local.execute(side_by_side, {}, folder / "runs", lambda _step, _line: None)
    with pytest.raises(Exception, match="three is one too many"):
        local.execute(one_fails, {}, folder / "runs", lambda _step, _line: None)
    return folder


@pytest.fixture(scope="module")
def site(output):
    with running(output) as page:
        yield page


@pytest.fixture(scope="module")
def digest(output):
    (found,) = ArtifactStore((output / "artifacts").as_uri()).list_models()
    return found


def commit(store, shades):
    """A data set of grey pictures, one of each shade."""
    images = {name: picture(shade) for name, shade in shades.items()}
    index = DatasetIndex(
        task="classification",
        name="shades",
        classes=CLASSES,
        items=[item(name, data, int(shades[name] > 127)) for name, data in sorted(images.items())],
    )
    files = {f"images/{name}.png": data for name, data in images.items()}
    return store.commit("shades", {**files, "dataset.json": index.dumps()}, description="grey ones")


def item(name, data, label):
    return Item(
        id=name,
        image=f"images/{name}.png",
        image_sha256=hashlib.sha256(data).hexdigest(),
        target=LabelTarget(label=label),
        width=32,
        height=32,
        phash="0" * 16,
        group=None,
        split="train",
    )


def report(folder):
    found = [
        find("image-unreadable", "broken.jpg", "it ends too early"),
        find("near-duplicate", "a", "like b", ["b"]),
    ]
    counts = Counts(read=2, kept=1, rejected=1, total=1)
    splits = {"train": 1, "validation": 0, "test": 0, "calibration": 0}
    text = Report(
        name="shades", source="kitchen.tar", digest={}, classes=CLASSES, images=counts, splits=splits,
        class_shares={}, sides=[], findings=found,
    ).dumps()  # fmt: skip
    place = folder / "reports" / "ingest" / "shades"
    place.mkdir(parents=True)
    (place / "report.json").write_bytes(text)


def model(folder, store, data):
    """A stored model with its record, and an answer of it in the log."""
    place = folder / "made"
    place.mkdir()
    (place / "model.onnx").write_bytes(b"weights")
    items = DatasetIndex.loads(store.read(data, "dataset.json")).items
    listed = [{"id": each.id, "image_sha256": each.image_sha256} for each in items]
    (place / "dataset.json").write_text(json.dumps({"splits": {"train": {"items": listed}}}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYLIB_OUTPUT", str(folder))
        used = commit_resource(str(data.ref), name="data")
    definition = Definition("train", {"seed": 0}, (used,), "pylib.steps.train", "classification")
    record(definition, {"model": place}, [], datetime.now(UTC))
    digest = hashlib.sha256(b"weights").hexdigest()
    ArtifactStore((folder / "artifacts").as_uri()).put_model(place, digest)
    answer = {
        "label": "dark",
        "confidence": 0.9,
        "unsure": False,
        "probabilities": {"dark": 0.9, "light": 0.1},
    }
    line = {"prediction_id": PREDICTION, "time": "2026-01-01T00:00:00+00:00", "model_digest": digest,
            "image_sha256": items[0].image_sha256, "answer": answer}  # fmt: skip
    (folder / "predictions.jsonl").write_text(json.dumps(line) + "\n")


def send(inbox):
    """An image of the data, sent twice: once of an answer, and once as a contribution, which was accepted."""
    common = Submission(
        id="", time="2026-01-02T00:00:00+00:00", kind="feedback", by="carl", source="feedback",
        task="classification", prediction_id="", model_digest="", image_sha256=inbox.put_image(picture(0)),
        answered=None, truth=None, reward=None, note="",
    )  # fmt: skip
    said, given = (str(uuid.UUID(int=number)) for number in (1, 2))
    own = {"kind": "contribution", "source": "kitchen"}
    inbox.put({**common, **own, "id": given, "truth": {"label": "dark"}})
    inbox.put({**common, "id": said, "prediction_id": PREDICTION, "truth": {"label": "light"}, "reward": 0.0})
    decision = {"time": "2026-01-03T00:00:00+00:00", "truth": {"label": "dark"}, "why": "as it is"}
    Queue(inbox).decide(Decision(id=given, reviewer="ann", verdict="accept", **decision))


PREDICTION = "1641ea35-286c-461e-af32-62820c742035"


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_every_page_is_looked_at(browser, site, output, digest, size, scheme):
    head = LocalStore(output / "store").head("shades")
    runs = sorted(path.name for path in (output / "runs").iterdir())
    paths = [
        "/data", "/data/shades", "/data/shades?findings=rejected",
        "/data/shades/at/master", "/data/wine/at/master",
        f"/data/shades/item/{head.id}?id=new", f"/data/shades/changes?old={head.parent}&new={head.id}",
        "/runs", *[f"/runs/{name}" for name in runs],
        "/explain", f"/explain/{digest}", f"/explain/{PREDICTION}",
        f"/explain/image/{hashlib.sha256(picture(0)).hexdigest()}", "/models",
    ]  # fmt: skip
    with visitor(browser, site, size=size, scheme=scheme) as person:
        for path in paths:
            page = person.open(path)
            person.looked_at()
            assert page.locator(".swatch").count() == 0, f"{path}: labels are not drawn, so need no colours"


def test_a_repository_is_shown_a_page_at_a_time(browser, site):
    with visitor(browser, site) as person:
        page = person.open("/data/shades/at/master")
        assert f"{MANY} images." in page.locator("main").inner_text()
        pictures = page.locator(".thumbs img")
        assert pictures.count() == 48
        assert pictures.first.evaluate("image => image.decode().then(() => image.naturalWidth)") == 32
        page.get_by_role("link", name="Next").click()
        assert "2 of 3" in page.locator(".pager").inner_text()
        page.get_by_label("Class", exact=True).select_option("light")
        page.get_by_role("button", name="Show").click()
        assert pictures.count() == len([shade for shade in [*range(2, MANY), 250, 251] if shade > 127])


def test_what_changed_is_shown_before_and_after(browser, site):
    with visitor(browser, site) as person:
        page = person.open("/data/shades")
        page.get_by_role("link", name="what changed").click()
        assert "1 added, 1 removed, 1 changed" in page.locator("main").inner_text()
        assert page.locator("h2").all_inner_texts() == ["Added", "Removed", "Changed"]
        assert page.locator(".both li").inner_text().split() == ["dark", "→", "light", "001"]
        assert page.locator(".both img").count() == 2


def test_findings_and_quarantine(browser, site):
    with visitor(browser, site) as person:
        page = person.open("/data/shades")
        assert "2 read, 1 kept, 1 in quarantine" in page.locator("main").inner_text()
        page.get_by_role("link", name="Quarantine").click()
        assert page.locator("[aria-label=Findings] tbody th").all_inner_texts() == ["broken.jpg"]


@pytest.mark.parametrize(
    "path",
    ["/data/..%2F..%2Fetc", "/data/shades/at/..%2F..", "/data/none", "/data/shades/item/master?id=../../x",
     "/data/shades/picture/master?id=/etc/passwd",
     "/runs/..%2Fstore", "/runs/x/report/..%2F..", "/explain/..%2Fmade",
     "/explain/image/..%2F..", "/models/none", "/models/..%2Fx/versions/1"],
)  # fmt: skip
def test_names_are_never_paths(site, signed_in, path):
    answer = signed_in.get(site.url + path)
    assert answer.status in {404, 422}
    assert "Traceback" not in answer.text()


@pytest.fixture(scope="module")
def signed_in(browser, site):
    """Requests of somebody who has signed in."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.url + "/login")
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    yield context.request
    context.close()


def test_a_picture_is_a_jpeg_in_a_sandbox(site, signed_in):
    answer = signed_in.get(f"{site.url}/data/shades/picture/master?id=new")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.body().startswith(b"\xff\xd8")


def test_a_run_that_goes_on_is_followed_to_its_end(browser, site, output):
    folder = output / "runs" / "segmentation-20990101-000000-000000"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, folder],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with process as run, visitor(browser, site) as person:
        assert run.stdout.readline() == "begun\n"
        page = person.open("/runs")
        assert "train" in page.locator("li", has_text="running").inner_text()
        page.get_by_role("link", name=re.compile("segmentation begun")).click()
        assert page.locator("[data-poll]").is_visible()
        person.looked_at()
        os.kill(run.pid, signal.SIGKILL)
        page.locator(".tag", has_text="killed").first.wait_for()
        assert page.locator("[data-poll]").count() == 0


def test_a_retraining_says_what_each_source_changed(browser, site, output):
    run = next((output / "runs").glob("side-by-side-*"))
    kitchen = Effect("kitchen-camera", 1203, 80, 0.8125, 0.75, 0.0625, -0.01, 0.125)
    (run / EFFECTS).write_text(json.dumps([asdict(kitchen)]))
    try:
        with visitor(browser, site) as person:
            page = person.open(f"/runs/{run.name}")
            cells = page.get_by_role("row", name="kitchen-camera").get_by_role("cell").all_inner_texts()
            assert cells == ["1,203", "0.812", "0.750", "+0.062 (-0.010 to +0.125)", "80 images"]
            person.looked_at()
            (run / EFFECTS).write_text('[{"source": 1}]')  # of another version, or damaged
            assert "What the new data changed" not in person.open(f"/runs/{run.name}").content()
    finally:
        (run / EFFECTS).unlink()


def test_a_runs_report_runs_nothing(browser, site, output):
    folder = next((output / "runs").glob("side-by-side-*"))
    page = folder / "1" / "evaluate" / "evaluation" / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p id=a>figures</p><script>document.getElementById('a').textContent = 'hurt'</script>")
    with visitor(browser, site) as person:
        person.open(f"/runs/{folder.name}").get_by_role("link", name="Report: evaluation").click()
        assert person.page.locator("p").inner_text() == "figures"
        person.complaints.clear()  # the browser says that the script was blocked


def test_an_answer_is_explained_as_a_graph_and_every_digest_is_checked(browser, site, digest, output):
    with visitor(browser, site, script=False) as person:
        page = person.open("/explain")
        page.get_by_label("The id of an answer").fill(PREDICTION)
        page.get_by_role("button", name="Explain", exact=True).click()
        assert f"the model's files, and {MANY} training images" in page.locator(".notice.good").inner_text()
        titles = page.locator(".graph text[font-weight]").all_text_contents()
        assert titles == [
            "Answer",
            "The image asked about",
            "Model",
            "train",
            "Data commit",
            f"{MANY} training images",
        ]
        page.locator(".graph a", has_text="Data commit").click()
        assert "/data/shades/at/" in page.url
        made = output / "artifacts" / "models" / digest / "dataset.json"
        before = made.read_bytes()
        made.write_bytes(before + b" ")
        page.goto(f"{site.url}/explain/{digest[:10]}")
        assert "1 digest does not match the record" in page.get_by_role("alert").inner_text()
        made.write_bytes(before)


def test_the_beginning_of_an_answers_id_will_do(browser, site):
    with visitor(browser, site, script=False) as person:
        for beginning in (PREDICTION[:8], PREDICTION[:12]):  # as the queue of review and a heading show it
            page = person.open("/explain")
            page.get_by_label("The id of an answer").fill(beginning)
            page.get_by_role("button", name="Explain", exact=True).click()
            assert PREDICTION in page.locator("main").inner_text()
        page = person.open("/explain/1641ea36")
        said = page.get_by_role("alert").inner_text()
        assert "no answer and no model here begins with 1641ea36" in said
        assert "://" not in said
        person.complaints.clear()  # the browser says that it was 404


def test_an_image_is_traced_to_the_models_that_learned_from_it(browser, site, output, digest):
    send(Inbox((output / "inbox").as_uri()))
    with visitor(browser, site) as person:
        page = person.open("/explain")
        file = {"name": "x.png", "mimeType": "image/png", "buffer": picture(0)}
        page.get_by_label("A picture, to see where").set_input_files(file)
        page.wait_for_url(re.compile("/explain/image/"))
        said = page.locator("main").inner_text()
        assert f"{digest[:12]} learned from it, as kitchen/000" in said
        waits, decided = page.locator("h2:text('Sent by people') + ul li").all_inner_texts()
        assert "Feedback by carl" in waits
        assert "the answer is wrong, right is light" in waits
        assert "waits for review" in waits
        assert "it is dark" in decided
        assert "accepted by ann: as it is" in decided
        page.get_by_role("link", name=f"answer {PREDICTION[:8]}").click()
        assert page.locator("p.verdict").inner_text() == "dark"
        assert "dark 90%, light 10%" in page.locator("dl").first.inner_text()
        page.go_back()
        assert "label dark, confidence 0.9" in said
        page.get_by_role("link", name="label dark, confidence 0.9").click()
        assert PREDICTION in page.url
        assert "In the data" not in said  # the newest commit is without it


def test_what_was_forgotten_is_shown_no_more_and_is_no_damage(browser, site, output, digest, signed_in):
    store, shade = LocalStore(output / "store"), 7
    first = store.head("shades").parent
    address = f"{site.url}/data/shades/picture/{first}?id=kitchen/{shade:03}"
    seen = signed_in.get(address)
    assert seen.headers["cache-control"] == "private, no-cache"
    again = signed_in.get(address, headers={"If-None-Match": seen.headers["etag"]})
    assert again.status == 304
    assert again.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    image = hashlib.sha256(picture(shade)).hexdigest()
    places = Places(Inbox((output / "inbox").as_uri()))
    forget(image, store, places, by="ann", why="her owner asked", purge=True)
    gone = signed_in.get(address, headers={"If-None-Match": seen.headers["etag"]})
    assert gone.status == 410
    assert "asked by ann: her owner asked" in gone.text()
    with visitor(browser, site) as person:
        page = person.open(f"/explain/{digest[:10]}")
        assert page.get_by_role("alert").count() == 0
        assert "1 of the images was forgotten since" in page.locator("main").inner_text()
        page = person.open(f"/data/shades/item/{first}?id=kitchen/{shade:03}")
        assert "asked by ann: her owner asked" in page.locator("main .notice").inner_text()
    told = subprocess.run(
        [*command()[:-1], "explain", digest],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYLIB_OUTPUT": str(output)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert "asked by ann: her owner asked" in told.stdout
