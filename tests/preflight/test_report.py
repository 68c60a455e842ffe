"""The report's three forms, and the line of a file that an annotation is put on."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from preflight import report
from preflight.findings import Finding, NotJudged, Pending
from preflight.locate import line
from preflight.render.cluster import Unchecked
from preflight.validate import Report

FILE = "cluster-conf/app/base/objects.yaml"
TEXT = """\
# why it is here
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: first
          image: a:1
        - name: second
          image: a:latest
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    file = tmp_path / FILE
    file.parent.mkdir(parents=True)
    file.write_text(TEXT)
    return tmp_path


def finding(field: str = "", file: str = FILE) -> Finding:
    return Finding("image-pinned", "app", "Deployment ml/web", file, field, "the tag is [mutable]")


def made(*findings: Finding) -> Report:
    return Report("local", list(findings), [Unchecked("gone", "no mirror")], 1, 30, 20, 900, 80, 4.2)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("", 6),
        ("spec.template.spec.containers[1].image", 17),
        ("spec.template.spec.containers[0].resources.limits", 14),
        ("spec.patched.in", 11),
    ],
)
def test_the_line_is_that_of_the_field_or_of_what_is_nearest(tree: Path, field: str, expected: int) -> None:
    assert line(tree, finding(field)) == expected


def test_sarif_puts_an_upstream_s_finding_on_the_folder_that_brings_it(tree: Path) -> None:
    upstream = finding(file="owner/name@v1:base/x.yaml")
    run = json.loads(report.as_sarif([made(finding(), upstream), made(finding())], tree))["runs"][0]
    places = [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]
    ]
    assert sorted(places) == ["cluster-conf/app", FILE]
    assert [each["id"] for each in run["tool"]["driver"]["rules"]] == ["image-pinned"]


def test_json_holds_what_was_found_and_what_was_not_checked() -> None:
    [content] = json.loads(report.as_json([made(finding())]))
    assert content["findings"][0]["id"] == "image-pinned"
    assert content["unchecked"] == [{"application": "gone", "reason": "no mirror"}]


def test_the_table_names_rule_object_file_and_what_was_not_checked() -> None:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(report.table(made(finding("spec.x"))))
    text = console.export_text()
    for part in (
        "image-pinned",
        "Deployment ml/web",
        FILE,
        "[mutable]",
        "not checked gone: no mirror",
        "1 findings",
    ):
        assert part in text


BLIND = (Unchecked("crds/monitoring", "helm is not on PATH; install it"),)


def half_seen() -> Report:
    return replace(
        made(),
        not_judged=[NotJudged(finding("spec.x"), BLIND)],
        pending=[
            Pending("images.lock", "a:1 has no digest yet"),
            Pending("images.lock", "b:1 has no digest yet"),
        ],
        tree="/somewhere",
    )


def text_of(made: Report) -> str:
    console = Console(width=300, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(report.table(made))
    return console.export_text()


def test_what_was_not_judged_is_named_in_the_table_and_never_a_bare_zero() -> None:
    text = text_of(half_seen())
    for part in (
        "not judged: image-pinned 1 object (Deployment ml/web), because crds/monitoring could not be ren",
        "local: 0 findings in what could be looked at in 20 applications",
        "1 not checked, 1 not judged",
        "not finished: images.lock: a:1 has no digest yet (and 1 more)",
        "in /somewhere",
    ):
        assert part in text
    assert report.summary(half_seen()).startswith("[yellow]")
    assert report.summary(replace(made(), unchecked=[])).startswith("[green]local: 0 findings[/] in 20")


def test_json_and_sarif_name_what_was_not_judged_and_the_cause(tree: Path) -> None:
    [content] = json.loads(report.as_json([replace(half_seen(), findings=[finding()])]))
    [doubt] = content["not_judged"]
    assert doubt["finding"]["id"] == "image-pinned"
    assert doubt["because"] == [
        {"application": "crds/monitoring", "reason": "helm is not on PATH; install it"}
    ]
    assert (content["tree"], content["findings"][0]["cause"]) == ("/somewhere", "the tag is [mutable]")
    [run] = json.loads(report.as_sarif([half_seen()], tree))["runs"]
    [invocation] = run["invocations"]
    unchecked, judged = invocation["toolExecutionNotifications"]
    assert "not checked gone: no mirror" in unchecked["message"]["text"]
    assert judged["associatedRule"] == {"id": "image-pinned"}
    assert "crds/monitoring could not be rendered" in judged["message"]["text"]
    assert [each["level"] for each in run["results"]] == ["note", "note"]


def test_findings_of_one_cause_are_one_row() -> None:
    many = [replace(finding("spec.x"), object=f"Deployment ml/{name}") for name in "abcdef"]
    text = text_of(made(*many))
    assert text.count("image-pinned") == 1
    assert "6 objects (Deployment ml/a, Deployment ml/b, Deployment ml/c and 3 more)" in text
    assert "(6 findings of one cause)" in text
    assert "local: 6 findings of 1 cause in" in text
