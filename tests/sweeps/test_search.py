"""Searches with real processes: counted, ended, stopped and gone on with as Katib does it."""

import fcntl
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from katib.counting import FAILED, GOAL, MAX_TRIALS, NO_MORE, Status
from pylib.errors import SweepError
from pylib.sweeps.reading import read
from pylib.sweeps.search import value_of
from tests.katib.experiments import objective
from tests.sweeps.trials import Place, told


def statuses(found) -> Counter[str]:
    return Counter(str(each.status) for each in found.trials)


def test_a_search_runs_its_trials_and_finds_the_best(tmp_path: Path) -> None:
    place = Place(tmp_path)
    found = place.search()
    assert found.ending == MAX_TRIALS
    assert statuses(found) == {"Succeeded": 8}
    values = [float(value_of(read_experiment(place), each)) for each in found.trials]
    assert found.best == found.trials[values.index(max(values))]
    assert len(set(place.done())) == 8
    assert all(len(each.reported) == 3 for each in found.trials)


def read_experiment(place: Place):
    return read(place.file).experiment


def test_the_same_search_twice_has_the_same_trials_and_the_same_best(tmp_path: Path) -> None:
    algorithm = {"algorithmName": "tpe", "algorithmSettings": [{"name": "random_state", "value": "3"}]}
    first, second = (Place(tmp_path / name, algorithm=algorithm).search() for name in "ab")
    assert told(first) == told(second)
    assert first.best
    assert second.best
    assert first.best.assignments == second.best.assignments


def test_two_at_once_draw_the_same_random_points(tmp_path: Path) -> None:
    one = Place(tmp_path / "one").search()
    two = Place(tmp_path / "two", parallelTrialCount=2).search()
    assert [each.assignments for each in one.trials] == [each.assignments for each in two.trials]
    assert one.best
    assert two.best
    assert one.best.assignments == two.best.assignments


def test_what_has_ended_is_not_run_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    first = place.search()
    assert told(place.search()) == told(first)
    assert len(place.done()) == 8


def test_the_goal_ends_a_search_and_running_trials_finish(tmp_path: Path) -> None:
    found = Place(tmp_path, "pause=0.05", objective=objective(goal=0.1), parallelTrialCount=2).search()
    assert found.ending == GOAL
    assert statuses(found) == {"Succeeded": len(found.trials)}
    assert 1 <= len(found.trials) < 8


def test_failed_trials_count_and_too_many_fail_the_search(tmp_path: Path) -> None:
    found = Place(tmp_path / "a", "kind=fail").search()
    assert found.ending == MAX_TRIALS
    failed = [each for each in found.trials if each.status is Status.FAILED]
    assert failed
    assert {int(each.assignments["n"]) > 4 for each in failed} == {True}
    assert "x was wrong" in failed[0].reason
    few = Place(tmp_path / "b", "kind=fail", maxFailedTrialCount=1).search()
    assert few.ending == FAILED
    assert statuses(few)["Failed"] == 1


def test_a_job_starts_its_pod_again(tmp_path: Path) -> None:
    found = Place(tmp_path, "kind=fail", job={"backoffLimit": 2}, maxTrialCount=4).search()
    assert {each.tries for each in found.trials if each.status is Status.FAILED} == {3}
    assert {each.tries for each in found.trials if each.status is Status.SUCCEEDED} == {1}


def test_a_trial_without_metrics_counts_and_one_more_may_run(tmp_path: Path) -> None:
    found = Place(tmp_path, "kind=silent", parallelTrialCount=2).search()
    counted = statuses(found)
    assert counted["MetricsUnavailable"] > 0
    assert found.ending == MAX_TRIALS
    assert len(found.trials) >= 8
    assert found.best
    assert found.best.status is Status.SUCCEEDED


def test_a_hanging_trial_fails_at_its_deadline(tmp_path: Path) -> None:
    found = Place(tmp_path, "kind=hang", job={"activeDeadlineSeconds": 1}, maxTrialCount=4).search()
    late = [each for each in found.trials if int(each.assignments["n"]) > 4]
    assert late
    assert {each.status for each in late} == {Status.FAILED}
    assert "DeadlineExceeded" in late[0].reason


