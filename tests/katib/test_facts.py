"""What Katib v0.19.0 does with an Experiment, a row for each fact seen on it or read in its source."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from katib import checks, counting, grid, hyperband, structure, values, webhook
from katib.collectors import DEFAULT_FILTER, UNAVAILABLE, CollectorError, Reported, collect, has_objective
from katib.counting import FAILED, GOAL, MAX_TRIALS, NO_MORE, Status
from katib.experiment import Experiment, Parameter
from katib.medianstop import MedianStop, Rule, stopped_at
from katib.numbers import parse_float
from katib.observation import Metric, best, objective_value, observe, reaches_goal
from katib.substitution import SubstitutionError, trial_object

from .experiments import body, experiment, objective

RUNNING, SUCCEEDED, BAD, STOPPED, EMPTY = (
    Status.RUNNING,
    Status.SUCCEEDED,
    Status.FAILED,
    Status.EARLY_STOPPED,
    Status.METRICS_UNAVAILABLE,
)


def read(*lines: str, **spec) -> list[str]:
    return [each.value for each in collect(experiment(**spec), lines)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("score=0.3", ["0.3"]),
        ("score=.98", [".98"]),
        ("score=-7.53e-05", ["-7.53e-05"]),
        ("score=1E0", ["1E0"]),
        ("epoch 1: score = 0.5", ["0.5"]),
        ("score=1,234", ["1"]),
        ("score=1_000", ["1"]),
        ("score=2.", ["2"]),
        ("score=-0.3abc", ["-0.3"]),
        ("score: 0.1", []),
        ("train_score=0.1", []),
        ('{"score": "0.1"}', []),
        ("score=nan", [""]),
        ("score=inf", [""]),
        ("score=-inf", ["-"]),
        ("score=0.1 score=0.2", ["0.1", "0.2"]),
        ("other=0.1", []),
        ("|score=0.1", []),
        ("sc\u00f6re=0.1", []),
    ],
)
def test_the_default_filter_finds(line: str, found: list[str]) -> None:
    assert read(line) == found


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("2026-11-29T16:00:00Z score=1", "2026-11-29T16:00:00Z"),
        ("2026-11-29T16:00:00.123456789+02:00 score=1", "2026-11-29T16:00:00.123456789+02:00"),
        ("INFO 2026-11-29T16:00:00Z score=1", ""),
        ("2026-11-29 16:00:00 score=1", ""),
        ("2026-13-29T16:00:00Z score=1", ""),
        ("score=1", ""),
    ],
)
def test_a_timestamp_counts_only_as_the_first_word(line: str, time: str) -> None:
    assert [each.time for each in collect(experiment(), [line])] == [time]


def test_a_filter_of_ones_own_takes_the_defaults_place() -> None:
    source = {"filter": {"metricsFormat": [r"([\w-]+):\s*(\d+)"]}}
    collector = {"collector": {"kind": "StdOut"}, "source": source}
    assert read("score: 12", "score=13", metricsCollectorSpec=collector) == ["12"]


JSON_FILE = {
    "collector": {"kind": "File"},
    "source": {"fileSystemPath": {"path": "/var/log/katib/m.json", "kind": "File", "format": "JSON"}},
}


def test_in_json_values_are_strings() -> None:
    lines = [
        '{"score": "0.5", "other": "1"}',
        '{"score": 0.7}',
        "",
        '{"score": "0.6", "timestamp": 1600000000.5}',
    ]
    found = collect(experiment(metricsCollectorSpec=JSON_FILE), lines)
    assert [each.value for each in found] == ["0.5", "0.6"]
    assert [bool(each.time) for each in found] == [False, True]
    for wrong in ("score=1", "[" * 100_000):
        with pytest.raises(CollectorError, match="not JSON"):
            collect(experiment(metricsCollectorSpec=JSON_FILE), [wrong])


@pytest.mark.parametrize("stamp", ["1e20", "-1e12", "NaN", "Infinity"])
def test_a_time_that_there_is_not_is_none(stamp: str) -> None:
    line = f'{{"score": "0.5", "timestamp": {stamp}}}'
    assert collect(experiment(metricsCollectorSpec=JSON_FILE), [line]) == [("score", "0.5", "")]


@pytest.mark.parametrize(
    ("lines", "there"), [(["loss=1"], False), (["loss=1", "score=2"], True), (["score=nan"], True)]
)
def test_without_the_objective_a_trial_has_no_metrics(lines: list[str], there: bool) -> None:
    told = experiment(objective=objective(additionalMetricNames=["loss"]))
    assert has_objective(told, collect(told, lines)) is there


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("+1", 1.0),
        ("0x1p-2", 0.25),
        ("Inf", float("inf")),
    ]
    + [(each, None) for each in ("", "-", "e5", "1_000", "1,5", " 1", "unavailable", "1e999", "\u0661")],
)
def test_numbers_are_gos(text: str, value: float | None) -> None:
    assert parse_float(text) == value


@pytest.mark.parametrize(
    ("reports", "metric"),
    [
        (["0.5", "0.9", "0.7"], Metric("score", "0.5", "0.9", "0.7")),
        ([""], Metric("score", UNAVAILABLE, UNAVAILABLE, "")),
        (["0.5", ""], Metric("score", "0.5", "0.5", "")),
        (["1", "1.0"], Metric("score", "1", "1", "1.0")),
        ([], Metric("score")),
    ],
)
def test_an_observation_has_the_extremes_and_the_latest(reports: list[str], metric: Metric) -> None:
    assert observe(experiment(), [Reported("score", each, "") for each in reports]) == [metric]


def test_the_latest_is_the_one_of_the_latest_time() -> None:
    reports = [Reported("score", "1", "2026-01-02T00:00:00Z"), Reported("score", "2", "2026-01-01T00:00:00Z")]
    assert observe(experiment(), reports) == [Metric("score", "1", "2", "1")]


@pytest.mark.parametrize(
    ("kind", "strategy", "value"),
    [
        ("maximize", "max", "0.9"),
        ("maximize", "min", "0.5"),
        ("maximize", "latest", "0.7"),
        ("minimize", None, "0.5"),
    ],
)
def test_a_trial_is_compared_by_its_strategy_not_by_its_last_value(kind, strategy, value) -> None:
    told = experiment(objective=objective(kind, strategy))
    assert objective_value(told, [Metric("score", "0.5", "0.9", "0.7")]) == value


def test_what_is_no_number_is_compared_by_the_latest() -> None:
    assert objective_value(experiment(), [Metric("score", UNAVAILABLE, UNAVAILABLE, "")]) == ""
    assert objective_value(experiment(), []) == UNAVAILABLE


@pytest.mark.parametrize(
    ("kind", "compared", "place"),
    [
        ("maximize", ["0.1", "0.9", "0.9"], 1),
        ("minimize", ["0.3", "0.1", "0.2"], 1),
        ("maximize", ["0.9", ""], 1),
        ("maximize", [UNAVAILABLE, "0.2"], 1),
        ("maximize", [UNAVAILABLE], None),
        ("maximize", [], None),
    ],
)
def test_the_best_trial_is(kind: str, compared: list[str], place: int | None) -> None:
    assert best(experiment(objective=objective(kind)), compared) == place


@pytest.mark.parametrize(
    ("kind", "goal", "compared", "reached"),
    [
        ("maximize", 0.9, ["0.9"], True),
        ("maximize", 0.9, ["0.89"], False),
        ("minimize", 0.1, ["0.1", "5"], True),
        ("minimize", 0.1, ["0.2"], False),
        ("maximize", None, ["1"], False),
        ("maximize", 0.9, [UNAVAILABLE], False),
    ],
)
def test_the_goal_is_at_or_beyond(kind: str, goal: float | None, compared: list[str], reached: bool) -> None:
    assert reaches_goal(experiment(objective=objective(kind, goal=goal)), compared) is reached


@pytest.mark.parametrize(
    ("statuses", "failed", "at_goal", "ending"),
    [
        ([SUCCEEDED] * 8, None, False, MAX_TRIALS),
        ([SUCCEEDED] * 7 + [RUNNING], None, False, None),
        ([BAD] * 8, None, False, MAX_TRIALS),
        ([BAD, EMPTY], 2, False, FAILED),
        ([BAD, RUNNING], 2, False, None),
        ([BAD, EMPTY], 2, True, GOAL),
        ([SUCCEEDED], 0, False, None),
        ([BAD], 0, False, FAILED),
        ([SUCCEEDED] * 5 + [STOPPED] * 2 + [EMPTY], 8, False, MAX_TRIALS),
        ([SUCCEEDED] * 6 + [BAD] * 2, 2, False, FAILED),
    ],
)
def test_an_experiment_ends_by_goal_then_failures_then_count(statuses, failed, at_goal, ending) -> None:
    told = experiment(maxFailedTrialCount=failed)
    assert counting.ending(told, statuses, at_goal=at_goal) == ending


def test_without_a_count_it_runs_until_the_goal() -> None:
    told = experiment(maxTrialCount=None)
    assert counting.ending(told, [SUCCEEDED] * 1000, at_goal=False) is None
    assert counting.wanted(told, [SUCCEEDED] * 1000) == 1
    assert counting.ending(told, [SUCCEEDED], at_goal=False, exhausted=True) == NO_MORE
    assert counting.ending(told, [RUNNING], at_goal=False, exhausted=True) is None


@pytest.mark.parametrize(
    ("statuses", "parallel", "more"),
    [
        ([], 3, 3),
        ([], None, 3),
        ([RUNNING], 3, 2),
        ([SUCCEEDED] * 6, 3, 2),
        ([SUCCEEDED] * 8, 3, 0),
        ([SUCCEEDED] * 6 + [EMPTY] + [RUNNING], 2, 1),
        ([SUCCEEDED] * 6 + [BAD] + [RUNNING], 2, 0),
    ],
)
def test_a_trial_without_metrics_is_not_counted_when_more_are_asked_for(statuses, parallel, more) -> None:
    assert counting.wanted(experiment(parallelTrialCount=parallel), statuses) == more


MEDIAN = {"algorithmName": "medianstop"}


def test_medianstop_has_katibs_defaults_and_settings() -> None:
    assert MedianStop.of(experiment()) is None
    assert MedianStop.of(experiment(earlyStopping=MEDIAN)) == MedianStop(3, 4)
    told = [{"name": "min_trials_required", "value": "1"}, {"name": "start_step", "value": "2"}]
    assert MedianStop.of(experiment(earlyStopping={**MEDIAN, "algorithmSettings": told})) == MedianStop(1, 2)


@pytest.mark.parametrize(
    ("succeeded", "rule"),
    [
        ([[1.0], [2.0]], None),
        ([[1.0], [2.0], [9.0]], Rule(4.0, 4)),
        ([[1, 1, 1, 1, 100], [2, 2], [3]], Rule(2.0, 4)),
    ],
)
def test_the_median_is_a_mean_of_means_over_the_first_reports(succeeded, rule) -> None:
    assert MedianStop().rule(succeeded) == rule


@pytest.mark.parametrize(
    ("kind", "reports", "place"),
    [
        ("maximize", ["1", "1", "1", "1"], 3),
        ("maximize", ["1", "1", "1"], None),
        ("maximize", ["5", "1", "1", "1"], None),
        ("maximize", ["2", "2", "2", "2"], None),
        ("maximize", ["1", "", "1", "1", "1"], 4),
        ("minimize", ["3", "3", "3", "3"], 3),
        ("minimize", ["1", "3", "3", "3", "3"], None),
    ],
)
def test_a_trial_is_stopped_by_its_best_so_far_from_start_step_on(kind, reports, place) -> None:
    reported = [Reported("score", each, "") for each in reports]
    assert stopped_at(experiment(objective=objective(kind)), Rule(2.0, 4), reported) == place


@pytest.mark.parametrize(
    ("container", "line"),
    [
        (
            {"command": ["train", "a b"], "args": ["--x=1"]},
            "train a b --x=1 1>/l/m.log 2>&1 && echo completed > /l/$$$$.pid",
        ),
        ({"command": ["sh", "-c", "a; b"]}, "a; b 1>/l/m.log 2>&1 && echo completed > /l/$$$$.pid"),
        ({"command": ["sh", "-c"], "args": ["a"]}, "a 1>/l/m.log 2>&1 && echo completed > /l/$$$$.pid"),
    ],
)
def test_words_are_joined_unquoted(container: dict[str, list[str]], line: str) -> None:
    made = webhook.command(container, collector="StdOut", file="/l/m.log", stops_early=False)
    assert made == ["sh", "-c", line]


def test_a_shell_of_ones_own_is_kept_and_a_file_is_not_redirected_to() -> None:
    made = webhook.command(
        {"command": ["bash", "-c", "a"]}, collector="File", file="/l/m.log", stops_early=False
    )
    assert made == ["bash", "-c", "a && echo completed > /l/$$$$.pid"]


@pytest.mark.parametrize(
    ("command", "log", "done"),
    [
        (["echo", "score=1"], "score=1\n", True),
        (["python3", "-c", "print('score=1')"], None, False),
        (["sh", "-c", "echo score=1; echo done"], "done\n", True),
        (["sh", "-c", "echo score=1\n"], "", False),
        (["sh", "-c", "echo score=1 | tee f"], "score=1\n", True),
        (["sh", "-c", "set -e\ncd .\necho score=1"], "score=1\n", True),
        (["false"], "", False),
    ],
)
def test_what_a_shell_makes_of_the_joined_command(command, log, done, tmp_path: Path) -> None:
    made = webhook.command(
        {"command": command}, collector="StdOut", file=f"{tmp_path}/m.log", stops_early=False
    )
    made = [webhook.expanded(word, {}) for word in made]
    ended = subprocess.run(made, cwd=tmp_path, capture_output=True, check=False)
    marks = [each.read_text().strip() for each in tmp_path.glob("*.pid")]
    file = tmp_path / "m.log"
    if log:
        assert file.read_text() == log
    else:
        assert not file.is_file() or "score" not in file.read_text()
    assert (ended.returncode == 0 and marks == ["completed"]) is done or command[-1].endswith("\n")


def test_a_trial_that_was_stopped_early_has_not_failed(tmp_path: Path) -> None:
    script = f"echo early-stopped > {tmp_path}/$$$$.pid; exit 143"
    for said, code in (("early-stopped", 0), ("other", 1)):
        made = webhook.command(
            {"command": ["sh", "-c", f"({script.replace('early-stopped', said)})"]},
            collector="StdOut",
            file=f"{tmp_path}/m.log",
            stops_early=True,
        )
        made = [webhook.expanded(word, {}) for word in made]
        assert subprocess.run(made, check=False, capture_output=True).returncode == code


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$(HOME)/x", "/root/x"),
        ("$$(HOME)", "$(HOME)"),
        ("$$$$", "$$"),
        ("$(NOT)", "$(NOT)"),
        ("$(head -n 1)", "$(head -n 1)"),
    ],
)
def test_the_kubelet_fills_in_variables(text: str, found: str) -> None:
    assert webhook.expanded(text, {"HOME": "/root"}) == found


def parameter(kind: str, **space) -> Parameter:
    return Parameter("", {"name": "p", "parameterType": kind, "feasibleSpace": space})


@pytest.mark.parametrize(
    ("told", "points"),
    [
        (parameter("double", min="0.1", max="0.4", step="0.1"), ["0.1", "0.2", "0.30000000000000004", "0.4"]),
        (parameter("int", min="1", max="10", step="4"), ["1", "5", "9"]),
        (parameter("int", min="1", max="3"), ["1", "2", "3"]),
        (parameter("discrete", list=["1e-3", "32.0"]), ["1e-3", "32.0"]),
    ],
)
def test_a_grids_values_are_text(told: Parameter, points: list[str]) -> None:
    assert grid.points(told)[: len(points)] == points


@pytest.mark.parametrize(
    ("told", "text", "value"),
    [
        (parameter("double"), "1e-3", 0.001),
        (parameter("int"), "7", 7),
        (parameter("discrete", list=["8"]), "8", 8),
        (parameter("discrete", list=["32.0"]), "32.0", 32.0),
        (parameter("categorical", list=["unet"]), "unet", "unet"),
        (parameter("categorical", list=["1"]), "1", "1"),
    ],
)
def test_the_best_parameters_are_typed(told: Parameter, text: str, value) -> None:
    found = values.typed(told, text)
    assert found == value
    assert type(found) is type(value)


def test_hyperbands_brackets() -> None:
    # Table 1 of https://arxiv.org/abs/1603.06560 for R = 81 and eta = 3, with Katib's rounding up.
    rounds = list(hyperband.rounds(hyperband.Settings(3, 9, "epochs")))
    assert [tuple(each) for each in rounds] == [
        (9, 1, True), (3, 3, False), (1, 9, False), (5, 3, True), (2, 9, False), (3, 9, True)
    ]  # fmt: skip


BROKEN = {
    "goal-text": {"objective": {**objective(), "goal": "0.1"}},
    "misspelt": {"maxTrialCounts": 3},
    "bound-number": {
        "parameters": [{"name": "x", "parameterType": "double", "feasibleSpace": {"min": 0.1, "max": "1"}}]
    },
    "objective-type": {"objective": {**objective(), "type": "maximum"}},
    "collector": {"metricsCollectorSpec": {"collector": {"kind": "Stdout"}}},
    "resume": {"resumePolicy": "Always"},
    "count-text": {"maxTrialCount": "3"},
}


@pytest.mark.parametrize("spec", BROKEN.values(), ids=BROKEN)
def test_what_the_api_server_stores_and_katib_chokes_on_is_refused(spec) -> None:
    assert list(structure.faults(body())) == []
    assert list(structure.faults(body(**spec)))


def space(name: str, kind: str, **feasible) -> dict:
    return {"name": name, "parameterType": kind, "feasibleSpace": feasible}


X = space("x", "double", min="0", max="1", distribution="uniform")
N = space("n", "int", min="1", max="9", distribution="uniform")
HANGS = {
    "above": ([space("x", "double", min="2", max="1", distribution="uniform"), N], "katib-parameters"),
    "no-number": ([space("x", "double", min="abc", max="1", distribution="uniform"), N], "katib-parameters"),
    "log-negative": (
        [space("x", "double", min="-1", max="1", distribution="logUniform"), N],
        "katib-distribution",
    ),
    "twice": ([X, X, N], "katib-parameters"),
    "empty": ([space("x", "categorical", list=[]), N], "katib-parameters"),
    "beyond-floats": (
        [space("x", "double", min="0", max="1e400", distribution="uniform"), N],
        "katib-parameters",
    ),
    "nearer-than-floats": (
        [space("x", "double", min="1e-400", max="1", distribution="logUniform"), N],
        "katib-parameters",
    ),
    "wider-than-floats": (
        [space("x", "double", min="-1e308", max="1e308", distribution="uniform"), N],
        "katib-parameters",
    ),
    "not-referred": ([X, N, space("z", "int", min="1", max="2", distribution="uniform")], "katib-template"),
    "outside": ([X, space("n", "int", min="1", max="10", step="4", distribution="uniform")], "katib-step"),
}


@pytest.mark.parametrize(("parameters", "identifier"), HANGS.values(), ids=HANGS)
def test_what_hangs_in_created_is_refused(parameters, identifier: str) -> None:
    assert list(checks.faults(experiment())) == []
    told = experiment(parameters=parameters)
    assert identifier in {each.id for each in checks.every() if list(each.find(told))}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("random", {"random_state": str(2**32)}),
        ("hyperband", {"eta": "1", "r_l": "9", "resource_name": "n"}),
        ("hyperband", {"eta": "3", "r_l": "0.5", "resource_name": "n"}),
    ],
)
def test_a_setting_that_its_algorithm_cannot_compute_with_is_refused(name: str, settings: dict) -> None:
    listed = [{"name": key, "value": value} for key, value in settings.items()]
    told = experiment(algorithm={"algorithmName": name, "algorithmSettings": listed})
    assert "katib-algorithm" in {each.id for each in checks.every() if list(each.find(told))}


@pytest.mark.parametrize(
    ("pattern", "sound"),
    [
        (r"(?=s)(\w+): (\d)", False),
        (r"(\w+)(?<!x): (\d)", False),
        (r"(\w+): (\d)\2", False),
        (r"(\w+): (\d)\Z", False),
        (r"(?P<name>\w+): (?P<value>\d)", True),
        (r"(?i)(\w+): (?:\+|-)*(\d)\\1", True),
        (r"(\w+)\(?=(\d)", True),
    ],
)
def test_a_filter_that_go_does_not_read_is_refused(pattern: str, sound: bool) -> None:
    source = {"filter": {"metricsFormat": [pattern]}}
    told = experiment(metricsCollectorSpec={"collector": {"kind": "StdOut"}, "source": source})
    assert (list(checks.faults(told)) == []) is sound


def test_a_file_of_the_root_is_refused() -> None:
    path = {"path": "/metrics.log", "kind": "File", "format": "TEXT"}
    told = experiment(
        metricsCollectorSpec={"collector": {"kind": "File"}, "source": {"fileSystemPath": path}}
    )
    assert [field for field, _ in checks.faults(told)] == [
        "spec.metricsCollectorSpec.source.fileSystemPath.path"
    ]


def test_placeholders_are_replaced_as_plain_text_and_the_trial_is_told() -> None:
    made = trial_object(experiment(), "sweep-abcdefgh", {"x": "1e-3", "n": "3"})
    container = made["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["train", "x=1e-3", "n=3"]
    assert made["metadata"] == {"name": "sweep-abcdefgh", "namespace": ""}


def test_references_to_the_trial_itself() -> None:
    told = body()
    told["metadata"]["namespace"] = "ml"
    told["spec"]["trialTemplate"]["trialSpec"]["metadata"] = {
        "labels": {"a/b": "c"},
        "annotations": {"d": "e"},
    }
    names = {
        "name": "${trialSpec.Name}",
        "where": "${trialSpec.Namespace}",
        "kind": "${trialSpec.Kind}",
        "version": "${trialSpec.APIVersion}",
        "label": "${trialSpec.Labels[a/b]}",
        "note": "${trialSpec.Annotations[d]}",
    }
    template = told["spec"]["trialTemplate"]
    template["trialParameters"] += [{"name": key, "reference": value} for key, value in names.items()]
    container = template["trialSpec"]["spec"]["template"]["spec"]["containers"][0]
    container["args"] = [f"${{trialParameters.{key}}}" for key in names]
    made = trial_object(Experiment(told), "t-1", {"x": "1", "n": "2"})
    args = made["spec"]["template"]["spec"]["containers"][0]["args"]
    assert args == ["t-1", "ml", "Job", "batch/v1", "c", "e"]


def test_what_cannot_be_filled_in_is_an_error() -> None:
    with pytest.raises(SubstitutionError, match="no parameter n"):
        trial_object(experiment(), "t", {"x": "1"})
    with pytest.raises(SubstitutionError, match="refers to z"):
        trial_object(experiment(), "t", {"x": "1", "n": "2", "z": "3"})
    with pytest.raises(SubstitutionError, match="breaks the JSON"):
        trial_object(experiment(), "t", {"x": '"', "n": "2"})


PLAIN = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters='"\\$'))


@given(PLAIN, PLAIN)
def test_any_plain_value_arrives_as_it_is(x: str, n: str) -> None:
    made = trial_object(experiment(), "t", {"x": x, "n": n})
    assert made["spec"]["template"]["spec"]["containers"][0]["command"] == ["train", f"x={x}", f"n={n}"]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_what_our_trials_print_is_what_is_collected(scores: list[float]) -> None:
    found = collect(experiment(), [f"epoch={place} score={score!r}" for place, score in enumerate(scores)])
    assert [float(each.value) for each in found] == scores
    metric = observe(experiment(), found)[0]
    assert (float(metric.min), float(metric.max), float(metric.latest)) == (
        min(scores),
        max(scores),
        scores[-1],
    )


@given(st.lists(st.sampled_from(list(Status)), max_size=12), st.integers(1, 10), st.integers(1, 5))
def test_no_more_run_than_at_once_nor_are_more_counted_than_in_all(
    statuses, most: int, parallel: int
) -> None:
    told = experiment(maxTrialCount=most, parallelTrialCount=parallel)
    running = statuses.count(RUNNING)
    more = counting.wanted(told, statuses)
    assert more >= 0
    assert running + more <= max(parallel, running)
    if counting.ending(told, statuses, at_goal=False) is None and not running:
        assert more > 0


@given(st.floats(0, 1), st.integers(-5, 5), st.integers(0, 9), st.integers(1, 3))
def test_a_place_in_a_space_is_a_value_of_it(share: float, low: int, width: int, step: int) -> None:
    told = parameter("int", min=str(low), max=str(low + width), step=str(step))
    assert values.placed(told, share) in grid.points(told)
    smooth = parameter("double", min="1e-5", max="1e-1", distribution="logUniform")
    assert 1e-5 <= float(values.placed(smooth, share)) <= 1e-1
    listed = parameter("categorical", list=["a", "b", "c"])
    assert values.placed(listed, share) in {"a", "b", "c"}


def test_the_default_filter_is_katibs() -> None:
    assert DEFAULT_FILTER == r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)"
