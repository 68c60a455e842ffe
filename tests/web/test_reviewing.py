"""Review in a browser: two people at once, by keyboard, without JavaScript, with a brush, and the commit."""

import base64
import hashlib
import io
import json
import time
import uuid
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image

from pylib.data.images import decode_mask
from pylib.review.queue import Queue
from pylib.store.inbox import Inbox, Submission
from pylib.store.local import LocalStore
from tests.review.submitting import submission
from tests.web.browsing import ROOT, SCHEMES, SIZES
from tests.web.committing import committed
from tests.web.people import behind_gateway, someone
from tests.web.served import SHADES, SIZE, mask, picture

pytestmark = pytest.mark.slow
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def url(output, tmp_path_factory):
    """The page behind its gateway, with an inbox of this module's own."""
    folder = tmp_path_factory.mktemp("gateway")
    with behind_gateway(output, folder / "roles.yaml", PYLIB_INBOX=(folder / "inbox").as_uri()) as url:
        yield url, folder / "inbox"


@pytest.fixture
def at(url):
    return url[0]


@pytest.fixture
def inbox(url):
    """Empty but for what a test puts."""
    found = Inbox(url[1].as_uri())
    queue = Queue(found)
    for reviewer in ("ann", "bea"):  # who may hold what an earlier test left
        while (left := queue.claim(reviewer)) is not None:
            rest = {"time": "", "verdict": "reject", "truth": None, "why": ""}
            queue.decide({"id": left["id"], "reviewer": reviewer, **rest})
    return found


def send(inbox, image, truth, number=0, **more):
    """Keep a contribution; returns its id."""
    found = Submission(
        id=str(uuid.uuid4()),
        time=(BEGINNING + timedelta(seconds=number)).isoformat(),
        kind="contribution",
        by="carl",
        source="kitchen",
        task="classification",
        prediction_id="",
        model_digest="",
        image_sha256=inbox.put_image(image),
        answered=None,
        truth=truth,
        reward=None,
        note="",
    )
    inbox.put({**found, **more})
    return found["id"]


def shown(page):
    """The id of the submission that is looked at; empty where none is."""
    image = page.locator("main img").first
    return image.get_attribute("src").split("/")[-2] if image.count() else ""


def press(page, key):
    with page.expect_navigation():
        page.keyboard.press(key)


def test_two_people_never_get_the_same_one(browser, at, inbox):
    ids = [send(inbox, picture(shade), {"label": "dark"}, shade) for shade in range(6)]
    with someone(browser, at, "ann") as ann, someone(browser, at, "bea") as bea:
        seen = {"ann": [], "bea": []}
        while True:
            mine, theirs = shown(ann.open("/review")), shown(bea.open("/review"))
            if not mine and not theirs:
                break
            assert mine != theirs
            seen["ann"].append(mine)
            seen["bea"].append(theirs)
            press(ann.page, "a")
            press(bea.page, "r")
        assert ann.page.get_by_text("Nothing waits for you").is_visible()
    assert sorted(seen["ann"] + seen["bea"]) == sorted(ids)
    decided = {each["id"]: (each["reviewer"], each["verdict"]) for each in Queue(inbox).history()}
    assert all(decided[each] == ("ann", "accept") for each in seen["ann"])
    assert all(decided[each] == ("bea", "reject") for each in seen["bea"])


