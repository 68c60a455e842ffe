"""Rules, alerts and dashboard: every query is PromQL, and alerts fire when they should."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pylib.drift.compare import FEWEST
from pylib.drift.reference import spread
from pylib.drift.stability import FEATURE_LEVEL, SHIFT, by_chance, stability_index
from pylib.serving.drift_metrics import Watch
from pylib.serving.reference import Reference
from tests.monitoring.queries import asked, dashboard, groups, queries, recorded

CASES = Path(__file__).parents[1] / "manifests/prometheus/served-models.yaml"
LABELS = {"namespace": "ml", "deployment_name": "pets", "predictor_name": "default"}
needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="promtool is not on PATH: rules were parsed, and not evaluated"
)


@pytest.mark.parametrize(("where", "query"), [*queries()])
def test_a_query_is_promql_and_names_what_rules_make_as_they_name_it(where: str, query: str) -> None:
    names = asked(query)
    assert names
    assert {name for name in names if ":" in name} <= recorded()


def test_what_is_no_promql_is_noticed() -> None:
    with pytest.raises(ValueError, match="unclosed left parenthesis"):
        asked("sum by (a) (rate(x_total[5m]) / y")


def test_a_rule_stands_after_those_that_it_needs() -> None:
    for group in groups():
        made: set[str] = set()
        for rule in group["rules"]:
            assert {name for name in asked(rule["expr"]) if ":" in name} <= made
            made.add(rule.get("record", ""))


def test_each_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for group in groups():
        for rule in group["rules"]:
            if "alert" in rule:
                assert rule["labels"]["severity"] in {"critical", "warning", "info"}
                assert rule["annotations"].keys() == {"summary", "description"}


def test_the_alert_on_drift_has_the_limits_of_the_library() -> None:
    (alert,) = (rule for group in groups() for rule in group["rules"] if rule.get("alert") == "ModelDrift")
    assert f"stability6h > {SHIFT} " in alert["expr"]
    assert f">= {FEWEST}" in alert["expr"]


def test_panels_of_the_dashboard_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    numbers = [panel["id"] for panel in dashboard()["panels"]]
    assert len(set(numbers)) == len(numbers)


def promtool(folder: Path, cases: dict[str, Any]) -> None:
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": groups()}))
    (folder / "cases.yaml").write_text(json.dumps(cases))
    done = subprocess.run(
        ["promtool", "test", "rules", "cases.yaml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_alerts_fire_when_they_should(tmp_path: Path) -> None:
    cases = yaml.safe_load(CASES.read_text())
    fired = {
        case["alertname"] for test in cases["tests"] for case in test["alert_rule_test"] if case["exp_alerts"]
    }
    named = {rule["alert"] for group in groups() for rule in group["rules"] if "alert" in rule}
    assert fired == named - {"ModelDrift"}, "which the test below makes of the library's own figures"
    promtool(tmp_path, cases)


@needs_promtool
@pytest.mark.parametrize(("requests", "shift"), [(300, 0.0), (300, 1.0), (40, 3.0), (60, 1.2)])
def test_prometheus_finds_the_drift_that_the_library_finds(
    tmp_path: Path, requests: int, shift: float
) -> None:
    """Of a reference and of requests, as a server counts them in two hours: index, chance and alert."""
    rng = np.random.default_rng(requests)
    feature = spread(rng.normal(size=290).tolist())
    watch = Watch(Reference("segmentation", {"brightness": feature}), "ab" * 32)
    counts = [0] * len(feature.bins)
    for value in rng.normal(shift, size=requests):
        counts[feature.bin(float(value))] += 1
    model = {**LABELS, "feature": "brightness", "model": "ab" * 6}
    series = [
        {"series": written(name, {**LABELS, **labels}), "values": f"{value}x240"}
        for name, labels, value in watch.gauges()
    ]
    for bin_, count in zip(feature.bins, counts, strict=True):
        values = f"0x12 0+{count}x1 {count}x120"
        series.append({"series": written("model_feature_total", {**model, "bin": bin_}), "values": values})
    index, chance = stability_index(feature.counts, counts), by_chance(290, requests, 10, FEATURE_LEVEL)
    fires = index > max(SHIFT, chance) and requests >= FEWEST
    assert fires == (shift >= 1 and requests >= FEWEST), "or the case tests nothing"
    query = {"eval_time": "4h"}
    expected = [
        {**query, "expr": f"round({name}, 0.01)", "exp_samples": [sample(model, round(value, 2))]}
        for name, value in (("model:feature:stability6h", index), ("model:feature:chance6h", chance))
    ]
    alerts = {"alertname": "ModelDrift", "alertstate": "firing"}
    fired = written("ALERTS", {**model, **alerts, "severity": "warning"})
    firing = {
        **query,
        "expr": written("ALERTS", alerts),
        "exp_samples": [{"labels": fired, "value": 1}] if fires else [],
    }
    promtool(
        tmp_path,
        {
            "rule_files": ["rules.yaml"],
            "evaluation_interval": "5m",
            "tests": [{"interval": "5m", "input_series": series, "promql_expr_test": [*expected, firing]}],
        },
    )


def written(name: str, labels: dict[str, str]) -> str:
    return name + "{" + ",".join(f"{key}={json.dumps(value)}" for key, value in labels.items()) + "}"


def sample(labels: dict[str, str], value: float) -> dict[str, Any]:
    return {"labels": written("", labels), "value": value}
