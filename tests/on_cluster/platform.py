"""The whole platform brought up from one push, by the script that `make up` runs, and how that went."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from preflight.platform.image_lock import locked
from pylib.serving.repository import manifest
from tests.on_cluster import argocd
from tests.on_cluster.argocd import State
from tests.on_cluster.kubectl import Kubectl, KubectlError
from tests.on_cluster.repository import BRANCH, GitServer, Repository, copy_checkout
from tests.on_cluster.tried import Choice

CHECKOUT = Path(__file__).parents[2]
CLUSTER = "local"
NAME = "platform"
MINUTES = 15  # and then says what it waited for: less than the time limit of a test


@dataclass
class Timeline:
    """When each application was first seen, and first seen Synced and Healthy: seconds from the start.

    early: an application that was there before all of an earlier wave had been healthy, and which those were
    """

    waves: dict[str, int]
    started: float = field(default_factory=time.monotonic)
    seen: dict[str, float] = field(default_factory=dict)
    good: dict[str, float] = field(default_factory=dict)
    early: dict[str, list[str]] = field(default_factory=dict)

    def look(self, states: dict[str, State]) -> None:
        """Note what is new in a snapshot."""
        now = round(time.monotonic() - self.started, 1)
        for name in (name for name, state in states.items() if state.is_good):
            self.good.setdefault(name, now)
        for name in states.keys() - self.seen.keys():
            self.seen[name] = now
            wave = self.waves.get(name, -1)
            behind = [each for each, other in self.waves.items() if other < wave and each not in self.good]
            if behind:
                self.early[name] = sorted(behind)

    @property
    def by_wave(self) -> dict[int, float]:
        """For each wave that came up, when the last of its applications was first healthy."""
        done: dict[int, float] = {}
        for name, wave in sorted(self.waves.items(), key=lambda pair: pair[1]):
            done[wave] = max(done.get(wave, 0), self.good.get(name, float("inf")))
        return done


@dataclass
class Platform:
    """The platform as it was brought up: the repository behind it, what was tried, how it went."""

    repository: Repository
    choice: Choice
    timeline: Timeline
    output: str
    code: int
    was_there: bool


def repository(kubectl: Kubectl, server: GitServer, folder: Path) -> Repository:
    """The checkout's files as they are now: in a new repository, or in that which the root reads."""
    root = kubectl.find("applications.argoproj.io", "root", argocd.NAMESPACE) if _knows(kubectl) else None
    read = ((root or {}).get("spec") or {}).get("source", {}).get("repoURL")
    if read != f"{server.url}/{NAME}.git":
        made = Repository.create(server, NAME, folder / NAME)
        copy_checkout(CHECKOUT, made.folder)
        return made
    made, released = Repository.continued(server, NAME, folder / NAME), manifest("segmentation").as_posix()
    made.clear(released)
    copy_checkout(CHECKOUT, made.folder, released)
    return made


def _knows(kubectl: Kubectl) -> bool:
    return kubectl.find("customresourcedefinition", "applications.argoproj.io") is not None


def prepare(repository: Repository, choice: Choice, mirror: str) -> None:
    """The checkout's copy in the repository's folder, made this cluster's: what a person sets in a fork."""
    settings = "cluster-conf/settings/settings.yaml"
    text = repository.read(settings).splitlines()
    values = {"repoURL": repository.url, "revision": BRANCH, "mirror": mirror.rstrip("/")}
    for key, value in values.items():
        at = next(i for i, line in enumerate(text) if line.startswith(f"  {key}: "))
        text[at] = f"  {key}: {value}"
    repository.write(settings, "\n".join(text) + "\n")
    _without_pachyderm(repository)
    for file in _that_name_images(repository.folder):
        _drop_digests(file, locked(repository.folder).values())
    for name in choice.not_tried:
        folder = repository.folder / f"cluster-conf/{name}/overlays/{CLUSTER}"
        if folder.is_dir():
            repository.remove(str(folder.relative_to(repository.folder)))


def _without_pachyderm(repository: Repository) -> None:
    """Keep data in the bucket, as cluster-conf/README.md says: Pachyderm's own pods may be simulated."""
    place, store = "cluster-conf/ml-user/base/pylib.yaml", "  PYLIB_STORE: pachd://pachd.pachyderm:30650\n"
    if store in repository.read(place):
        repository.replace(place, store, "  PYLIB_STORE: s3://data\n")


def _that_name_images(folder: Path) -> list[Path]:
    return [
        file for part in ("cluster-conf", "pipelines/compiled") for file in (folder / part).rglob("*.yaml")
    ]


def _drop_digests(file: Path, references: Iterable[str]) -> None:
    """An image that was loaded into a node has no digest there, only its name and tag."""
    text = changed = file.read_text()
    for reference in references:
        changed = changed.replace(reference, reference.partition("@")[0])
    if changed != text:
        file.write_text(changed)


def bring_up(kubectl: Kubectl, repository: Repository, choice: Choice) -> Platform:
    """Run the script in the repository's folder to its end, and watch the applications meanwhile."""
    was_there = _knows(kubectl) and bool(kubectl.list("applications.argoproj.io", argocd.NAMESPACE))
    timeline = Timeline({name: each.wave for name, each in choice.tried.items()})
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # where pylib is
    environment = {**os.environ, "CLUSTER": CLUSTER, "WAIT_MINUTES": str(MINUTES), "PATH": path}
    command = ["./cluster.sh", "install"]
    log = repository.folder.with_suffix(".log")
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, cwd=repository.folder, env=environment, stdout=stream, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                _look(kubectl, timeline)
                time.sleep(1)
        finally:
            process.terminate()
            process.wait()
    _look(kubectl, timeline)
    return Platform(repository, choice, timeline, log.read_text(), process.returncode, was_there)


def configure(kubectl: Kubectl) -> None:
    """Give an Argo CD that is there already our health scripts, where our own cannot be installed."""
    folder = CHECKOUT / "cluster-conf/argocd/base/health"
    scripts = {
        f"resource.customizations.health.{file.stem}": file.read_text() for file in folder.glob("*.lua")
    }
    kubectl.patch("configmap", "argocd-cm", argocd.NAMESPACE, {"data": scripts})


def _look(kubectl: Kubectl, timeline: Timeline) -> None:
    try:
        timeline.look(argocd.states(kubectl))
    except KubectlError:
        return  # Argo CD's CRDs are not there yet, or the server is busy


def require_tried(platform: Platform, *names: str) -> None:
    """Skip the test where an application that it is about could not be tried."""
    missing = {name: platform.choice.not_tried[name] for name in names if name in platform.choice.not_tried}
    if missing:
        pytest.skip(f"not tried here: {missing}")


def require_good(platform: Platform, kubectl: Kubectl) -> None:
    """End the test that needs the platform where it did not come up."""
    if platform.code:
        wrong = [str(state) for state in argocd.states(kubectl).values() if not state.is_good]
        pytest.fail("\n".join([platform.output[-3000:], *wrong]), pytrace=False)