def test_the_keys_do_what_the_buttons_show(browser, at, inbox):
    accepted, rejected, corrected, skipped = (
        send(inbox, picture(20 + n), {"label": "light"}, n) for n in range(4)
    )
    with someone(browser, at, "ann") as ann:
        page = ann.open("/review")
        assert page.locator("[data-key]").all_inner_texts() == ["AcceptA", "RejectR", "CorrectC", "SkipS"]
        assert page.locator(".swatch").count() == 0  # a label is not drawn, and needs no colour
        assert page.locator("dd.verdict").inner_text() == "light"
        assert "dark" in page.locator("dl.claim").inner_text()  # of the served model
        assert shown(page) == accepted
        press(page, "a")
        assert shown(page) == rejected
        press(page, "r")
        assert shown(page) == corrected
        page.keyboard.press("c")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Tab")
        page.keyboard.type("as dark as can be")  # letters in a field decide nothing
        press(page, "Enter")
        assert shown(page) == skipped
        press(page, "s")
        assert page.get_by_text("Nothing waits for you").is_visible()
        page.get_by_role("link", name="Look at the 1 that you skipped").click()
        assert shown(page) == skipped
        page.get_by_role("link", name="Turn them off").click()
        page.keyboard.press("a")
        assert shown(page) == skipped
        page.get_by_role("link", name="History").click()
        ann.looked_at()
        assert "as dark as can be" in page.locator("table").inner_text()
    queue = Queue(inbox)
    assert queue.decision(accepted)["truth"] == {"label": "light"}
    assert queue.decision(rejected)["verdict"] == "reject"
    found = queue.decision(corrected)
    assert (found["reviewer"], found["truth"], found["why"]) == (
        "ann",
        {"label": "dark"},
        "as dark as can be",
    )
    assert queue.decision(skipped) is None


def test_what_one_looks_at_is_with_others_for_others_alone(browser, at, inbox):
    send(inbox, picture(60), {"label": "dark"}, source="feedback", kind="feedback")
    with someone(browser, at, "ann") as ann, someone(browser, at, "bea") as bea:
        mine = ann.open("/review").locator("main").inner_text()
        assert "1 waiting" in mine
        assert "0 with others" in mine
        assert "feedback (feedback)" not in mine
        theirs = bea.open("/review").locator("main").inner_text()
        assert "0 waiting" in theirs
        assert "1 with others" in theirs


def test_the_same_image_that_is_said_to_be_something_else_is_named(browser, at, inbox):
    send(inbox, picture(61), {"label": "dark"}, source="kitchen")
    send(inbox, picture(61), {"label": "light"}, 1, source="cellar", by="dora")
    send(inbox, picture(62), {"label": "dark"}, 2)
    with someone(browser, at, "ann") as ann:
        page = ann.open("/review")
        notice = page.locator(".notice", has_text="said to be something else")
        assert "waiting, sent by dora (source cellar): light" in notice.inner_text()
        ann.looked_at()
        press(page, "a")
        assert "accepted by ann, sent by carl (source kitchen): dark" in page.locator(".notice").inner_text()
        press(page, "r")
        assert page.locator(".notice").count() == 0


def test_plain_forms_do_without_javascript(browser, at, inbox):
    one, two, three = (send(inbox, picture(30 + n), {"label": "light"}, n) for n in range(3))
    with someone(browser, at, "bea", script=False) as bea:
        page = bea.open("/review")
        assert shown(page) == one
        page.get_by_role("button", name="Accept", exact=True).click()
        assert shown(page) == two
        page.get_by_role("radio", name="dark").check()
        page.get_by_role("button", name="Accept as corrected").click()
        assert shown(page) == three
        page.get_by_text("Reject it with a reason").click()
        page.get_by_label("Reason").fill("not ours")
        page.locator("details").get_by_role("button", name="Reject").click()
        assert page.get_by_text("Nothing waits for you").is_visible()
    decisions = [Queue(inbox).decision(each) for each in (one, two, three)]
    assert [each["verdict"] for each in decisions] == ["accept", "accept", "reject"]
    assert (decisions[1]["truth"], decisions[2]["why"]) == ({"label": "dark"}, "not ours")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_mask_is_seen_over_its_image_and_painted_anew(browser, at, inbox, size, scheme):
    truth = {"mask_png": base64.b64encode(mask()).decode()}
    sent = send(inbox, picture(10, 240), truth, task="segmentation", note=f"{size} {scheme}")
    with someone(browser, at, "ann", size=size, scheme=scheme) as ann:
        page = ann.open("/review")
        assert page.locator("#truth-mask").is_visible()
        assert page.locator("#answer-mask").evaluate("mask => mask.style.opacity") == "0"
        page.get_by_label("How much is seen of what the model said").fill("80")
        assert page.locator("#answer-mask").evaluate("mask => mask.style.opacity") == "0.8"
        page.locator("[data-paint][data-ready]").wait_for()
        page.get_by_role("radio", name="spot").check()
        canvas = page.locator("canvas")
        canvas.scroll_into_view_if_needed()
        canvas.click(position={"x": 6, "y": 6})
        assert "Painted 1 time" in page.locator("[data-painted]").inner_text()
        ann.looked_at()
        with page.expect_navigation():
            page.get_by_role("button", name="Accept as corrected").click()
    decision = Queue(inbox).decision(sent)
    painted = decode_mask(base64.b64decode(decision["truth"]["mask_png"]))
    before = decode_mask(mask())
    assert painted.shape == (SIZE, SIZE)
    assert painted[0, 0] == 1
    assert np.array_equal(painted[8:], before[8:])


