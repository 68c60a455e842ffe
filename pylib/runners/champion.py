"""What the champion was trained with: a retraining asks for the same, but for the data."""

from collections.abc import Iterable, Mapping
from typing import Any

from pylib.errors import ConfigurationError, ModelError, ProvenanceError, StoreError
from pylib.provenance import statement as records
from pylib.provenance.chain import trainer, upstream
from pylib.provenance.statement import Statement
from pylib.store.artifacts import MODEL_FILE
from pylib.store.model_folder import model_folder

_FIT = "fit_head"


def parameters(digest: str, artifacts: str, wanted: Iterable[str]) -> dict[str, Any]:
    """Return those of the wanted ones that the record of a model has, of all steps that it came of.

    Raises ConfigurationError where first weights are wanted that were a file, which the record has the digest
    of and not the place; ProvenanceError, ModelError or StoreError where there is no record to read.
    """
    with model_folder(artifacts, digest) as folder:
        bundle = records.read_bundle(folder)
    made = trainer(bundle, MODEL_FILE)
    if made is None:
        raise ProvenanceError(f"model {digest[:12]}: no record of its training")
    steps = [made, *upstream(bundle, made)]
    wanted = set(wanted)
    found = {
        name: value for each in reversed(steps) for name, value in _given(each).items() if name in wanted
    }
    if heads := sorted({_given(each)["name"] for each in steps if records.step_name(each) == _FIT}):
        found |= {"heads": heads} if "heads" in wanted else {}
    if "weights" in wanted - found.keys():
        _refuse_a_file(digest, steps)
    return found


def inherited(digest: str, artifacts: str, wanted: Iterable[str]) -> tuple[dict[str, Any], str]:
    """The same, and what a person should know: without a record the pipeline's own defaults hold."""
    try:
        return parameters(digest, artifacts, wanted), ""
    except (ProvenanceError, ModelError, StoreError) as error:
        return {}, f"what it was trained with is not known ({error}), so the pipeline's defaults hold"


def _given(statement: Statement) -> Mapping[str, Any]:
    """What a step was given; the pipeline's own hyper-parameters of a network come to it under one name."""
    found: Mapping[str, Any] = statement["predicate"]["buildDefinition"]["externalParameters"]
    return {**(found.get("parameters") or {}), **found}


def _refuse_a_file(digest: str, steps: Iterable[Statement]) -> None:
    for each in steps:
        for resource in records.dependencies(each):
            if resource.get("name") == "weights":
                raise ConfigurationError(
                    f"the champion {digest[:12]} began with a file of weights, {resource.get('uri')} "
                    f"(SHA-256 {resource['digest']['sha256'][:12]}…): "
                    f"give it again, --weights FILE, or --weights none"
                )
