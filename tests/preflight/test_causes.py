"""One cause, one row: whatever the rules and objects that see it."""

from hypothesis import given
from hypothesis import strategies as st

from preflight.causes import by_finding, causes
from preflight.findings import Finding

FINDINGS = st.builds(
    Finding,
    id=st.sampled_from(["one", "two"]),
    application=st.just("app"),
    object=st.sampled_from(["Service a/x", "Service a/y", "Pod a/z"]),
    file=st.just("f.yaml"),
    field=st.sampled_from(["", "spec.selector", "spec.ports"]),
    message=st.sampled_from(["no pod", "no port"]),
    cause=st.sampled_from(["", "no pod there is labelled a=b", "no port http"]),
)


def finding(rule: str, name: str, message: str, cause: str = "", field: str = "spec") -> Finding:
    return Finding(rule, "app", name, "f.yaml", field, message, cause)


@given(findings=st.lists(FINDINGS, unique=True))
def test_every_finding_is_of_one_cause_and_none_is_lost(findings: list[Finding]) -> None:
    listed = [each for cause in causes(findings) for each in cause.findings]
    assert sorted(listed) == sorted(findings)
    assert set(by_finding(findings)) == set(findings)


@given(findings=st.lists(FINDINGS, unique=True))
def test_what_is_of_one_cause_stays_of_one_in_any_order(findings: list[Finding]) -> None:
    forth, back = ({frozenset(c.findings) for c in causes(order)} for order in (findings, findings[::-1]))
    assert forth == back


def test_rules_that_name_one_cause_are_one_row() -> None:
    label = "no pod there is labelled app=web"
    [cause] = causes(
        [
            finding("dangling-selector", "NetworkPolicy a/web", "no pod there has these labels", label),
            finding("dangling-service", "Service a/web", "no pod of namespace a is labelled app=web", label),
        ]
    )
    assert (cause.text, cause.rules) == (label, ["dangling-selector", "dangling-service"])


def test_one_message_of_one_rule_is_one_row_unless_causes_are_named() -> None:
    same = [finding("prunable", f"Namespace {name}", "Argo CD would remove it") for name in "abc"]
    assert len(causes(same)) == 1
    named = [
        finding("dangling-selector", f"Service {name}", "no pod", f"no pod has app={name}") for name in "abc"
    ]
    assert len(causes(named)) == 3


def test_two_rules_at_one_field_are_one_row() -> None:
    field = "spec.containers[0].securityContext.privileged"
    both = [
        finding("privileged", "Pod a/x", "it is privileged", field=field),
        finding(
            "pod-security-violation",
            "Pod a/x",
            "its namespace refuses it",
            "namespace a takes no such",
            field,
        ),
    ]
    assert len(causes(both)) == 1
