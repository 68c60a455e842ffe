"""The page killed while people send pictures: what was acknowledged is kept, and nothing is half there."""

import random
import re
from pathlib import Path

import requests

from pylib.store.inbox import Inbox
from tests.kills import page
from tests.kills.killed import Killed
from tests.web.served import picture, shades


def kill(output: Path, times: int, seed: int = 0) -> Killed:
    """Kill the page so many times; what it acknowledged is by source and note."""
    shades(output)
    killed = Killed()

    def send(session: requests.Session, url: str, name: str) -> None:
        form = session.get(f"{url}/contribute?data=shades", timeout=30).text
        hidden = dict(re.findall(r'name="(csrf|id|data)" value="([^"]+)"', form))
        fields = {**hidden, "source": "kitchen", "label": "dark", "note": name}
        files = {"images": (f"{name}.png", picture(random.Random(name).randrange(256)))}
        answer = session.post(f"{url}/contribute", data=fields, files=files, timeout=30)
        if answer.status_code == 200 and "1 of 1 taken" in answer.text:
            killed.acknowledged[name] = "dark"

    page.kill(output, killed, send, times=times, seed=seed)
    return killed


def check(output: Path, killed: Killed) -> int:
    """How many submissions there are: all that were acknowledged, each whole, with its image."""
    inbox = Inbox((output / "inbox").as_uri())
    kept = list(inbox.submissions())
    assert {each["note"] for each in kept} >= killed.acknowledged.keys()
    for each in kept:
        assert each["truth"] == {"label": "dark"}
        assert inbox.image(each["image_sha256"])
    return len(kept)
