"""What a served model learned from, for people: its data, how many images, and when; its samples."""

import os
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pylib.data.dataset import INDEX_FILE, DatasetIndex, Item
from pylib.errors import NotFoundError, PylibError, ServingError
from pylib.provenance.explain import explain
from pylib.serving.client import Client
from pylib.settings import Settings
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef, Store
from pylib.web.pictures import THUMBNAIL, shown

_SAMPLES = 8


class Learned(NamedTuple):
    """Of which data, of how many images, on which day (ISO 8601)."""

    data: str
    images: int
    day: str


@lru_cache(maxsize=64)
def learned(place: str, digest: str) -> Learned | None:
    """What a model in the artifact store at the URL `place` learned from; None where no record is there."""
    try:
        found = explain(digest, artifacts=place, predictions=Path(os.devnull))
    except PylibError:
        return None
    started = [step.started for step in found.steps if step.step == "train"] or [found.steps[0].started]
    return Learned(found.data or "", len(found.images), started[0][:10])


def data_commit(url: str) -> str:
    """Which data the model served at a URL is of, `repository@commit`; empty where it cannot be asked."""
    try:
        with Client(url, timeout=3) as client:
            return client.status().get("data_commit", "")
    except ServingError:
        return ""


def samples(settings: Settings, commit: str) -> list[str]:
    """The ids of some test images of a data commit; none where it is not in this store."""
    try:
        index = _index(settings.store, commit)
    except PylibError:
        return []
    there = [item.id for item in index.split("test")]
    return there[:: max(1, len(there) // _SAMPLES)][:_SAMPLES]


def sample(settings: Settings, commit: str, item_id: str) -> bytes:
    """One of these, as its file is; raises NotFoundError, StoreError."""
    item = _item(_index(settings.store, commit), item_id)
    return _store(settings.store).read(CommitRef.parse(commit), item.image)


@lru_cache(maxsize=256)
def thumbnail(settings_store: str, commit: str, item_id: str) -> bytes:
    """A sample, small."""
    index = _index(settings_store, commit)
    data = _store(settings_store).read(CommitRef.parse(commit), _item(index, item_id).image)
    return bytes(shown(data, side=THUMBNAIL, sample_bits=index.sample_bits).body)


def classes(settings: Settings, commit: str) -> list[str]:
    """The names of a data commit's classes; none where it is not in this store."""
    try:
        return _index(settings.store, commit).class_names
    except PylibError:
        return []


def _item(index: DatasetIndex, item_id: str) -> Item:
    for item in index.split("test"):
        if item.id == item_id:
            return item
    raise NotFoundError("there is no such sample any more: reload the page")


@lru_cache(maxsize=8)
def _index(store: str, commit: str) -> DatasetIndex:
    return DatasetIndex.loads(_store(store).read(CommitRef.parse(commit), INDEX_FILE))


def _store(url: str) -> Store:
    return open_store(url)