def test_nan_succeeds_and_is_the_best_as_with_katib(tmp_path: Path) -> None:
    found = Place(tmp_path, "kind=nan").search()
    assert statuses(found) == {"Succeeded": 8}
    assert found.best
    assert value_of(read_experiment(Place(tmp_path, "kind=nan")), found.best) == ""


def test_medianstop_stops_what_is_below_the_mean(tmp_path: Path) -> None:
    told_ = [{"name": "min_trials_required", "value": "2"}, {"name": "start_step", "value": "2"}]
    stop = {"algorithmName": "medianstop", "algorithmSettings": told_}
    words = ("epochs=6", "pause=0.1")
    found = Place(tmp_path, *words, earlyStopping=stop).search()
    again = Place(tmp_path / "again", *words, earlyStopping=stop).search()
    stopped = [each for each in found.trials if each.status is Status.EARLY_STOPPED]
    assert stopped
    assert [each.rule for each in found.trials[:2]] == [None, None]
    for each in stopped:
        assert each.rule
        assert 2 <= len(each.reported) < 6
        assert max(float(report.value) for report in each.reported) < each.rule.value
    assert told(found) == told(again)
    assert [each.reported for each in found.trials] == [each.reported for each in again.trials]


def test_metrics_from_a_file_in_json(tmp_path: Path) -> None:
    source = {"fileSystemPath": {"path": "/opt/logs/metrics.json", "kind": "File", "format": "JSON"}}
    place = Place(tmp_path, metricsCollectorSpec={"collector": {"kind": "File"}, "source": source})
    made = place.content()
    script = (
        """echo '{"score": "${trialParameters.x}", "n": ${trialParameters.n}}' > /opt/logs/metrics.json"""
    )
    container = made["spec"]["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"][0]
    container["command"] = ["sh", "-c", script]
    place.write(made)
    found = place.search()
    assert statuses(found) == {"Succeeded": 8}
    assert found.best
    assert found.best.assignments["x"] == max((each.assignments["x"] for each in found.trials), key=float)


def scripted(place: Place, script: str, **container) -> Place:
    """The place with another program, which gets x and n."""
    (place.folder / "script.py").write_text(script)
    made = place.content()
    own = made["spec"]["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"][0]
    words = ["python3", str(place.folder / "script.py"), "${trialParameters.x}", "${trialParameters.n}"]
    own |= {"command": words, **container}
    place.write(made)
    return place


def file_at(path: str) -> dict:
    source = {"fileSystemPath": {"path": path, "kind": "File", "format": "TEXT"}}
    return {"collector": {"kind": "File"}, "source": source}


SAYS = """
import json, os, sys
with open(sys.argv[3], "w") as file: file.write("score=" + sys.argv[1])
json.dump([sys.argv[3:], dict(os.environ)], open(os.environ["TOLD"], "w"))
"""


def test_only_the_trials_own_words_are_moved_with_its_file(tmp_path: Path) -> None:
    env = [{"name": "TOLD", "value": str(tmp_path / "told.json")}, {"name": "LOGS", "value": "/usr"}]
    place = Place(tmp_path / "place", metricsCollectorSpec=file_at("/usr/m.log"), maxTrialCount=1)
    found = scripted(place, SAYS, args=["/usr/m.log", "/usr2/a", "/x/usr/b"], env=env).search()
    words, variables = json.loads((tmp_path / "told.json").read_text())
    own = str(place.state / "trials" / found.trials[0].name / "attempt-000")
    assert words == [f"{own}/m.log", "/usr2/a", "/x/usr/b"]
    assert variables["LOGS"] == own
    assert variables["PATH"].endswith(os.environ["PATH"])


def test_a_mounted_folder_may_hold_the_state(tmp_path: Path) -> None:
    mounted = f"/{tmp_path.parts[1]}"
    place = Place(tmp_path, metricsCollectorSpec=file_at(f"{mounted}/m.log"), maxTrialCount=1)
    made = place.content()
    own = made["spec"]["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"][0]
    own["command"] = [
        "sh",
        "-c",
        f"echo score=${{trialParameters.x}} n=${{trialParameters.n}} | tee {mounted}/m.log",
    ]
    place.write(made)
    assert statuses(place.search()) == {"Succeeded": 1}


