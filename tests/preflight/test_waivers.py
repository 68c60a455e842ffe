"""A waiver covers what it names, and is told when it covers nothing any more."""

from pathlib import Path

import pytest
import yaml

from preflight.errors import ConfigurationError
from preflight.findings import Finding
from preflight.waivers import FILE, UNUSED, Waiver, apply, load

FINDING = Finding(
    "limits", "katib", "Deployment kubeflow/katib-db", "a.yaml", "spec.replicas", "has no limits"
)
REASON = "upstream sets none, and it needs all it can get"


def waiver(**changes: str) -> Waiver:
    return Waiver(**{"rule": "limits", "object": "Deployment kubeflow/*", "reason": REASON, **changes})


def test_a_waiver_covers_what_it_names() -> None:
    assert apply([FINDING], [waiver()]) == ([], 1)
    assert apply([FINDING], [waiver(field="spec.*")]) == ([], 1)


@pytest.mark.parametrize(
    "changes", [{"rule": "probes"}, {"object": "Deployment a/*"}, {"field": "spec.template*"}]
)
def test_a_waiver_of_something_else_covers_nothing_and_is_told(changes: dict[str, str]) -> None:
    findings, waived = apply([FINDING], [waiver(**changes)])
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
