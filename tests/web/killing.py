"""The page killed while people send pictures: what was acknowledged is kept, and nothing is half there."""

import random
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path

import requests

from pylib.store.inbox import Inbox
from pylib.web.access import SESSION
from tests.web.browsing import Running, start
from tests.web.served import picture, shades


@dataclass
class Sent:
    """Pictures that the page said it has taken, and how often it was killed within a request."""

    acknowledged: set[tuple[str, str]] = field(default_factory=set)
    cut_off: int = 0


def kill(output: Path, times: int, seed: int = 0) -> Sent:
    """Start the page, let somebody send pictures without end, kill it at a random moment; so many times."""
    shades(output)
    chance, sent = random.Random(seed), Sent()
    for number in range(times):
        page = start(output)
        page.session()
        ended = threading.Event()
        sender = threading.Thread(target=_send, args=(page, f"r{number}", sent, ended))
        sender.start()
        ended.wait(chance.uniform(0.05, 0.8))
        page.process.kill()
        page.process.wait()
        ended.set()
        sender.join()
        page.process.stdout.close()
    return sent


def check(output: Path, sent: Sent) -> int:
    """How many submissions there are: all that were acknowledged, each whole, with its image."""
    inbox = Inbox((output / "inbox").as_uri())
    kept = list(inbox.submissions())
    assert {(each["source"], each["note"]) for each in kept} >= sent.acknowledged
    for each in kept:
        assert each["truth"] == {"label": "dark"}
        assert inbox.image(each["image_sha256"])
    return len(kept)


def _send(page: Running, source: str, sent: Sent, ended: threading.Event) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.cookies.set(SESSION, page.session())
        number = 0
        while not ended.is_set():
            try:
                _send_one(session, page.url, source, f"picture {number}", sent)
            except requests.RequestException:
                sent.cut_off += 1
                return
            number += 1


def _send_one(session: requests.Session, url: str, source: str, note: str, sent: Sent) -> None:
    form = session.get(f"{url}/contribute?data=shades", timeout=30).text
    hidden = dict(re.findall(r'name="(csrf|id|data)" value="([^"]+)"', form))
    fields = {**hidden, "source": source, "label": "dark", "note": note}
    image = picture(random.Random(f"{source} {note}").randrange(256))
    files = {"images": (f"{note}.png", image)}
    answer = session.post(f"{url}/contribute", data=fields, files=files, timeout=30)
    if answer.status_code == 200 and "1 of 1 taken" in answer.text:
        sent.acknowledged.add((source, note))
