"""The model server, or one of its processes, killed while feedback is sent: what was acknowledged is kept."""

import base64
import os
import random
import signal
import threading
import uuid
from pathlib import Path

import requests

from pylib.serving import local
from pylib.serving.deployment import SeldonDeployment
from pylib.store.inbox import WITH_IMAGE, Inbox
from tests.kills.killed import Killed
from tests.serving.test_server import group_members, wait_until
from tests.web.served import classifier, picture

_PATH = "/api/v1.0/feedback"


def kill(output: Path, times: int, seed: int = 0) -> Killed:
    """Kill the server so many times; what it acknowledged is a picture's shade by the prediction's id."""
    deployment, store = classifier(output)
    killed, chance = Killed(), random.Random(seed)
    for _ in range(times):
        server = _started(deployment, store, output)
        ended = threading.Event()
        client = threading.Thread(target=_send, args=(server.url, killed, ended, chance.randrange(2**32)))
        client.start()
        ended.wait(chance.uniform(0.05, 0.8))
        _kill(server, chance)
        killed.kills += 1
        ended.set()
        client.join()
    return killed


def check(output: Path, killed: Killed) -> int:
    """How many submissions there are: all that were acknowledged, each whole, with its image."""
    inbox = Inbox((output / "inbox").as_uri())
    kept = {each["prediction_id"]: each for each in inbox.submissions()}
    assert kept.keys() >= killed.acknowledged.keys()
    assert len(inbox.ids(WITH_IMAGE)) == len(kept)
    for name, each in kept.items():
        assert each["truth"] == {"label": "dark"}
        image = inbox.image(each["image_sha256"])
        assert image == picture(killed.acknowledged[name]) if name in killed.acknowledged else image
    return len(kept)


def _kill(server: local.Server, chance: random.Random) -> None:
    """All processes at once, as where a machine fails, or one of them, with which the others end."""
    one = chance.choice([None, *group_members(server.pid)])
    if one is None:
        os.killpg(server.pid, signal.SIGKILL)
    else:
        os.kill(one, signal.SIGKILL)
    os.waitpid(server.pid, 0)
    wait_until(lambda: local.running(Path(server.log).parent) is None)


def _started(deployment: SeldonDeployment, store: str, output: Path) -> local.Server:
    return local.start(
        deployment,
        artifacts=store,
        folder=output / "serving" / "classification",
        port=0,
        inbox=(output / "inbox").as_uri(),
    )


def _send(url: str, killed: Killed, ended: threading.Event, seed: int) -> None:
    chance = random.Random(seed)
    with requests.Session() as session:
        session.trust_env = False
        while not ended.is_set():
            identifier, shade = str(uuid.uuid4()), chance.randrange(256)
            body = {
                "request": {"binData": base64.b64encode(picture(shade)).decode()},
                "response": {"meta": {"tags": {"prediction_id": identifier}}},
                "truth": {"strData": "dark"},
            }
            try:
                answer = session.post(url + _PATH, json=body, timeout=30)
            except requests.RequestException:
                killed.cut_off += 1
                return
            if answer.status_code == 200 and answer.json()["jsonData"]["kept_in"] == "inbox":
                killed.acknowledged[identifier] = shade
