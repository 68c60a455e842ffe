"""The space that an Experiment searches: bounds, lists, distributions and steps."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from katib.checks import Faults, check
from katib.checks.algorithms import HYPEROPT
from katib.experiment import LISTS, NUMBERS, Experiment, Parameter

LOGARITHMIC = {"logUniform", "logNormal"}
DRAWN = {"int": (Decimal(0), Decimal(2**63 - 1)), "double": (Decimal("1e-300"), Decimal("1e300"))}
"""The least and the greatest size of a bound that samplers can compute with, beside 0."""
NORMAL = {"normal", "logNormal"}


@check("katib-parameters", "Katib takes a space that it cannot search, and the Experiment hangs in Created")
def parameters(experiment: Experiment) -> Faults:
    """Parameters are there, each once, with bounds or a list that can be searched."""
    yield from [*_names(experiment), *_each(experiment, _space)]


@check("katib-distribution", "a distribution that the algorithm does not know is ignored, or ends the search")
def distributions(experiment: Experiment) -> Faults:
    """Each distribution is one that the algorithm draws from, and its bounds fit it."""
    for parameter in experiment.parameters:
        yield from _distribution(experiment, parameter)


@check("katib-step", "hyperopt rounds to multiples of the step, so that values fall outside min and max")
def steps(experiment: Experiment) -> Faults:
    """Steps are positive, fit between the bounds, and hit values inside them."""
    for parameter in experiment.parameters:
        yield from _step(experiment, parameter)


def _names(experiment: Experiment) -> Faults:
    many, architecture = bool(experiment.parameters), experiment.spec.get("nasConfig") is not None
    if many == architecture:
        what = "both are there" if many else "neither is there"
        yield "spec.parameters", f"an Experiment has parameters or nasConfig; {what}"
    counted = Counter(parameter.name for parameter in experiment.parameters)
    for parameter in experiment.parameters:
        if counted[parameter.name] > 1:
            yield f"{parameter.field}.name", f"parameter {parameter.name} stands here twice; remove one"


def _each(experiment: Experiment, check: Callable[[Parameter], Faults]) -> Faults:
    for parameter in experiment.parameters:
        yield from check(parameter)


def _space(parameter: Parameter) -> Faults:
    field = f"{parameter.field}.feasibleSpace"
    if parameter.type in NUMBERS:
        if parameter.values:
            yield f"{field}.list", f"{parameter.type} has min and max; remove the list, or make it discrete"
        yield from _bounds(parameter, field)
    elif parameter.type in LISTS:
        for key in ("min", "max", "step"):
            if parameter.space.get(key):
                yield f"{field}.{key}", f"{parameter.type} has a list; remove {key}"
        yield from _list(parameter, field)


def _bounds(parameter: Parameter, field: str) -> Faults:
    low, high = parameter.number("min"), parameter.number("max")
    for key, value in (("min", low), ("max", high)):
        written = parameter.space.get(key)
        if written in {None, ""}:
            yield f"{field}.{key}", f"{parameter.name} has no {key}; write one"
        elif value is None or (parameter.type == "int" and value != value.to_integral_value()):
            yield f"{field}.{key}", f"{written} is no {parameter.type}"
        elif value and not DRAWN[parameter.type][0] <= abs(value) <= DRAWN[parameter.type][1]:
            yield f"{field}.{key}", f"no {parameter.type} can be drawn up to {written}; bring it nearer to 1"
    if low is not None and high is not None and low > high:
        yield f"{field}.min", f"min {low} is above max {high}; exchange them"


def _list(parameter: Parameter, field: str) -> Faults:
    if not parameter.values:
        yield f"{field}.list", f"{parameter.name} has no values; list them"
    for value, times in Counter(parameter.values).items():
        if times > 1:
            yield f"{field}.list", f"{value} stands here twice; remove one"
        if (
            parameter.type == "discrete"
            and Parameter("", {"feasibleSpace": {"min": value}}).number("min") is None
        ):
            yield f"{field}.list", f"{value} is no number; make {parameter.name} categorical"
        if {'"', "\\", "\n"} & set(value):
            yield (
                f"{field}.list",
                f"{value!r} breaks the JSON that it is put into unescaped; use plain characters",
            )


def _distribution(experiment: Experiment, parameter: Parameter) -> Faults:
    if parameter.type not in NUMBERS:
        return
    field = f"{parameter.field}.feasibleSpace"
    distribution, low = parameter.distribution, parameter.number("min")
    if distribution in LOGARITHMIC and low is not None and low <= 0:
        yield f"{field}.min", f"{distribution} needs a min above 0, and this is {low}"
    if distribution in NORMAL and experiment.algorithm not in HYPEROPT:
        yield (
            f"{field}.distribution",
            f"only random and tpe draw from {distribution}; {experiment.algorithm} fails",
        )
    elif experiment.algorithm in {"cmaes", "sobol", "hyperband"} and distribution != "uniform":
        yield f"{field}.distribution", f"{experiment.algorithm} draws uniformly and ignores it; write uniform"
    elif (experiment.algorithm, parameter.type) == ("bayesianoptimization", "double") and (
        distribution != "logUniform"
    ):
        yield f"{field}.distribution", "bayesianoptimization draws doubles from logUniform; write that"


def _step(experiment: Experiment, parameter: Parameter) -> Faults:
    written = parameter.space.get("step")
    if parameter.type not in NUMBERS or written in {None, ""}:
        return
    field = f"{parameter.field}.feasibleSpace.step"
    step, low, high = parameter.number("step"), parameter.number("min"), parameter.number("max")
    if step is None or step <= 0 or (parameter.type == "int" and step != step.to_integral_value()):
        yield field, f"{written} is no step for {parameter.type}; write a number above 0"
    elif low is not None and high is not None and step > high - low > 0:
        yield field, f"step {step} is wider than the space from {low} to {high}"
    elif parameter.type == "double" and parameter.distribution == "logUniform":
        yield (
            field,
            "a logUniform double with a step is rounded to 0 or has its step ignored; remove the step",
        )
    elif experiment.algorithm in HYPEROPT and not _hits(low, high, step):
        yield (
            field,
            f"{experiment.algorithm} tries multiples of {step}, also outside {low} to {high}; make both such",
        )


def _hits(low: Decimal | None, high: Decimal | None, step: Decimal) -> bool:
    """Whether every multiple of the step that hyperopt may round to lies between the bounds."""
    return all(bound is None or bound % step == 0 for bound in (low, high))
