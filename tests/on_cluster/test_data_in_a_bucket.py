"""Without Pachyderm: pods and a laptop share the versioned data in a bucket, and several write at once."""

import json
import uuid
from contextlib import ExitStack
from typing import Any

import pytest

from pylib.store.maintenance import fsck
from pylib.store.opening import open_store
from tests.on_cluster import pods, serving
from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.models import Store
from tests.on_cluster.platform import Platform, require_tried

pytestmark = pytest.mark.cluster
WRITERS, COMMITS = 4, 3
WRITE = """
mkdir /tmp/files
for number in $(seq {commits}); do
  echo {writer} $number > /tmp/files/{writer}-$number
  pylib data commit pets /tmp/files --add --json
done
"""


@pytest.fixture
def url(platform: Platform, store: Store, monkeypatch: pytest.MonkeyPatch) -> str:
    """A fresh folder of the bucket, and the variables with which a laptop reaches it."""
    require_tried(platform, "ml-user")
    for name, value in store.variables.items():
        monkeypatch.setenv(name, value)
    store.make("data")
    return f"s3://data/{uuid.uuid4().hex}"


def writer(image: str, url: str, number: int) -> Body:
    """A pod with what retraining has, that commits a few times."""
    made = pods.container(
        "writer",
        image,
        ["sh", "-ec", WRITE.format(writer=number, commits=COMMITS)],
        env=[{"name": "PYLIB_STORE", "value": url}],
        envFrom=[{"secretRef": {"name": "step-store"}}],
    )
    body = pods.pod(f"writer-{number}", serving.NAMESPACE, made)
    body["metadata"]["labels"] = {"sidecar.istio.io/inject": "false"}
    return body


def test_pods_that_commit_at_once_lose_nothing(
    kubectl: Kubectl,
    train_image: str,
    url: str,
    record: dict[str, Any],
) -> None:
    first = open_store(url).commit("pets", {"here": b"from a laptop"})
    with ExitStack() as stack:
        names = [
            stack.enter_context(pods.running(kubectl, writer(train_image, url, number)))
            for number in range(WRITERS)
        ]
        codes = [pods.exit_codes(kubectl, name, serving.NAMESPACE, 300) for name in names]
        said = [pods.log(kubectl, name, serving.NAMESPACE, "writer") for name in names]
    assert codes == [{"writer": 0}] * WRITERS, said
    reported = [[each["id"] for each in _objects(text)] for text in said]
    log = [commit.id for commit in reversed(open_store(url).log("pets"))]
    assert sorted(log) == sorted([first.id, *(each for ids in reported for each in ids)])
    assert all([each for each in log if each in ids] == ids for ids in reported)
    report = fsck(open_store(url))
    assert (report.commits, report.problems) == (1 + WRITERS * COMMITS, [])
    record["commits_of_pods_to_a_bucket"] = WRITERS * COMMITS


def _objects(text: str) -> list[Any]:
    """The JSON objects that stand one after another."""
    found, decoder = [], json.JSONDecoder()
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found
