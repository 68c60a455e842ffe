"""The exceptions of pylib: each message is one line that names the thing, the place and the likely fix.

PylibError
├── ConfigurationError   a setting, an option or a file that people write
├── DataError            a data set, an archive or an image
├── StoreError           the versioned store or the artifact store
│   └── NotFoundError    a store, repository, branch or commit that is not there
├── ModelError           weights, architecture or export
├── GateError            a model that does not reach what the gate asks
├── ReleaseError         the Git commit that promotes a model
├── RegistryError        MLflow's model registry, or a model that is asked of it
├── ServingError         the server, or an answer from it
├── RequestError         what a client sent to the model server
├── ReviewError          a submission that cannot be decided or committed
├── PipelineError        a pipeline run, here or on a cluster
├── SweepError           a search that cannot run here, or ended without a best trial
├── ProvenanceError      a record that is missing or does not match
└── ReproductionError    a model that could not be made again, or came out as another one
"""

import difflib
from collections.abc import Iterable
from typing import Literal


class PylibError(Exception):
    """The root of all errors that a person can do something about; the CLI prints it and exits 1."""


class ConfigurationError(PylibError):
    """A setting, an option or a file that people write is wrong."""


class DataError(PylibError):
    """A data set, an archive or an image is not what it should be."""


class StoreError(PylibError):
    """The versioned store or the artifact store refused, or is damaged."""


class NotFoundError(StoreError):
    """A store, repository, branch or commit is not there; any other StoreError is trouble with what is."""


class DamagedError(StoreError):
    """What is there is not what was written; asking again does not help."""


class ModelError(PylibError):
    """Weights, an architecture or an export is not usable."""


class GateError(PylibError):
    """A model does not reach what the gate file asks."""


class ReleaseError(PylibError):
    """A model could not be released."""


class RegistryError(PylibError):
    """The model registry cannot be read or written, or has no such model."""


class ServingError(PylibError):
    """The model server did not start, or its answer is not usable."""


RequestKind = Literal[
    "bad request",
    "not found",
    "not allowed",
    "too slow",
    "no length",
    "too large",
    "not supported",
    "head too large",
    "internal",
    "not ready",
    "overloaded",
    "no answer",
]


class RequestError(PylibError):
    """A request that the model server cannot answer: `kind` is what a protocol makes its own status of."""

    def __init__(self, message: str, kind: RequestKind = "bad request") -> None:
        super().__init__(message)
        self.kind = kind


class ReviewError(PylibError):
    """A submission cannot be decided, or what was accepted cannot become a data commit."""


class PipelineError(PylibError):
    """A pipeline run failed, here or on a cluster."""


class SweepError(PylibError):
    """A search cannot run here, or has failed."""


class ProvenanceError(PylibError):
    """A provenance record is missing, or a digest in it does not match."""


class ReproductionError(PylibError):
    """A model could not be made again from its record, or what came out is not what the record says."""


def one_line(error: object, most: int = 200) -> str:
    """What an error says, as one line of at most that many characters; its type where it says nothing."""
    return " ".join(str(error).split())[:most] or type(error).__name__


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question that names what was probably meant; empty where nothing is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""
