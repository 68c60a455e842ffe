"""The trial's template: what is put where, and what object a trial makes."""

import json
from collections import Counter

from katib.checks import Faults, check
from katib.experiment import Body, Experiment, value_at
from katib.substitution import META, PLACEHOLDER
from katib.suggest import did_you_mean

FIELD = "spec.trialTemplate"
COMPLETE = 'status.conditions.#(type=="Complete")#|#(status=="True")#'
SUCCEEDED = 'status.conditions.#(type=="Succeeded")#|#(status=="True")#'
FAILED = 'status.conditions.#(type=="Failed")#|#(status=="True")#'
# The kinds that Katib watches, and how each says that it succeeded.
SUCCESS = {
    "Job": COMPLETE,
    "TrainJob": COMPLETE,
    **dict.fromkeys(("MPIJob", "PyTorchJob", "TFJob", "XGBoostJob"), SUCCEEDED),
}


@check(
    "katib-template", "a parameter that no trial gets, or a placeholder that nothing fills, fails every trial"
)
def templates(experiment: Experiment) -> Faults:
    """Parameters, references and placeholders fit together."""
    wrong = [*_source(experiment), *_references(experiment), *_placeholders(experiment)]
    yield from wrong


@check("katib-trial", "an object that Katib does not watch, or cannot name, makes no trial")
def trials(experiment: Experiment) -> Faults:
    """The object that a trial makes is of a kind that Katib watches, and has no name of its own."""
    yield from _trial(experiment.trial) if experiment.trial else ()


@check("katib-container", "with a wrong primary container the Experiment hangs in Running")
def primary_containers(experiment: Experiment) -> Faults:
    """The primary container is one of the trial's."""
    name = experiment.template.get("primaryContainerName")
    if experiment.trial and name and experiment.primary is None:
        names = [str(body.get("name")) for _field, body in experiment.containers]
        message = f"no container of the trial is called {name}{did_you_mean(str(name), names)}"
        yield f"{FIELD}.primaryContainerName", message


@check("katib-conditions", "with a condition that its object never has a trial runs for ever")
def conditions(experiment: Experiment) -> Faults:
    """Success and failure are told as the trial's kind tells them."""
    kind = str(experiment.trial.get("kind"))
    wanted = {"successCondition": SUCCESS.get(kind), "failureCondition": FAILED if kind in SUCCESS else None}
    for key, condition in wanted.items():
        written = experiment.template.get(key)
        if condition and written and written != condition:
            message = f"a {kind} never says {written}; write {condition}"
            yield f"{FIELD}.{key}", message


def _source(experiment: Experiment) -> Faults:
    template = experiment.template
    if template.get("configMap"):
        yield f"{FIELD}.configMap", "what is in a ConfigMap is not checked; write the object under trialSpec"
    elif not experiment.trial:
        yield f"{FIELD}.trialSpec", "there is no object that a trial makes; write one"


def _references(experiment: Experiment) -> Faults:
    names = {parameter.name for parameter in experiment.parameters}
    entries = experiment.template.get("trialParameters") or []
    counted = Counter(str(entry.get("reference")) for entry in entries)
    for index, entry in enumerate(entries):
        field, reference = f"{FIELD}.trialParameters[{index}].reference", str(entry.get("reference"))
        if counted[reference] > 1:
            yield field, f"{reference} is referred to twice; keep one"
        elif reference.startswith("${"):
            yield from _meta(experiment.trial, reference, field)
        elif reference not in names:
            yield field, f"there is no parameter {reference}{did_you_mean(reference, names)}"
    for parameter in experiment.parameters:
        if entries and parameter.name not in counted:
            message = f"no trial parameter refers to {parameter.name}; add one to trialParameters"
            yield f"{parameter.field}.name", message


def _meta(trial: Body, reference: str, field: str) -> Faults:
    match = META.fullmatch(reference)
    if match is None:
        known = "Name, Namespace, Kind, APIVersion, Labels[k], Annotations[k]"
        yield field, f"{reference} is none of ${{trialSpec.…}} with {known}"
    elif match["map"] and match["key"] not in (value_at(trial, f"metadata.{match['map'].lower()}") or {}):
        yield field, f"the trial's object has no {match['map'].lower()} {match['key']}"


def _placeholders(experiment: Experiment) -> Faults:
    used = set(PLACEHOLDER.findall(json.dumps(experiment.trial)))
    entries = experiment.template.get("trialParameters") or []
    names = [str(entry.get("name")) for entry in entries]
    for index, name in enumerate(names):
        field = f"{FIELD}.trialParameters[{index}].name"
        if {"{", "}"} & set(name):
            yield field, f"{name} has a brace; rename it"
        elif names.count(name) > 1:
            yield field, f"{name} stands here twice; rename one"
        elif experiment.trial and name not in used:
            yield (
                field,
                f"${{trialParameters.{name}}} stands nowhere in trialSpec; use it, or remove the parameter",
            )
    for name in sorted(used - {*names}):
        yield (
            f"{FIELD}.trialSpec",
            f"${{trialParameters.{name}}} has no trial parameter{did_you_mean(name, names)}",
        )


def _trial(trial: Body) -> Faults:
    field = f"{FIELD}.trialSpec"
    kind = str(trial.get("kind"))
    if kind not in SUCCESS:
        yield f"{field}.kind", f"Katib does not watch a {kind}; it knows {', '.join(sorted(SUCCESS))}"
    for key in ("name", "namespace"):
        if value_at(trial, f"metadata.{key}"):
            yield f"{field}.metadata.{key}", f"Katib gives every trial its {key}; remove it"
