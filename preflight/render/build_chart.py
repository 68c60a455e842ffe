"""One chart built by Helm, with what an application tells it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from preflight.errors import ClusterError
from preflight.render import build_cache, helm
from preflight.render.environment import Environment
from preflight.render.kubernetes_yaml import objects
from preflight.render.sources import Source
from preflight.render.values import HelmSource, Place

KUBERNETES = "1.34.0"


@dataclass
class ChartBuild:
    """A chart and what it is built with.

    name: of its own in the stage; root, chart: the repository and the chart's folder in it
    referenced: the root of the source of a name; apis: as Workplace has them
    """

    stage: Path
    name: str
    root: Path
    chart: Path
    source: Source
    environment: Environment
    referenced: Callable[[str], Path | None]
    apis: tuple[str, ...]
    asks_apis: bool = False

    def bodies(self, application: str, namespace: str) -> list[dict[str, Any]]:
        """Its objects. Raises ClusterError and UnavailableError."""
        if not (self.chart / "Chart.yaml").is_file():
            raise ClusterError(f"{self.source.path}: no Chart.yaml there, and `helm` is to build it")
        told = HelmSource(
            self.source.told_of("helm"),
            Place(self.chart, self.root),
            self.environment,
            self.referenced,
            self.stage / ".render/values" / f"{self.name}.yaml",
        ).options(application, namespace, KUBERNETES)
        if not told.apis:
            told = replace(told, apis=self._asked())
        return self._built(told)

    def _built(self, told: helm.Options) -> list[dict[str, Any]]:
        command = helm.command(self.chart, told)
        files = [Path(file) for file in told.files]
        files += [Path(value.partition("=")[2]) for option, value in told.sets if option == "--set-file"]
        key = build_cache.key([self.chart, *files], self.stage, command)
        found: list[dict[str, Any]] | None = build_cache.load(key)
        if found is None:
            found = list(objects(self._template(command), self.source.path or self.source.chart))
            build_cache.store(key, found)
        return found

    def _template(self, command: tuple[str, ...]) -> str:
        try:
            return helm.template(command)
        except ClusterError as error:
            if helm.DEPENDENCIES not in str(error):
                raise
        # In a copy: the cache holds what upstream has, and no more.
        copy = shutil.copytree(
            self.chart, self.stage / ".render/charts" / self.name / self.chart.name, dirs_exist_ok=True
        )
        helm.dependencies(copy)
        return helm.template(tuple(str(copy) if word == str(self.chart) else word for word in command))

    def _asked(self) -> tuple[str, ...]:
        """Those of the cluster's API versions that the chart's templates look for."""
        files = [each for each in self.chart.rglob("templates/**/*") if each.is_file()]
        text = "\n".join(each.read_text(errors="replace") for each in files)
        self.asks_apis = "APIVersions" in text
        return tuple(api for api in self.apis if self.asks_apis and api.partition("/")[0] in text)