def test_what_is_accepted_is_committed_and_what_the_checks_refuse_is_named(browser, at, inbox, output):
    for number, shade in enumerate((60, 61)):
        send(inbox, noise(shade), {"label": SHADES[0]}, number)
    send(inbox, noise(60), {"label": SHADES[0]}, 2)  # the same picture again
    with someone(browser, at, "ann") as ann:
        page = ann.open("/review")
        for _ in range(3):
            press(page, "a")
        page.get_by_role("main").get_by_role("link", name="Commit what is accepted").first.click()
        ann.looked_at()
        page.get_by_label("Why").fill("the kitchen's first")
        page.get_by_role("button", name="Commit").click()
        ann.looked_at()
        assert committed(page) == "Committed", page.locator("main").inner_text()
        ann.looked_at()
        assert "2 images are in shades@" in page.locator(".notice.good").inner_text()
        assert "Left out by the checks" in page.locator("main").inner_text()
        page.get_by_role("link", name="what changed").click()
        ann.looked_at()
        assert "2 added, 0 removed, 0 changed" in page.locator("main").inner_text()
    head = LocalStore(output / "store").head("shades")
    assert '"by":"ann"' in head.description
    assert "the kitchen's first" in head.description
    assert (
        "backdoor-signature"
        not in json.loads(head.description)["predicate"]["buildDefinition"]["externalParameters"][
            "not_looked_at"
        ]
    )
    left = [inbox.submission(each["id"])["task"] for each in Queue(inbox).accepted()]
    assert "classification" not in left


@pytest.mark.parametrize("path", ["/review", "/review/history", "/review/commit"])
def test_review_is_not_for_contributors(browser, at, path):
    with someone(browser, at, "carl") as carl:
        carl.open(path)
        assert (
            "is contributor here; this page is for reviewers" in carl.page.get_by_role("alert").inner_text()
        )
        carl.complaints.clear()  # the browser's own line about the 403


def noise(seed):
    """A picture that looks like no other one."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize((40, 40), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


def test_what_must_be_answered_for_is_shown_first(browser, at, inbox, output):
    flood = noise(70)
    for number in range(12):  # one picture, a pixel changed each time
        send(inbox, one_pixel(flood, number), {"label": SHADES[0]}, number, source="flood")
    before = LocalStore(output / "store").head("shades")
    with someone(browser, at, "bea") as bea:
        page = bea.open("/review")
        for _ in range(12):
            press(page, "a")
        page.get_by_role("main").get_by_role("link", name="Commit what is accepted").first.click()
        page.get_by_role("button", name="Commit").click()
        assert committed(page) == "Not committed yet"
        bea.looked_at()
        assert "source-flood" in page.locator("table").inner_text()
        assert LocalStore(output / "store").head("shades") == before
        for kind in page.get_by_role("checkbox").all():
            kind.check()
        page.get_by_role("button", name="Commit all the same").click()
        assert committed(page) == "Committed", page.locator("main").inner_text()
        bea.looked_at()
    assert '"source-flood"' in LocalStore(output / "store").head("shades").description


def one_pixel(picture, number):
    """The same picture, but for one pixel."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.putpixel((number, number), (number, 255, 0))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_feedback_by_an_id_alone_is_looked_at_with_the_picture_that_the_log_kept(browser, at, inbox, output):
    data, today = noise(80), datetime.now(UTC)
    line = {"time": today.isoformat(), "answer": {"label": "light"}, "model_digest": ""}
    sent = {
        name: send_without_image(inbox, today - timedelta(hours=1))
        for name in ("with its picture", "without")
    }
    pictures = output / f"images/{today:%Y/%m/%d}"
    pictures.mkdir(parents=True, exist_ok=True)
    digests = {name: hashlib.sha256(data + name.encode()).hexdigest() for name in sent}
    (pictures / digests["with its picture"]).write_bytes(data)
    with (output / "predictions.jsonl").open("a") as log:
        for name, each in sent.items():
            record = {"prediction_id": each["prediction_id"], "image_sha256": digests[name], **line}
            log.write(json.dumps(record) + "\n")
    with someone(browser, at, "ann") as ann:
        page, until = ann.open("/review"), time.monotonic() + 30
        while shown(page) != sent["with its picture"]["id"] and time.monotonic() < until:
            page.reload()  # the page looks at the log now and then
        assert shown(page) == sent["with its picture"]["id"]
        assert "label light" in page.locator("dl.claim").inner_text()
        press(page, "a")
        ann.looked_at()
        assert "1 piece of feedback came without its picture" in page.locator("main").inner_text()
        assert "PREDICTION_LOG_IMAGES=true" in page.locator("main").inner_text()
    assert Queue(inbox).decision(sent["with its picture"]["id"])["truth"] == {"label": "dark"}


