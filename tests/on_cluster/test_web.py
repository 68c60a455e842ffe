"""The page as a pod on a real node: confined, answering, believing the login from the gateway alone.

There is no data plane of Istio here: the tests write what its sidecar would append to
X-Forwarded-Client-Cert.
"""

import html
import re
from collections.abc import Iterator

import numpy as np
import pytest
import requests

from pylib.data.images import encode_png
from tests.on_cluster import pods, serving
from tests.on_cluster.kubectl import Body, Kubectl, KubectlError
from tests.on_cluster.operators import runs_for_real
from tests.on_cluster.platform import Platform, require_tried
from tests.on_cluster.waiting import require, until

pytestmark = pytest.mark.cluster
PORT, LABEL = 8080, "app.kubernetes.io/name=web"
GATEWAY = "spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"
OTHER = "spiffe://cluster.local/ns/ml/sa/ml-user"
SOMEBODY = {"kubeflow-userid": "user@example.com"}


def peer(*identities: str) -> dict[str, str]:
    """Who sent a request, as proxies on its way wrote it down, the last one last."""
    elements = [f'By=spiffe://cluster.local/ns/ml/sa/web;Hash=0;Subject="";URI={each}' for each in identities]
    return {"X-Forwarded-Client-Cert": ",".join(elements)}


@pytest.fixture(scope="module")
def pod(kubectl: Kubectl, web_image: str, installed: Platform) -> Body:
    """The page's pod, ready."""
    require_tried(installed, "web")
    return until(120, "the page's pod", lambda: _ready(kubectl))


@pytest.fixture(scope="module")
def page(kubectl: Kubectl, pod: Body) -> Iterator[str]:
    """The page's address on this machine."""
    with pods.forwarded(kubectl, f"pod/{pod['metadata']['name']}", serving.NAMESPACE, PORT) as url:
        yield url


def test_it_is_confined_and_its_probes_pass(kubectl: Kubectl, pod: Body) -> None:
    assert runs_for_real(pod)
    (status,) = [each for each in pod["status"]["containerStatuses"] if each["name"] == "web"]
    assert (status["started"], status["ready"], status["restartCount"]) == (True, True, 0)

    def run(command: str) -> str:
        where = [pod["metadata"]["name"], f"--namespace={serving.NAMESPACE}", "--container=web"]
        return kubectl.run("exec", *where, "--", "sh", "-c", command).strip()

    assert run("id -u; id -g").split() == ["1000", "1000"]
    for place in ("/", "/app", "/opt/venv", "/etc/pylib"):
        with pytest.raises(KubectlError, match="Read-only file system"):
            run(f"touch {place}/written")
    with pytest.raises(KubectlError, match="No such file"):
        run("ls /var/run/secrets/kubernetes.io/serviceaccount")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        SOMEBODY,
        {**SOMEBODY, **peer(OTHER)},
        {**SOMEBODY, **peer(GATEWAY, OTHER)},
        peer(GATEWAY),
    ],
    ids=["nothing", "a name alone", "another pod", "another pod that says it was the gateway", "no name"],
)
def test_who_does_not_come_through_the_gateway_is_nobody(page: str, headers: dict[str, str]) -> None:
    answer = requests.get(f"{page}/web/", headers=headers, timeout=30)
    assert answer.status_code == 403


def test_who_comes_through_the_gateway_has_his_role(page: str) -> None:
    admin = requests.get(f"{page}/web/", headers={**SOMEBODY, **peer(OTHER, GATEWAY)}, timeout=30)
    assert admin.status_code == 200
    assert "user@example.com, admin" in admin.text
    viewer = {"kubeflow-userid": "somebody@example.com", **peer(GATEWAY)}
    assert "somebody@example.com, viewer" in requests.get(f"{page}/web/", headers=viewer, timeout=30).text
    refused = requests.get(f"{page}/web/contribute", headers=viewer, timeout=30)
    assert refused.status_code == 403


def test_it_asks_the_served_model(page: str, server: Body) -> None:
    headers = {**SOMEBODY, **peer(GATEWAY)}
    form = requests.get(f"{page}/web/?model=segmentation", headers=headers, timeout=30)
    token = html.unescape(re.search('name="csrf" value="([^"]+)"', form.text)[1])  # type: ignore[index]
    # Its cookie is for https alone, which ends at the gateway.
    headers["Cookie"] = form.headers["Set-Cookie"].partition(";")[0]
    pixels = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    sent = {"image": ("a.png", encode_png(pixels)), "model": (None, "segmentation"), "csrf": (None, token)}
    asked = requests.post(f"{page}/web/ask", headers=headers, files=sent, timeout=60, allow_redirects=False)
    assert asked.status_code == 303, asked.text
    answer = requests.get(page + asked.headers["Location"], headers=headers, timeout=30)
    assert "What the model sees" in answer.text


def _ready(kubectl: Kubectl) -> Body:
    found = [each for each in kubectl.list("pods", serving.NAMESPACE, LABEL) if _is_ready(each)]
    require(found, "none is ready")
    return found[0]


def _is_ready(pod: Body) -> bool:
    return any(each["ready"] for each in pod["status"].get("containerStatuses") or [])
