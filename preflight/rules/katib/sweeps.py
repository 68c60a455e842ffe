"""The repository's searches, which no application brings: judged as if they were created in the profile."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from preflight.findings import Problem, Problems
from preflight.registry import RULES, Rule, judge, rule
from preflight.render import kubernetes_yaml
from preflight.render.applications import Application
from preflight.render.cluster import Render
from preflight.render.resources import Origin, Place, Resource

FOLDER = "pipelines/sweeps"
APPLICATION = "sweeps"
NAMESPACE = "ml"
"""Where `pylib` creates what it is not told another namespace for."""
SECURITY = ("accounts", "hardening", "host", "image_versions", "plain_secrets", "pod_security")
ASKED = (
    "preflight.rules.references.of_pods",
    "katib.checks",
    "preflight.rules.api_server",
    *(f"preflight.rules.security.{topic}" for topic in SECURITY),
)
AROUND = {
    "ConfigMap",
    "LimitRange",
    "Namespace",
    "PersistentVolumeClaim",
    "ResourceQuota",
    "Secret",
    "ServiceAccount",
}


@rule(
    "broken-sweep", "a search is created long after the push, and hangs or fails when nobody looks any more"
)
def broken_sweep(render: Render) -> Problems:
    """Every Experiment of pipelines/sweeps passes what is asked of one that an application brings."""
    made = list(_experiments(render))
    if not made:
        return
    files = {each.origin.file for each in made}
    around = [each for each in render.resources if each.kind in AROUND]
    application = Application(APPLICATION, 0, NAMESPACE, FOLDER, NAMESPACE, "root", frozenset())
    told = replace(
        render,
        applications={**render.applications, APPLICATION: application},
        resources=[*around, *made],
    )
    for finding in judge(told, [each for each in RULES.values() if _is_asked(each)]).findings:
        if finding.file in files:
            on = Place(APPLICATION, finding.object, finding.file)
            yield Problem(on, finding.field, f"{finding.message} ({finding.id})", finding.cause)


def _experiments(render: Render) -> Iterator[Resource]:
    for file in sorted((render.tree / FOLDER).glob("*.yaml")):
        path = file.relative_to(render.tree).as_posix()
        for body in kubernetes_yaml.objects(file.read_text(encoding="utf-8"), path):
            placed = {**body, "metadata": {"namespace": NAMESPACE, **(body.get("metadata") or {})}}
            yield Resource(APPLICATION, placed, Origin(path, upstream=False))


def _is_asked(asked: Rule) -> bool:
    check: Any = asked.check
    given = [*check.args, check.func] if isinstance(check, partial) else [check]
    function = next(each for each in given if callable(each))
    return function.__module__.startswith(ASKED) and function is not broken_sweep