def send_without_image(inbox, when):
    made = submission(answered=None, model_digest="", truth={"label": "dark"}, time=when.isoformat())
    inbox.put(made)
    return made


def test_without_tensorflow_nothing_is_called_good_that_nobody_looked_at(browser, output, tmp_path):
    absent = tmp_path / "path/tensorflow/__init__.py"  # as in the image of the page, which has none
    absent.parent.mkdir(parents=True)
    absent.write_text("raise ModuleNotFoundError(\"No module named 'tensorflow'\", name='tensorflow')\n")
    kept = Inbox((tmp_path / "inbox").as_uri())
    send(kept, noise(90), {"label": SHADES[0]})
    before = LocalStore(output / "store").head("shades")
    path = f"{tmp_path / 'path'}:{ROOT}"
    with (
        behind_gateway(output, tmp_path / "roles.yaml", PYLIB_INBOX=kept.url, PYTHONPATH=path) as url,
        someone(browser, url, "ann") as ann,
    ):
        page = ann.open("/review")
        press(page, "a")
        page.get_by_role("main").get_by_role("link", name="Commit what is accepted").first.click()
        page.get_by_role("button", name="Commit").click()
        assert committed(page) == "Not committed yet"
        ann.looked_at()
        said = page.locator("main").inner_text()
        assert "Not looked at: labels-flipped, label-suspect, backdoor-signature" in said
        assert "there is no TensorFlow here; `pylib review commit` looks" in said
        assert LocalStore(output / "store").head("shades") == before
        page.get_by_role("checkbox", name="check-missing (3)").check()
        page.get_by_role("button", name="Commit all the same").click()
        assert committed(page) == "Committed", page.locator("main").inner_text()
        assert "Not looked at: labels-flipped" in page.locator("main").inner_text()
    assert '"allowed":["check-missing"]' in LocalStore(output / "store").head("shades").description


def test_a_new_class_is_named_and_whoever_commits_it_is_asked(browser, at, inbox, output):
    new = send(inbox, noise(80), {"label": "green"})
    before = LocalStore(output / "store").head("shades")
    with someone(browser, at, "ann") as ann:
        page = ann.open("/review")
        assert "a class that the model does not know" in page.locator("dd.verdict").inner_text()
        ann.looked_at()
        press(page, "a")
        assert Queue(inbox).decision(new)["truth"] == {"label": "green"}
        page.get_by_role("main").get_by_role("link", name="Commit what is accepted").first.click()
        page.get_by_role("button", name="Commit").click()
        assert committed(page) == "Not committed yet"
        assert page.get_by_role("checkbox", name="class-new").is_visible()
        assert "green is no class of the data set yet" in page.locator("table").inner_text()
    assert LocalStore(output / "store").head("shades") == before
