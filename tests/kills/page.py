"""The page, killed at a random moment of what somebody does with it; and started again."""

import random
import threading
from collections.abc import Callable
from pathlib import Path

import requests

from pylib.web.access import SESSION
from tests.kills.killed import Killed
from tests.web.browsing import start

Do = Callable[[requests.Session, str, str], None]
"""One thing that is done again and again: with a session, the page's URL, and a name that is its own."""


def kill(output: Path, killed: Killed, do: Do, *, times: int, seed: int = 0) -> None:
    """Start the page, let somebody go on without end, kill it; so many times."""
    chance = random.Random(seed)
    for number in range(times):
        page = start(output)
        session = requests.Session()
        session.trust_env = False
        session.cookies.set(SESSION, page.session())
        ended = threading.Event()
        somebody = threading.Thread(target=_go_on, args=(session, page.url, f"r{number}", do, killed, ended))
        somebody.start()
        ended.wait(chance.uniform(0.05, 0.8))
        page.process.kill()
        page.process.wait()
        killed.kills += 1
        ended.set()
        somebody.join()
        page.process.stdout.close()


def _go_on(
    session: requests.Session, url: str, who: str, do: Do, killed: Killed, ended: threading.Event
) -> None:
    number = 0
    with session:
        while not ended.is_set():
            try:
                do(session, url, f"{who} {number}")
            except requests.RequestException:
                killed.cut_off += 1
                return
            number += 1
