"""The images of ours that a test needs on a node."""

import pytest

from pylib.cluster.images import locked
from tests.on_cluster.kubectl import Kubectl
from tests.on_cluster.platform import CHECKOUT


def require_image(kubectl: Kubectl, stage: str) -> str:
    """The reference of a stage of the Dockerfile; the test is skipped where no node has it."""
    reference = locked(CHECKOUT)[stage].partition("@")[0]
    images = [image for node in kubectl.list("nodes") for image in node["status"].get("images") or []]
    if not any(reference in (image.get("names") or []) for image in images):
        pytest.skip(f"no node has {reference}: build it (--target {stage}) and load it")
    return reference
