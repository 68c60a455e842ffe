"""What is damaged on the disk, or told by a bad server, is a sentence on a page and never a fault of it."""

import json
import re
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from pylib.review.queue import DECISIONS, Queue
from pylib.store.inbox import Inbox
from tests.review.submitting import decision, put, submission
from tests.web.people import GATEWAY, behind_gateway
from tests.web.served import picture

pytestmark = pytest.mark.slow
ANSWER = {
    "label": "dark",
    "classes": ["dark", "light"],
    "confidence": 0.9,
    "probabilities": {"dark": 0.9, "light": 0.1},
}


class Server(BaseHTTPRequestHandler):
    """A model server that answers with the tags that it is told to."""

    tags: dict[str, object]

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.say({"jsonData": ANSWER, "meta": {"tags": {"task": "classification", **self.tags}}})

    def do_GET(self):
        self.say({"jsonData": {}})

    def say(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"m=http://127.0.0.1:{made.server_port}"
        made.shutdown()


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("output")


@pytest.fixture(scope="module")
def url(output, server):
    with behind_gateway(output, output / "roles.yaml", PYLIB_WEB_MODELS=server) as where:
        yield where


@pytest.fixture
def dora(url):
    with requests.Session() as session:
        session.trust_env = False
        session.headers.update({"kubeflow-userid": "dora", "x-forwarded-client-cert": f"URI={GATEWAY}"})
        yield session


@pytest.fixture
def inbox(output):
    return Inbox((output / "inbox").as_uri())


def send(session, url, path, files=None, **fields):
    """By a browser of https, which keeps the cookie that the page says is for that alone."""
    page = session.get(f"{url}/explain", headers={"Cookie": ""})
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    form = {"csrf": re.search('name="csrf" value="([^"]+)"', page.text)[1], **fields}
    parts = [*((name, (None, value)) for name, value in form.items()), *(files or [])]
    return session.post(f"{url}{path}", files=parts, headers={"Cookie": cookie}, allow_redirects=False)


def ask(session, url, **tags):
    Server.tags = tags
    return send(session, url, "/ask", [("image", ("a.png", picture(3)))], model="m")


def said(answer):
    return answer.status_code, re.sub("<[^>]+>", "", answer.text.partition("<main")[2])


@pytest.mark.parametrize("tags", [{}, {"prediction_id": "x"}, {"prediction_id": 7}], ids=str)
def test_an_answer_without_an_id_is_the_servers_fault_and_leaves_nothing(dora, url, output, tags):
    status, words = said(ask(dora, url, **tags))
    assert status == 503
    assert "no prediction_id" in words
    assert [each for each in output.glob("web/answers/*") if each.name.startswith(".")] == []


def test_an_id_that_is_given_twice(dora, url, output):
    one = str(uuid.uuid4())
    assert ask(dora, url, prediction_id=one).status_code == 303
    status, words = said(ask(dora, url, prediction_id=one))
    assert (status, "twice" in words) == (503, True)
    assert [each.name for each in output.glob("web/answers/.*")] == []


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"by": "dora"}', "\udcff", None],
    ids=["empty", "list", "none", "part", "utf8", "task"],
)
def test_a_damaged_answer(dora, url, output, text):
    one = str(uuid.uuid4())
    ask(dora, url, prediction_id=one)
    place = output / "web/answers" / one / "answer.json"
    before = json.loads(place.read_text())
    damaged = json.dumps({**before, "content": {"label": 3}}) if text is None else text
    place.write_bytes(damaged.encode(errors="surrogateescape"))
    for path in ("", "/image", "/mask.png"):
        assert dora.get(f"{url}/answers/{one}{path}").status_code == 404


def test_a_file_in_place_of_a_folder(dora, url, output):
    folder = output / "web/answers"
    aside = folder.rename(output / "web/aside") if folder.exists() else None
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("no folder")
    try:
        status, words = said(ask(dora, url, prediction_id=str(uuid.uuid4())))
        assert status == 503
        assert str(folder) in words
    finally:
        folder.unlink()
        if aside:
            aside.rename(folder)


