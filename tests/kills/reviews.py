"""The page killed while somebody reviews: what was decided stays decided, once, and the rest still waits."""

import random
import re
from pathlib import Path

import requests

from pylib.review.queue import DECISIONS, Queue
from pylib.store.inbox import Inbox
from tests.kills import page
from tests.kills.killed import Killed
from tests.review.submitting import put
from tests.web.served import picture, shades

_WAITING = 40
_FORM = re.compile(r'action="[^"]*/review/([0-9a-f-]{36})"')
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def kill(output: Path, times: int, seed: int = 0) -> Killed:
    """Kill the page so many times; what it acknowledged is the verdict by the submission's id."""
    shades(output)
    killed, inbox, chance = Killed(), Inbox((output / "inbox").as_uri()), random.Random(seed)

    def review(session: requests.Session, url: str, _: str) -> None:
        shown = session.get(f"{url}/review", timeout=30)
        found = _FORM.search(shown.text)
        if not found:
            put(inbox, picture(chance.randrange(256)), truth={"label": "dark"})
            return
        verdict = chance.choice(["accept", "reject"])
        fields = {"csrf": _CSRF.search(shown.text)[1], "verdict": verdict, "why": found[1]}
        answer = session.post(f"{url}/review/{found[1]}", data=fields, timeout=30, allow_redirects=False)
        if answer.status_code == 303:
            killed.acknowledged[found[1]] = verdict

    for _ in range(min(_WAITING, 4 * times)):
        put(inbox, picture(chance.randrange(256)), truth={"label": "dark"})
    page.kill(output, killed, review, times=times, seed=seed)
    return killed


def check(output: Path, killed: Killed) -> int:
    """How many decisions there are: each whole and as it was acknowledged; what has none still waits."""
    queue = Queue(Inbox((output / "inbox").as_uri()), lease_seconds=0)
    decided = queue.inbox.ids(DECISIONS)
    assert {*decided} >= killed.acknowledged.keys()
    for each in decided:
        decision = queue.decision(each)
        assert decision is not None
        assert decision["why"] == each == queue.inbox.submission(each)["id"]
        assert decision["verdict"] == killed.acknowledged.get(each, decision["verdict"])
        assert decision["truth"] == ({"label": "dark"} if decision["verdict"] == "accept" else None)
    counts, every = queue.counts(), list(queue.inbox.submissions())
    assert counts["waiting"] + counts["claimed"] == len(every) - len(decided)
    return len(decided)
