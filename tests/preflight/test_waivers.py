"""A waiver covers what it names, and is told when it covers nothing any more."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from preflight import rules
from preflight.errors import ConfigurationError
from preflight.findings import Finding, Judgement
from preflight.registry import FAILED
from preflight.render.cluster import Render
from preflight.waivers import FILE, UNUSED, Waiver, apply, load, old_ids, renamed

RenderOf = Callable[..., Render]
FINDING = Finding(
    "limits", "katib", "Deployment kubeflow/katib-db", "a.yaml", "spec.replicas", "has no limits"
)
REASON = "upstream sets none, and it needs all it can get"


def waiver(**changes: str) -> Waiver:
    return Waiver(**{"rule": "limits", "object": "Deployment kubeflow/*", "reason": REASON, **changes})


def applied(render: Render, *waivers: Waiver) -> tuple[list[Finding], int]:
    judgement, waived = apply(Judgement([FINDING], []), list(waivers), render)
    return judgement.findings, waived


def test_a_waiver_covers_what_it_names(render_of: RenderOf) -> None:
    assert applied(render_of(""), waiver()) == ([], 1)
    assert applied(render_of(""), waiver(field="spec.*")) == ([], 1)


def test_a_waiver_with_an_old_id_works_and_is_told_the_new_one(render_of: RenderOf) -> None:
    finding = replace(FINDING, id="dangling-service")
    old = waiver(rule="service-without-pods")
    judgement, waived = apply(Judgement([finding], []), [old], render_of(""))
    assert (judgement.findings, waived) == ([], 1)
    [note] = old_ids([old, old, waiver(rule="dangling-service")])
    assert note.reason == "rule service-without-pods is called dangling-service now; write that"


def test_old_ids_are_of_no_rule_and_new_ones_of_one_each() -> None:
    known = {rule.id for rule in rules.every()} | {UNUSED, FAILED}
    assert set(renamed()).isdisjoint(known)
    assert set(renamed().values()) <= known
    assert len(set(renamed().values())) == len(renamed())


def test_an_error_of_preflight_s_own_cannot_be_waived(render_of: RenderOf) -> None:
    finding = replace(FINDING, id=FAILED, object="rule limits")
    judgement, waived = apply(Judgement([finding], []), [waiver(rule=FAILED, object="*")], render_of(""))
    assert waived == 0
    assert finding in judgement.findings


@pytest.mark.parametrize(
    "changes", [{"rule": "probes"}, {"object": "Deployment a/*"}, {"field": "spec.template*"}]
)
def test_a_waiver_of_something_else_covers_nothing_and_is_told(
    render_of: RenderOf, changes: dict[str, str]
) -> None:
    findings, waived = applied(render_of(""), waiver(**changes))
    assert waived == 0
    assert FINDING in findings
    assert [finding.id for finding in findings if finding != FINDING] == [UNUSED]


def test_a_waiver_of_another_cluster_is_not_loaded(tmp_path: Path) -> None:
    write(tmp_path, [{"rule": "x", "object": "y", "clusters": ["gpu"], "reason": REASON}])
    assert load(tmp_path, "local") == []
    assert len(load(tmp_path, "gpu")) == 1


@pytest.mark.parametrize(
    "entry",
    [
        {"rule": "x", "object": "y"},
        {"rule": "x", "object": "y", "reason": "so"},
        {"rule": "x", "objects": "y", "reason": REASON},
    ],
)
def test_a_waiver_without_a_reason_is_refused(tmp_path: Path, entry: dict[str, str]) -> None:
    write(tmp_path, [entry])
    with pytest.raises(ConfigurationError, match=r"cluster-conf/waivers\.yaml.*rule, object and reason"):
        load(tmp_path, "local")


def write(tree: Path, content: object) -> None:
    (tree / FILE).parent.mkdir(parents=True, exist_ok=True)
    (tree / FILE).write_text(yaml.safe_dump(content))


def test_a_rule_that_failed_leaves_its_waivers_alone(render_of: RenderOf) -> None:
    failed = replace(FINDING, id=FAILED, object="rule limits")
    judgement, _ = apply(Judgement([failed], []), [waiver()], render_of(""))
    assert judgement.findings == [failed]


def test_a_waiver_for_a_rule_that_there_is_not_is_told_what_it_may_mean(render_of: RenderOf) -> None:
    rules.every()
    findings, _ = applied(render_of(""), waiver(rule="dangling-servise"))
    [message] = [finding.message for finding in findings if finding.id == UNUSED]
    assert message == "no rule is called dangling-servise; did you mean dangling-service?"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{a: b", "expected ',' or '}'"),
        (b"\xff\xfe", "codec can't decode"),
        (b"- {rule: x, object: 5, reason: it is what it is}", "0.object: Input should be a valid string"),
    ],
)
def test_a_broken_file_is_one_line_that_names_the_place(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / FILE).parent.mkdir(parents=True)
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, "local")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
