"""optimal.json: what a search found, the same here and on a cluster."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, ValidationError

from katib.counting import Ending
from katib.experiment import Experiment
from katib.numbers import parse_float
from katib.substitution import PLACEHOLDER
from katib.values import Assignments, typed_all
from pylib.errors import ConfigurationError, SweepError
from pylib.records import Record, first_error

FILE = "optimal.json"


class Objective(Record):
    """What was searched for, and the value of the best trial."""

    name: str
    type: Literal["maximize", "minimize"]
    value: float


class Origin(Record):
    """Which search hyper-parameters came of: its name, the SHA-256 of its content, and the trial."""

    experiment: str = Field(min_length=1)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    trial: str = Field(min_length=1)


class Optimal(Record):
    """The best trial of a search.

    experiment: its name; experiment_sha256: of its content as canonical JSON
    reason: Katib's, for which it ended; trials: how many there were
    parameters: typed, by name; assignments: the text that the trial was given
    words: of the trial's command, with what was put into it
    searched: names before `=` in those words in which trials differ, which may be other than the parameters'
    """

    format: Literal[1] = 1
    experiment: str
    experiment_sha256: str
    data: str = ""
    reason: str
    trials: int
    trial: str
    objective: Objective
    parameters: dict[str, int | float | str]
    assignments: dict[str, str]
    words: list[str]
    searched: tuple[str, ...] = ()

    @property
    def origin(self) -> Origin:
        """What the record of a model says of it."""
        return Origin(experiment=self.experiment, sha256=self.experiment_sha256, trial=self.trial)


def check_origin(search: Mapping[str, object]) -> None:
    """Raise ConfigurationError where a search is named, and not as `pylib sweep run` names it."""
    if not search:
        return
    try:
        Origin.model_validate(dict(search))
    except ValidationError as error:
        raise ConfigurationError(
            f"search: {first_error(error)}; give it as the command that `pylib sweep run` prints"
        ) from error


def optimal(
    experiment: Experiment,
    sha256: str,
    ending: Ending,
    trials: int,
    *,
    trial: str,
    assignments: Assignments,
    value: str,
    data: str,
    words: list[str],
) -> Optimal:
    """Write down the best trial; SweepError where it is best because its value is no number."""
    number = parse_float(value)
    if number is None or number in {float("inf"), float("-inf")} or number != number:  # noqa: PLR0124 (nan)
        raise SweepError(
            f"{experiment.name}: the best trial is {trial}, whose objective is {value or 'empty'!r}, as nan "
            "and inf become with Katib; make a trial fail instead of printing them"
        )
    objective = experiment.objective
    return Optimal(
        experiment=experiment.name,
        experiment_sha256=sha256,
        data=data,
        reason=ending.reason,
        trials=trials,
        trial=trial,
        objective=Objective(
            name=str(objective.get("objectiveMetricName")), type=objective["type"], value=number
        ),
        parameters=typed_all(experiment, assignments),
        assignments=dict(assignments),
        words=words,
        searched=tuple(differing(experiment)),
    )


def differing(experiment: Experiment) -> list[str]:
    """The names NAME=VALUE of the template's command whose value has a placeholder."""
    container = experiment.primary[1] if experiment.primary else {}
    pairs = [str(word).partition("=") for key in ("command", "args") for word in container.get(key) or []]
    return [name for name, _, value in pairs if PLACEHOLDER.search(value)]
