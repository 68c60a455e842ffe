"""Where an image is: in which commits of data, in which models' splits, in which answers; by its SHA-256."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from pylib.data.browsing import index_of
from pylib.errors import NotFoundError, PylibError
from pylib.store.artifacts import ArtifactStore
from pylib.store.opening import open_store
from pylib.store.request_log import records

_FIELD = "image_sha256"
_MOST = 50
"""Answers that are named; of one image there may be any number."""


@dataclass(frozen=True)
class InData:
    """An item of a branch's newest commits whose image it is; `of` names the commit, repository@id."""

    of: str
    item: str
    split: str


@dataclass(frozen=True)
class InModel:
    """A stored model that had the image, and in which split: of `train` it learned."""

    digest: str
    split: str
    item: str


@dataclass(frozen=True)
class Sightings:
    """All that is known of an image; `unread` says of what it could not be told, in sentences."""

    sha256: str
    data: list[InData]
    models: list[InModel]
    predictions: list[dict[str, Any]]
    unread: list[str]


def sightings(sha256: str, *, store: str, artifacts: str, predictions: str) -> Sightings:
    """Look for an image in the heads of all repositories, in all stored models, in the log of answers."""
    unread: list[str] = []
    return Sightings(
        sha256,
        list(_in_data(sha256, store, unread)),
        list(_in_models(sha256, artifacts, unread)),
        list(_in_log(sha256, predictions, unread)),
        unread,
    )


def _in_data(sha256: str, url: str, unread: list[str]) -> Iterator[InData]:
    store = open_store(url)
    try:
        repositories = store.list_repositories()
    except NotFoundError:
        return
    for repository in repositories:
        try:
            head = store.head(repository)
            index = index_of(url, head)
        except PylibError as error:
            unread.append(f"repository {repository}: {error}")
            continue
        for item in index.items if index else []:
            if item.image_sha256 == sha256:
                yield InData(str(head.ref), item.id, item.split)


def _in_models(sha256: str, artifacts: str, unread: list[str]) -> Iterator[InModel]:
    for digest in ArtifactStore(artifacts).list_models():
        try:
            seen = _images(artifacts, digest)
        except (PylibError, ValueError, KeyError, TypeError) as error:
            unread.append(f"model {digest[:12]}: no list of its images ({type(error).__name__})")
            continue
        if sha256 in seen:
            yield InModel(digest, *seen[sha256])


@lru_cache(maxsize=16)
def _images(artifacts: str, digest: str) -> dict[str, tuple[str, str]]:
    """Split and id by SHA-256 of the images that a stored model was made and judged with."""
    content = json.loads(ArtifactStore(artifacts).get_file(f"models/{digest}/dataset.json"))
    return {
        item[_FIELD]: (split, item["id"])
        for split, part in content["splits"].items()
        for item in part["items"]
    }


def _in_log(sha256: str, log: str, unread: list[str]) -> Iterator[dict[str, Any]]:
    try:
        yield from islice((entry for entry in records(log) if entry.get(_FIELD) == sha256), _MOST)
    except PylibError as error:
        unread.append(f"the log of answers: {error}")
