"""Submissions as applications and people make them."""

import uuid
from datetime import UTC, datetime


def submission(**given):
    """A piece of feedback without an image, unless it is told otherwise."""
    made = {
        "id": str(uuid.uuid4()),
        "time": datetime.now(UTC).isoformat(),
        "kind": "feedback",
        "by": "",
        "source": "feedback",
        "task": "classification",
        "prediction_id": str(uuid.uuid4()),
        "model_digest": "0" * 64,
        "image_sha256": "",
        "answered": {"label": "cat"},
        "truth": {"label": "dog"},
        "reward": None,
        "note": "",
    }
    return made | given


def decision(submission_id, reviewer="ann", verdict="accept", truth=None, why=""):
    """A decision; an acceptance is of a dog unless it is told otherwise."""
    right = truth or {"label": "dog"} if verdict == "accept" else None
    return {
        "id": submission_id,
        "reviewer": reviewer,
        "time": datetime.now(UTC).isoformat(),
        "verdict": verdict,
        "truth": right,
        "why": why,
    }


def put(inbox, image=b"an image", **given):
    """Put one with its image; return its id."""
    made = submission(image_sha256=inbox.put_image(image), **given)
    inbox.put(made)
    return made["id"]
