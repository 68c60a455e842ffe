"""Which applications a cluster can be asked for: all, but for those whose upstream cannot be had here."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from preflight.render.applications import ROOT, Application
from preflight.render.cluster import Render, render
from tests.on_cluster.kubectl import Body, Kubectl
from tests.on_cluster.stand_ins import EXPERIMENT, Kind, stand_ins

SECONDS = 60
# What Seldon's operator makes and stands in no render.
DESTINATION_RULE: Kind = ("networking.istio.io", "v1", "DestinationRule")


@dataclass(frozen=True)
class Choice:
    """What is tried, by name why the rest is not, and CRDs for the kinds that are then missing."""

    render: Render
    not_tried: dict[str, str] = field(default_factory=dict)
    stand_ins: list[Body] = field(default_factory=list)

    @property
    def tried(self) -> dict[str, Application]:
        """The applications to be expected on the cluster, by name."""
        every = self.render.applications.items()
        return {name: each for name, each in every if name != ROOT and name not in self.not_tried}


def choose(checkout: Path, cluster: str, kubectl: Kubectl) -> Choice:
    """Leave out what cannot be rendered or whose upstream is not there, and stand in for its kinds."""
    made = render(checkout, cluster)
    not_tried = {each.application: each.reason for each in made.unchecked}
    not_tried |= dict(_without_upstream(made))
    choice = Choice(made, not_tried)
    while missing := dict(_without_family(choice)):
        not_tried |= missing
    choice.stand_ins.extend(stand_ins(checkout, _lacking(choice, kubectl)))
    return choice


def _without_upstream(made: Render) -> Iterator[tuple[str, str]]:
    """Applications that need a tag of a repository which git, as it is set up here, does not find."""
    needed = {
        (resource.application, resource.origin.file.partition(":")[0])
        for resource in made.resources
        if resource.origin.upstream
    }
    found = {upstream: _is_there(upstream) for upstream in {each for _, each in needed}}
    for application, upstream in sorted(needed):
        if not found[upstream]:
            yield application, f"{upstream} is not mirrored here"


def _is_there(upstream: str) -> bool:
    repository, _, ref = upstream.partition("@")
    command = ["git", "ls-remote", "--exit-code", f"https://github.com/{repository}", f"refs/tags/{ref}"]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _lacking(choice: Choice, kubectl: Kubectl) -> dict[Kind, bool]:
    """The kinds that neither the server nor a tried application defines, and whether they are namespaced."""
    tried = choice.tried
    known = _served(kubectl) | {
        (crd.spec["group"], crd.spec["names"]["kind"])
        for crd in choice.render.of("CustomResourceDefinition")
        if crd.application in tried
    }
    needed = {EXPERIMENT: True, DESTINATION_RULE: True} | {
        (each.group, each.version, each.kind): bool(each.namespace)
        for each in choice.render.resources
        if each.application in tried
    }
    return {kind: namespaced for kind, namespaced in needed.items() if (kind[0], kind[2]) not in known}


def _without_family(choice: Choice) -> Iterator[tuple[str, str]]:
    """A chart and the application that installs it are tried together, or neither is."""
    for name, application in choice.render.applications.items():
        if application.owner in choice.render.applications and application.owner != ROOT:
            pair = {name, application.owner}
            for each in pair & choice.tried.keys() if pair & choice.not_tried.keys() else ():
                yield each, f"{(pair - {each}).pop()}, which belongs to it, is not tried"


def _served(kubectl: Kubectl) -> set[tuple[str, str]]:
    """Group and kind of all that the server knows before anything is installed."""
    lines = kubectl.run("api-resources", "--no-headers=true", "--output=wide").splitlines()
    words = [line.split() for line in lines]
    places = [next(i for i, word in enumerate(line) if word in {"true", "false"}) for line in words]
    return {
        (line[place - 1].rpartition("/")[0], line[place + 1])
        for line, place in zip(words, places, strict=True)
    }