@pytest.mark.parametrize("collecting", [{"collector": {"kind": "StdOut"}}, file_at("/opt/logs/m.log")])
def test_the_states_folder_may_have_blanks_in_its_name(collecting: dict, tmp_path: Path) -> None:
    place = Place(tmp_path, metricsCollectorSpec=collecting, maxTrialCount=1)
    place.state = tmp_path / "my state; it's"
    script = (
        "import sys; print('score=' + sys.argv[1], file=open(sys.argv[3], 'w') if sys.argv[3:] else None)"
    )
    path = {"args": ["/opt/logs/m.log"]} if collecting["collector"]["kind"] == "File" else {}
    assert statuses(scripted(place, script, **path).search()) == {"Succeeded": 1}


def test_variables_are_as_the_kubelet_gives_them(tmp_path: Path) -> None:
    told = {
        "A": {"value": "one"},
        "B": {"value": "$(A)/$(LATER)/$$(A)"},
        "NOTHING": {"value": None},
        "HOME": {},
        "PATH": {"valueFrom": {"configMapKeyRef": {"name": "pylib", "key": "PATH"}}},
    }
    names = "import json, os; names = 'A B NOTHING HOME'.split()"
    script = f"{names}; print('score=1', json.dumps({{k: os.environ.get(k) for k in names}}))"
    place = Place(tmp_path, maxTrialCount=1)
    found = scripted(place, script, env=[{"name": name, **each} for name, each in told.items()]).search()
    log = (place.state / "trials" / found.trials[0].name / "attempt-000" / "metrics.log").read_text()
    assert json.loads(log.partition(" ")[2]) == {
        "A": "one",
        "B": "one/$(LATER)/$(A)",
        "NOTHING": "",
        "HOME": "",
    }


def test_a_reason_does_not_drive_the_terminal(tmp_path: Path) -> None:
    script = r"import sys; sys.exit('\x1b[2Jno [bold]memory\x07')"
    found = scripted(Place(tmp_path, maxTrialCount=1), script).search()
    assert found.trials[0].reason == "exit status 1: [2Jno [bold]memory"


JOBS = {
    "env": ({"env": {"A": "b"}}, {}, "env: it is no list"),
    "entry": ({"env": ["A=b"]}, {}, r"env\[0\]: it has no name"),
    "number": ({"env": [{"name": "A", "value": 1}]}, {}, r"env\[0\].value: 1 is no text"),
    "args": ({"args": "abc"}, {}, "args: it is no list"),
    "word": ({"args": [1]}, {}, "args: it is no list"),
    "deadline": ({}, {"activeDeadlineSeconds": "abc"}, "activeDeadlineSeconds: 'abc' is no whole number"),
    "backoff": ({}, {"backoffLimit": -1}, "backoffLimit: -1 is no whole number"),
}


@pytest.mark.parametrize(("container", "job", "said"), JOBS.values(), ids=JOBS)
def test_a_job_that_kubernetes_would_refuse_is_refused(
    container: dict, job: dict, said: str, tmp_path: Path
) -> None:
    place = Place(tmp_path, job=job)
    made = place.content()
    own = made["spec"]["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"][0]
    own |= container
    place.write(made)
    with pytest.raises(SweepError, match=said):
        place.search()


def test_it_goes_on_with_more_trials_only_where_katib_would(tmp_path: Path) -> None:
    place = Place(tmp_path, maxTrialCount=3, resumePolicy="LongRunning")
    first = place.search()
    made = place.content()
    made["spec"]["maxTrialCount"] = 5
    place.write(made)
    more = place.search()
    assert told(more)[:3] == told(first)
    assert len(more.trials) == 5
    assert len(place.done()) == 5
    made["spec"]["maxTrialCount"] = 4
    place.write(made)
    with pytest.raises(SweepError, match="greater maxTrialCount"):
        place.search()


def test_never_takes_no_other_counts(tmp_path: Path) -> None:
    place = Place(tmp_path, maxTrialCount=2)
    place.search()
    made = place.content()
    made["spec"]["maxTrialCount"] = 3
    place.write(made)
    with pytest.raises(SweepError, match="resumePolicy Never"):
        place.search()


