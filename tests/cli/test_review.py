"""A person reviews in a terminal: lists, looks, decides, commits."""

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pylib.cli.review import review_app
from pylib.data.dataset import DatasetIndex
from pylib.data.ingest import ingest
from pylib.data.plan import Options
from pylib.errors import ReviewError, StoreError
from pylib.review.begun import begin
from pylib.store.descriptions import said_of
from pylib.store.inbox import Inbox
from pylib.store.opening import open_store
from tests.data.made import encode, noise
from tests.review.submitting import put, submission


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    """The inbox of a laptop whose store has forty cats and dogs of noise."""
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    for name in ("PYLIB_STORE", "PACHD_ADDRESS", "PYLIB_INBOX"):
        monkeypatch.delenv(name, raising=False)
    for number in range(40):
        path = tmp_path / "pets" / ("cat", "dog")[number % 2] / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(noise(number)))
    store = open_store((tmp_path / "out/store").as_uri())
    ingest(str(tmp_path / "pets"), store, "pets", Options(task="classification"), cache=tmp_path / "cache")
    return Inbox((tmp_path / "out/inbox").as_uri())


def run(*arguments: str) -> str:
    result = CliRunner().invoke(review_app, list(arguments))
    if result.exception:
        raise result.exception
    return result.output


@pytest.mark.parametrize("verb", ["list", "reject"])
def test_any_verb_first_marks_what_a_killed_commit_has(inbox: Inbox, tmp_path: Path, verb: str) -> None:
    sent, store = put(inbox, encode(noise(1000))), open_store((tmp_path / "out/store").as_uri())
    run("accept", sent)
    head = store.head("pets")
    made = run("commit", "pets").splitlines()[-1]
    inbox.objects.delete([f"commits/{sent}.json"])  # as if it had been killed before
    begin(inbox, head, "master", {sent: f"feedback/{sent}"})
    if verb == "list":
        assert "1 committed" in run("list")
    else:
        with pytest.raises(ReviewError, match=f"is in {made}: `pylib data forget`"):
            run("reject", sent, "--why=no dog")
    assert json.loads(run("show", sent))["commit"] == made
    assert run("commit", "pets").strip() == "nothing to commit"


def test_feedback_by_an_id_alone_gets_what_the_log_kept(inbox: Inbox, tmp_path: Path) -> None:
    with_image, without = (
        submission(answered=None),
        submission(answered=None, time="2026-01-01T00:00:00+00:00"),
    )
    day, data = "2026-01-01", encode(noise(1000))
    digest = hashlib.sha256(data).hexdigest()
    lines = [
        {"prediction_id": each["prediction_id"], "time": f"{day}T00:00:00+00:00", "answer": {"label": "cat"}}
        | {"image_sha256": digest if each is with_image else "0" * 64, "model_digest": "a" * 64}
        for each in (with_image, without)
    ]
    log = tmp_path / "out/predictions.jsonl"
    log.write_text("".join(json.dumps(each) + "\n" for each in lines))
    (tmp_path / "out/images/2026/01/01").mkdir(parents=True)
    (tmp_path / "out/images/2026/01/01" / digest).write_bytes(data)
    for each in (with_image, without):
        inbox.put(each)
    listed = run("list").splitlines()
    assert sorted(each.partition("feedback  ")[2] for each in listed[:2]) == [
        "answered cat  truth dog  image unknown",
        "answered cat  truth dog  with its image",
    ]
    assert "1 cannot be learned from: the log has its answer and not its image: PREDICTION_LOG_IMAGES" in run(
        "gather"
    )
    assert "1 without an image, which nobody can accept" in run("list")
    with pytest.raises(ReviewError, match="nothing can learn from it: the log has its answer"):
        run("accept", without["id"])
    assert "PREDICTION_LOG_IMAGES" in json.loads(run("show", without["id"]))["left_out"]
    inbox.put(new := submission(answered=None))
    assert "the log may still bring it" in json.loads(run("show", new["id"]))["left_out"]
    with pytest.raises(ReviewError, match="PREDICTION_LOG_IMAGES"):
        run("show", without["id"], "--image", str(tmp_path / "seen.jpg"))
    run("accept", with_image["id"])
    assert run("commit", "pets").splitlines()[-1].startswith("pets@")


