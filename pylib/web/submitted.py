"""A submission as a reviewer looks at it: the image, what the model said, what its sender says is right."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.data.browsing import index_of
from pylib.data.images import decode_image, decode_mask
from pylib.errors import DataError, NotFoundError, PylibError, one_line
from pylib.provenance.answers import in_words
from pylib.registry.places import Places
from pylib.serving.client import Client
from pylib.store.inbox import Inbox, Submission
from pylib.store.opening import open_store
from pylib.tasks import task
from pylib.web.model_cache import Answered, ask, model
from pylib.web.site import Site

Mask = NDArray[np.uint8]


@dataclass(frozen=True)
class Submitted:
    """What is shown of a submission; what cannot be had, such as a model that is gone, is left out."""

    submission: Submission
    site: Site
    inbox: Inbox

    @cached_property
    def image(self) -> bytes:
        """The bytes that were sent; raises NotFoundError, StoreError."""
        return self.inbox.image(self.submission["image_sha256"])

    @cached_property
    def trouble(self) -> str:
        """Why the image, or the mask that was sent with it, cannot be shown; empty where it can."""
        try:
            decode_image(self.image)
            mask_of(self.submission["truth"])
        except PylibError as error:
            return one_line(error)
        return ""

    @cached_property
    def answered(self) -> Answered | None:
        """What the model says of the image: the one that it is about, or else the one that is served now."""
        digest = self.submission["model_digest"] or served(self.submission["task"], self.site)
        try:
            return ask(self.site.settings.artifacts, digest, self.image) if digest else None
        except PylibError:
            return None

    @property
    def said(self) -> str:
        """What the model said, in words."""
        kept = self.submission["answered"] or (self.answered.summary if self.answered else {})
        return in_words(kept)

    @property
    def right(self) -> str:
        """What its sender says is right, in words; empty where he did not say, or drew it."""
        return in_truth(self.submission["truth"])

    @cached_property
    def truth_mask(self) -> Mask | None:
        """The mask that its sender says is right, uint8 [H,W]; None where there is none."""
        return mask_of(self.submission["truth"])

    @cached_property
    def answer_mask(self) -> Mask | None:
        """The mask that the model gives, uint8 [H,W]; None where it gives none."""
        found = self.answered
        return found.task.answer.mask(found.task.answer.read(found.content)) if found else None

    @property
    def classes(self) -> list[str]:
        """What may be said to be right: the known classes; the sender's own beside."""
        return [*self._known, *([self.new_class] if self.new_class else [])]

    @property
    def new_class(self) -> str:
        """The sender's own class, which the model does not know; empty where it does."""
        label = (self.submission["truth"] or {}).get("label") or ""
        return "" if label in self._known else str(label)

    @cached_property
    def _known(self) -> list[str]:
        """The model's classes, else the data's."""
        found = self.answered
        known = found.task.answer.classes(found.task.answer.read(found.content)) if found else []
        if self.submission["task"] in task.names() and not known:
            known = data_classes(self.submission["task"], self.site)
        return known

    @property
    def painted(self) -> Mask:
        """What a correction is painted over: the sender's mask, else the model's, else nothing."""
        found = self.truth_mask if self.truth_mask is not None else self.answer_mask
        if found is not None:
            return found
        return np.zeros(decode_image(self.image).shape[:2], np.uint8)

    @property
    def is_mask(self) -> bool:
        """Whether what is right is drawn."""
        return self.truth_mask is not None or self.answer_mask is not None


def in_truth(truth: Mapping[str, Any] | None) -> str:
    """What is right, in words; empty where nothing was said, or it was drawn."""
    return ", ".join(str(value) for name, value in (truth or {}).items() if not name.endswith("_png"))


def mask_of(truth: Mapping[str, Any] | None) -> Mask | None:
    """The mask that a truth holds, uint8 [H,W]; raises DataError where it is damaged."""
    encoded = (truth or {}).get("mask_png")
    try:
        return decode_mask(base64.b64decode(encoded)) if encoded else None
    except (TypeError, ValueError) as error:
        raise DataError("the mask that was sent is damaged: it is no base64 of a PNG") from error


def served(name: str, site: Site) -> str:
    """The digest of the model that is served for a task; empty where none answers, or the store lacks it."""
    for digest in _served(site):
        try:
            if digest and model(site.settings.artifacts, digest).contract.task == name:
                return digest
        except PylibError:
            continue
    return ""


def _served(site: Site) -> Iterator[str]:
    """The digests that the servers say, then those that Git says."""
    for url in site.servers().values():
        try:
            with Client(url, timeout=3) as client:
                yield client.status().get("model_digest", "")
        except PylibError:
            continue
    yield from Places.of_settings().served().values()


def repositories(name: str, site: Site) -> list[str]:
    """The repositories whose newest commit is a data set of a task, the served model's first."""
    url, found = site.settings.store, []
    store = open_store(url)
    try:
        names = store.list_repositories()
    except NotFoundError:
        return []
    for repository in names:
        try:
            index = index_of(url, store.head(repository))
        except PylibError:
            continue
        if index and index.task == name:
            found.append(repository)
    return found


def data_classes(name: str, site: Site) -> list[str]:
    """The classes of the data of a task, in the order of their ids."""
    url = site.settings.store
    indices = [index_of(url, open_store(url).head(each)) for each in repositories(name, site)]
    return list(dict.fromkeys(each for index in indices if index for each in index.class_names))
