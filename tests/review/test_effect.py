"""What a source does to a model is measured with it and without it; where it cannot be, that is said."""

import pytest

from pylib.data.ingest import ingest
from pylib.data.plan import Options
from pylib.data.sources import open_source
from pylib.data.split import split_of
from pylib.errors import ReviewError
from pylib.review.commit import commit_accepted
from pylib.review.effect import effects
from pylib.review.queue import Queue
from pylib.store.inbox import Inbox
from pylib.store.opening import open_store
from pylib.tasks.task import find
from tests.data.made import Folder
from tests.review.submitting import decision, put


@pytest.mark.slow
def test_a_source_that_has_a_class_the_others_lack_is_what_tells_it(tmp_path):
    """The old data has no red ink to train on; the source brings it."""
    store, queue = open_store((tmp_path / "store").as_uri()), Queue(Inbox((tmp_path / "inbox").as_uri()))
    task = find("classification")
    with open_source("sample", task, cache=tmp_path / "cache") as opened:
        reds = sorted((opened.folder / "red").iterdir())
        kept = next(path for path in reds if split_of(f"red/{path.stem}") != "train")
        for path in (path for path in reds if path != kept):
            sent = put(queue.inbox, path.read_bytes(), source="trip")
            queue.decide(decision(sent, truth={"label": "red"}))
            path.unlink()
        for name in ("cyan", "magenta", "yellow"):
            for path in (opened.folder / name).iterdir():
                path.unlink()
        ingest(str(opened.folder), store, "inks", Options(task="classification"), cache=tmp_path / "cache")
    made = commit_accepted(queue, store, "inks", by="ann")
    told = {"weights": "none", "artifacts": (tmp_path / "artifacts").as_uri()}
    (found,) = effects(store, made, folder=tmp_path / "work", **told)
    assert found.source == "trip"
    assert found.items > 30
    assert found.with_it - found.without_it == pytest.approx(found.difference)
    assert found.low <= found.difference <= found.high
    assert found.difference > 0
    with pytest.raises(ReviewError, match="none of elsewhere"):
        effects(store, made, folder=tmp_path / "again", sources=["elsewhere"], **told)
    before = store.inspect(f"inks@{made.parent}")
    (since,) = effects(store, made, folder=tmp_path / "since", since=before, **told)
    assert since == found
    with pytest.raises(ReviewError, match="none of reviewed items"):
        effects(store, made, folder=tmp_path / "none", since=made, **told)


def test_of_masks_it_says_what_to_run(tmp_path):
    folder, store = Folder(tmp_path / "masks"), open_store((tmp_path / "store").as_uri())
    for number in range(30):
        folder.put(f"item_{number:02}", seed=number)
    made = ingest(str(folder.root), store, "masks", Options(), cache=tmp_path / "cache").commit
    with pytest.raises(ReviewError, match="two trainings: run the pipeline on masks@"):
        effects(store, made, weights="none", artifacts="", folder=tmp_path / "work")