STEPS = [
    {
        "name": "x",
        "parameterType": "double",
        "feasibleSpace": {"min": "0", "max": "1", "step": "0.5", "distribution": "uniform"},
    },
    {
        "name": "n",
        "parameterType": "int",
        "feasibleSpace": {"min": "1", "max": "2", "distribution": "uniform"},
    },
]
ALGORITHMS = {
    "random": {},
    "grid": {},
    "tpe": {"n_EI_candidates": "5"},
    "multivariate-tpe": {"n_startup_trials": "2"},
    "cmaes": {"sigma": "0.3"},
    "sobol": {},
}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_each_algorithm_gives_points_of_the_space(name: str, tmp_path: Path) -> None:
    settings = [{"name": key, "value": value} for key, value in ALGORITHMS[name].items()]
    spec = {"algorithm": {"algorithmName": name, "algorithmSettings": settings}, "parameters": STEPS}
    found = Place(tmp_path, "epochs=1", maxTrialCount=6, **spec).search()
    points = [(each.assignments["x"], each.assignments["n"]) for each in found.trials]
    assert {x for x, _ in points} <= {"0.0", "0.5", "1.0"}
    assert {n for _, n in points} <= {"1", "2"}
    if name == "grid":
        assert len(set(points)) == 6


def test_bayesian_optimisation_comes_near_the_best(tmp_path: Path) -> None:
    settings = [{"name": "n_initial_points", "value": "4"}, {"name": "random_state", "value": "1"}]
    space = {"min": "0.01", "max": "1", "distribution": "logUniform"}
    parameters = [{"name": "x", "parameterType": "double", "feasibleSpace": space}, STEPS[1]]
    algorithm = {"algorithmName": "bayesianoptimization", "algorithmSettings": settings}
    found = Place(tmp_path, "epochs=1", algorithm=algorithm, parameters=parameters).search()
    assert found.best
    assert abs(float(found.best.assignments["x"]) - 0.3) < 0.2


def test_hyperband_runs_all_of_its_brackets(tmp_path: Path) -> None:
    names = {"eta": "3", "r_l": "9", "resource_name": "n"}
    algorithm = {
        "algorithmName": "hyperband",
        "algorithmSettings": [{"name": key, "value": value} for key, value in names.items()],
    }
    place = Place(tmp_path, "epochs=1", algorithm=algorithm, parallelTrialCount=9, maxTrialCount=30)
    found = place.search()
    spent = Counter(each.assignments["n"] for each in found.trials)
    assert spent == {"1": 9, "3": 3 + 5, "9": 1 + 2 + 3}
    assert found.ending == NO_MORE
    x = Counter(each.assignments["x"] for each in found.trials)
    assert max(x.values()) == 3
    assert any("first bracket" in line for line in read(place.file).warnings)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"algorithm": {"algorithmName": "pbt", "algorithmSettings": []}}, "katib|pbt"),
        ({"maxTrialCounts": 4}, "no field maxTrialCounts; did you mean maxTrialCount"),
        ({"objective": {**objective(), "goal": "0.9"}}, "spec.objective.goal"),
        ({"metricsCollectorSpec": {"collector": {"kind": "Push"}}}, "Push is not offered here"),
        ({"parallelTrialCount": 9}, "above maxTrialCount"),
    ],
)
def test_what_is_wrong_or_not_offered_is_refused_by_name(spec, said: str, tmp_path: Path) -> None:
    with pytest.raises(SweepError, match=said) as error:
        Place(tmp_path, **spec).search()
    assert "\n" not in str(error.value)


def test_a_count_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    place = Place(tmp_path)
    text = place.file.read_text()
    place.file.write_text(text.replace("  maxTrialCount: 8\n", "  maxTrialCount: 8\n  maxTrialCount: 9\n"))
    with pytest.raises(SweepError, match=r"experiment.yaml:\d+: no YAML: 'maxTrialCount' is there twice"):
        place.search()


def test_a_trial_is_one_process_of_a_job(tmp_path: Path) -> None:
    place = Place(tmp_path)
    made = place.content()
    made["spec"]["trialTemplate"]["trialSpec"]["spec"]["parallelism"] = 2
    place.write(made)
    with pytest.raises(SweepError, match="one pod"):
        place.search()


def test_two_cannot_run_one_search(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.state.mkdir()
    with (place.state / "lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(SweepError, match="another process"):
            place.search()


def test_values_reach_the_state_as_they_were_given(tmp_path: Path) -> None:
    place = Place(tmp_path, maxTrialCount=2)
    found = place.search()
    assert place.done() == [f"{each.assignments['x']} {each.assignments['n']}" for each in found.trials]
    assert json.loads(json.dumps(found.trials[0].assignments)) == found.trials[0].assignments