def test_from_the_inbox_to_a_commit(inbox: Inbox, tmp_path: Path) -> None:
    first, second, third = (put(inbox, encode(noise(1000 + number))) for number in range(3))
    assert run("list").splitlines()[0].startswith(first)
    assert "answered cat  truth dog  with its image" in run("list")
    run("show", first[:8], "--image", str(tmp_path / "seen.jpg"))
    assert (tmp_path / "seen.jpg").read_bytes() == encode(noise(1000))
    run("accept", first[:8], "--by", "ann")
    run("accept", second[:8], "--truth", "cat", "--why", "its ears", "--by", "ann")
    run("reject", third, "--why", "not a pet", "--by", "bob")
    assert "0 waiting, 0 claimed, 2 accepted, 1 rejected" in run("list")
    *said, made = run("commit", "pets", "--by", "ann", "-m", "of May").splitlines()
    assert said == [
        f"committed  {first}: dog, accepted by ann",
        f"committed  {second}: cat, accepted by ann",
    ]
    store = open_store((tmp_path / "out/store").as_uri())
    assert said_of(store.head("pets").description) == "of May: 2 items of feedback, by ann"
    index = DatasetIndex.loads(open_store((tmp_path / "out/store").as_uri()).read(made, "dataset.json"))
    said = {item.id: index.classes[item.target.label] for item in index.items}
    assert (said[f"feedback/{first}"], said[f"feedback/{second}"]) == ("dog", "cat")
    assert run("commit", "pets") == "nothing to commit\n"
    shown = json.loads(run("show", second))
    assert (shown["commit"], shown["decision"]["why"]) == (made, "its ears")
    listed = json.loads(run("list", "--all", "--json"))
    assert len(listed["submissions"]) == 3
    assert listed["counts"]["committed"] == 2


@pytest.mark.parametrize(("given", "said"), [("", "begin so"), ("zz", "there is none")])
def test_a_submission_that_is_not_one_is_refused(inbox: Inbox, given: str, said: str) -> None:
    for number in range(2):
        put(inbox, encode(noise(1000 + number)))
    with pytest.raises(ReviewError, match=said):
        run("accept", given)


def test_what_is_no_submission_is_passed_over_and_counted(inbox: Inbox, tmp_path: Path) -> None:
    one = put(inbox, encode(noise(1)))
    folder = tmp_path / "out/inbox/submissions"
    (folder / "notes.txt").write_text("mine")
    (folder / "00000000-0000-0000-0000-000000000000.json").write_text("{")
    (folder / "11111111-0000-0000-0000-000000000000.json").write_text("[]")
    said = run("list")
    assert one in said
    assert "3 waiting" in said  # those that cannot be read wait, too
    assert "3 that cannot be read" in said
    run("show", one)


def test_a_damaged_decision_is_one_line(inbox: Inbox, tmp_path: Path) -> None:
    one = put(inbox, encode(noise(1)))
    run("accept", one)
    (tmp_path / f"out/inbox/decisions/{one}.json").write_text("{}")
    for arguments in (["list"], ["show", one], ["commit", "pets"]):
        with pytest.raises(StoreError, match="is damaged"):
            run(*arguments)


def test_what_is_right_is_said_and_a_new_class_is_called_new(inbox: Inbox) -> None:
    first, second = (put(inbox, encode(noise(number))) for number in range(2))
    for nothing in ("", "  "):
        with pytest.raises(ReviewError, match="--truth says nothing"):
            run("accept", first, "--truth", nothing)
    assert "new  cta: no data set of classification" in run("accept", first, "--truth", "cta")
    assert "new" not in run("accept", second, "--truth", "cat").replace(second, "")