@pytest.mark.parametrize("text", ["users: [", "users: 3", "users: {dora: king}", "\udcff"], ids=ascii)
def test_broken_roles_let_nobody_in_and_say_so(dora, url, output, text):
    roles = output / "roles.yaml"
    before = roles.read_bytes()
    roles.write_bytes(text.encode(errors="surrogateescape"))
    try:
        for path in ("/", "/review", "/login", "/nothing"):
            status, words = said(dora.get(url + path))
            assert (status, "until an admin mends it" in words) == (503, True)
        assert requests.get(f"{url}/healthz").status_code == 200
        assert requests.get(f"{url}/").status_code == 403
    finally:
        roles.write_bytes(before)
    assert dora.get(f"{url}/").status_code == 200


def waiting(dora, url):
    return said(dora.get(f"{url}/review"))


def test_an_item_that_cannot_be_shown_can_be_skipped_or_rejected(dora, url, inbox, output):
    gone, odd, mask = (
        put(inbox, b"gone"),
        put(inbox, b"no image"),
        put(inbox, picture(5), truth={"mask_png": "abc"}, task="segmentation"),
    )
    (output / "inbox/images" / inbox.submission(gone)["image_sha256"]).unlink()
    for one, why in ((gone, "no image"), (odd, "not an image"), (mask, "base64")):
        status, words = waiting(dora, url)
        assert (status, "cannot be shown" in words, why in words) == (200, True, True)
        assert send(dora, url, f"/review/{one}/skip").status_code == 303
        assert send(dora, url, f"/review/{one}", verdict="reject").status_code == 303
    assert "cannot be shown" not in waiting(dora, url)[1]


def test_what_is_no_submission_is_passed_over(dora, url, inbox, output):
    folder = output / "inbox/submissions"
    folder.mkdir(exist_ok=True)
    for name in ("notes.txt", f"{uuid.uuid4()}.json", "x.json"):
        (folder / name).write_text("hello")
    one = put(inbox, b"x")
    texts = submission(image_sha256=inbox.submission(one)["image_sha256"], truth="dog")
    (folder / f"{texts['id']}.json").write_text(json.dumps(texts))
    status, words = waiting(dora, url)
    assert (status, "cannot be shown" in words) == (200, True)
    assert send(dora, url, f"/review/{one}", verdict="reject").status_code == 303
    assert waiting(dora, url)[0] == 200
    assert dora.get(f"{url}/review/{texts['id']}/image").status_code == 503


@pytest.mark.parametrize("text", ["", "{}", "[]", None], ids=["empty", "none", "list", "truth"])
def test_a_damaged_decision_is_named(dora, url, inbox, output, text):
    one = put(inbox, b"y")
    place = output / "inbox" / DECISIONS / f"{one}.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps(decision(one) | {"truth": "dog"}) if text is None else text)
    for path in ("/review", "/review/history", "/review/commit"):
        status, words = said(dora.get(url + path))
        assert (status, "is damaged" in words) == (503, True)
    place.unlink()


def test_what_is_sent_again_with_another_content_takes_the_place_of_the_former(dora, url, inbox):
    one, form = str(uuid.uuid4()), str(uuid.uuid4())
    ask(dora, url, prediction_id=one)
    seen = []
    for verdict in ("right", "right", "wrong", "right"):
        answer = send(dora, url, f"/answers/{one}/feedback", id=form, verdict=verdict)
        seen.append(re.search("said=([^#]+)", answer.headers["Location"])[1])
    assert seen[0] == seen[1] == form
    assert len({*seen}) == 3
    assert [inbox.submission(each)["reward"] for each in seen] == [1, 1, 0, 1]
    decided = [Queue(inbox).decision(each) for each in seen]
    assert [each and each["verdict"] for each in decided] == ["reject", "reject", "reject", None]
    assert seen[2] in decided[0]["why"]
