"""`pylib review commit` killed: what is accepted is in the data once, and what was said to be stays."""

import base64
import json
import random
import subprocess
from pathlib import Path

import numpy as np

from pylib.data.dataset import DatasetIndex
from pylib.data.images import encode_png
from pylib.data.ingest import ingest
from pylib.data.plan import Options
from pylib.review.origins import read_origins
from pylib.review.queue import Queue
from pylib.store.fsck import fsck
from pylib.store.inbox import Inbox
from pylib.store.local import LocalStore
from pylib.store.protocol import CommitRef
from tests.data.made import Folder, encode, noise
from tests.kills.killed import Killed
from tests.review.submitting import decision, put
from tests.web.browsing import command, environment

_LONGEST = 5.0  # seconds; about half of the commits are done by then


def kill(output: Path, times: int, seed: int = 0) -> Killed:
    """Accept something, kill its commit; so many times. Acknowledged are commits, by the text of each."""
    folder, chance, killed = Folder(output / "masks"), random.Random(seed), Killed()
    for number in range(30):
        folder.put(f"item_{number:02}", seed=number)
    ingest(str(folder.root), LocalStore(output / "store"), "masks", Options(), cache=output / "cache")
    queue = Queue(Inbox((output / "inbox").as_uri()))
    while killed.kills < times:
        _accept(queue, 1000 + len(queue.inbox.ids("decisions")))
        process = _begin(output)
        try:
            process.wait(chance.uniform(0.3, _LONGEST))
        except subprocess.TimeoutExpired:
            process.kill()
            killed.kills += 1
            killed.cut_off += 1
        _heard(process, killed)
    return killed


def check(output: Path, killed: Killed) -> int:
    """How many items were added: after one commit that nobody kills, all that was accepted, each once."""
    last = _begin(output)
    _heard(last, killed)
    assert last.returncode == 0
    store, queue = LocalStore(output / "store"), Queue(Inbox((output / "inbox").as_uri()))
    assert not fsck(store).problems
    head = store.head("masks")
    history = {str(each.ref) for each in store.log("masks")}
    assert history >= killed.acknowledged.keys()
    origins = read_origins(store, head)
    ids = [item.id for item in DatasetIndex.loads(store.read(head, "dataset.json")).items]
    assert len(ids) == len(set(ids))
    accepted = [each["id"] for each in queue.history(limit=10_000)]
    assert {origin.submission for origin in origins.values()} == set(accepted)
    assert {*ids} >= origins.keys()
    for each in accepted:
        commit = CommitRef.parse(queue.committed(each))
        assert str(commit) in history
        assert f"feedback/{each}" in read_origins(store, commit)
    return len(origins)


def _accept(queue: Queue, seed: int) -> None:
    drawn = np.zeros((40, 48), np.uint8)
    drawn[5:20, 5:20] = 1
    truth = {"mask_png": base64.b64encode(encode_png(drawn)).decode()}
    sent = put(queue.inbox, encode(noise(seed)), task="segmentation", truth=truth)
    queue.decide(decision(sent, truth=truth))


def _begin(output: Path) -> subprocess.Popen[str]:
    asked = ["review", "commit", "masks", "--by=ann", "--json"]
    kinds = [f"--allow={kind}" for kind in ("source-flood", "test-duplicate", "backdoor-patch")]
    return subprocess.Popen(
        [*command()[:-1], *asked, *kinds],
        env=environment(output),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _heard(process: subprocess.Popen[str], killed: Killed) -> None:
    said, _ = process.communicate()
    if process.returncode == 0:
        made = json.loads(said.splitlines()[-1])["commit"]
        if made:
            killed.acknowledged[made] = said
    else:
        assert process.returncode < 0, said
