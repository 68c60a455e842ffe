"""A commit's description as people read it: its first words, or of an ingest's record what it says."""

import json
from typing import Any

_WIDTH = 60


def ingested_from(description: str) -> tuple[str, bool] | None:
    """Of an ingest's record, the source's URI and whether it was added to the head; None of anything else."""
    try:
        definition = json.loads(description)["predicate"]["buildDefinition"]
        if "/ingest/" not in definition["buildType"]:
            return None
        used = definition["resolvedDependencies"]
        uri = next(str(each["uri"]) for each in used if each["name"] == "source")
        return uri, bool(definition["externalParameters"]["add"])
    except (ValueError, TypeError, LookupError, StopIteration):
        return None


def said_of(description: str, width: int = _WIDTH) -> str:
    """A description's first words; of an ingest's record, where the images are from and what they are.

    Of a review's commit its message, how many items, of which sources, and who committed them.
    """
    try:
        definition = json.loads(description)["predicate"]["buildDefinition"]
        given, used = definition["externalParameters"], definition["resolvedDependencies"]
        if "/forget/" in definition["buildType"]:
            return _short(f"forgot {', '.join(given['items']) or 'an image'}, {_asked(given)}", width)
        source = next(str(each["uri"]) for each in used if each["name"] == "source")
        return _ingested(given, source)
    except (ValueError, TypeError, LookupError, StopIteration):
        return _short(description, width)


def _asked(given: dict[str, Any]) -> str:
    return f"asked by {given['by']}" + (f": {given['message']}" if given["message"] else "")


def _short(text: str, width: int) -> str:
    line = " ".join(text[: 4 * width].split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _ingested(given: dict[str, Any], source: str) -> str:
    if "accepted" in given:  # of a review: why, in words, is what its commit was given
        many = "item" if given["accepted"] == 1 else "items"
        message = f"{given['message']}: " if given.get("message") else ""
        return f"{message}{given['accepted']} {many} of {', '.join(given['sources'])}, by {given['by']}"
    verb = "added" if given["add"] else "ingested"
    rejected = f", {given['rejected']} rejected" if given["rejected"] else ""
    return f"{verb} {source}: {given['task']}, {len(given['classes'])} classes{rejected}"
