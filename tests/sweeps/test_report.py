"""The report of a search: what it shows, from trials with known answers."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from katib.collectors import Reported
from katib.counting import Status
from katib.experiment import Parameter
from katib.values import placed
from pylib.sweeps import figures
from pylib.sweeps.importance import importances
from pylib.sweeps.report import render
from pylib.sweeps.state import Trial
from tests.katib.experiments import experiment


def trial(
    number: int, x: float, n: int, *scores: float, status=Status.SUCCEEDED, seconds: float = 10
) -> Trial:
    reported = [Reported("score", repr(score), "") for score in scores]
    assignments = {"x": repr(x), "n": str(n)}
    return Trial(number, f"sweep-{number}", assignments, None, 0, 1, status, "", reported, seconds, 1)


def test_the_history_has_the_best_so_far() -> None:
    trials = [trial(0, 0.1, 1, 0.5), trial(1, 0.2, 2, 0.4), trial(2, 0.3, 3, 0.9)]
    rows = figures.rows(experiment(), [*trials, trial(3, 0.4, 4, status=Status.FAILED)])
    assert [row.value for row in rows] == [0.5, 0.4, 0.9, None]
    assert [row.best for row in rows] == [0.5, 0.5, 0.9, 0.9]
    assert rows[2].places == (0.3, 0.25, 1.0)
    assert len(rows[3].places) == 2


def test_what_was_stopped_and_what_it_would_have_cost() -> None:
    early = trial(2, 0.3, 3, 0.1, 0.1, status=Status.EARLY_STOPPED, seconds=4)
    rows = figures.rows(experiment(), [trial(0, 0.1, 1, *[0.5] * 10), trial(1, 0.2, 2, *[0.6] * 10), early])
    assert figures.stopped(rows) == figures.Stopped(1, 4, 2 * 8)


def test_the_parameter_that_decides_is_the_important_one() -> None:
    points = [({"x": repr(place / 20), "n": str(1 + place * 7 % 9)}, place / 20) for place in range(20)]
    first, second = importances(experiment(), points, resamples=8)
    assert first.name == "x"
    assert first.share > 0.8
    assert first.low <= first.high
    assert second.share < 0.2
    assert importances(experiment(), points[:3]) == []
    assert importances(experiment(), [(each, 1.0) for each, _ in points]) == []


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        assert not [value for name, value in attrs if name in {"src", "href"} and value]


def test_the_page_is_whole_and_refers_to_nothing_outside() -> None:
    trials = [trial(place, place / 10, 1 + place % 9, 0.1 * place, 0.11 * place) for place in range(6)]
    trials += [trial(6, 0.9, 2, 0.01, status=Status.EARLY_STOPPED), trial(7, 0.95, 3, status=Status.FAILED)]
    page = render(experiment(), trials, "pets@abc")
    reader = Reader()
    reader.feed(page)
    assert reader.tags.count("svg") == 4
    assert reader.tags.count("tr") == 9
    assert not re.search(r"https?://|\bnan\b|Undefined", page)
    assert page == render(experiment(), list(trials), "pets@abc")


@pytest.mark.parametrize("trials", [[], [trial(0, 0.5, 1, status=Status.FAILED)], [trial(0, 0.5, 1, 0.5)]])
def test_a_page_of_next_to_nothing_is_a_page_too(trials: list[Trial]) -> None:
    assert "</html>" in render(experiment(), trials)


@given(st.floats(0, 1))
def test_a_value_lies_where_it_was_drawn(share: float) -> None:
    space = {"min": "1e-4", "max": "1e-1", "distribution": "logUniform"}
    told = Parameter("", {"name": "p", "parameterType": "double", "feasibleSpace": space})
    assert figures.place(told, placed(told, share)) == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize("space", [{"min": "1", "max": "5"}, {"list": ["2", "4"]}])
def test_a_resource_may_be_beyond_its_space(space: dict) -> None:
    kind = "discrete" if "list" in space else "int"
    n = {"name": "n", "parameterType": kind, "feasibleSpace": space}
    told = experiment(parameters=[experiment().spec["parameters"][0], n])
    trials = [trial(place, place / 9, 9 if place % 2 else 2, place / 9) for place in range(8)]
    assert importances(told, [(each.assignments, place / 9) for place, each in enumerate(trials)])
    assert "score" in render(told, trials)
