"""Rules that stumble are told, once, and those that do not still count."""

from collections.abc import Callable, Iterator

from preflight.findings import Finding, Rule, found, run
from preflight.render.cluster import Render

TWO = """
apiVersion: v1
kind: ConfigMap
metadata: {name: sound, namespace: work}
data: {colour: red}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: broken, namespace: work}
data: [red]
"""


def colours(render: Render) -> Iterator[Finding]:
    for resource in render.of("ConfigMap"):
        for key in resource.body["data"].keys():  # noqa: SIM118 (a list has none)
            yield found("colours", resource, f"data.{key}", "a colour")


def names(render: Render) -> Iterator[Finding]:
    return (found("names", resource, "metadata.name", "a name") for resource in render.of("ConfigMap"))


def test_rules_that_stumble_are_one_finding_and_what_the_others_found_counts(
    render_of: Callable[..., Render],
) -> None:
    rules = [Rule("colours", "", colours), Rule("hues", "", colours), Rule("names", "", names)]
    findings = run(render_of(TWO), rules)
    assert [finding.id for finding in findings] == ["colours", "colours", "names", "names", "rule-stopped"]
    assert findings[-1].message.startswith("colours, hues stopped at AttributeError: ")
    assert "fix what the schemas find" in findings[-1].message
