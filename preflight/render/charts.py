"""Charts of Helm repositories and registries: pulled once, kept in a cache, and used from there."""

import hashlib
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from preflight.render import bases, helm
from preflight.render.bases import BaseMissingError

OCI = "oci://"
SECONDS = 180
NO_ANSWER = re.compile(
    r"no such host|dial tcp|connection refused|i/o timeout|context deadline|network is unreachable|"
    r"Temporary failure|server misbehaving|proxyconnect"
)


@dataclass(frozen=True)
class Chart:
    """A chart at a version.

    repository: `https://…` or `oci://…`; a host without a scheme is a registry
    """

    repository: str
    name: str
    version: str

    @property
    def reference(self) -> list[str]:
        """What `helm pull` is told."""
        if self.repository.startswith(("http://", "https://")):
            return [self.name, "--repo", self.repository]
        address = f"{OCI}{self.repository.removeprefix(OCI).strip('/')}"
        return [f"{address}/{self.name}" if self.name else address]

    def __str__(self) -> str:
        named = f"chart {self.name}" if self.name else "the chart"
        return f"{named} {self.version or '(newest)'} of {self.repository}"


def folder(chart: Chart) -> Path:
    """The cached copy of a chart, pulled now where it is not there yet.

    Raises HelmMissingError and BaseMissingError.
    """
    told = " ".join([*chart.reference, chart.version])
    name = quote(chart.name or chart.repository.rpartition("/")[2], safe="")
    kept = bases.cache_root().with_name("charts") / hashlib.sha256(told.encode()).hexdigest() / name
    if not kept.is_dir():
        helm.needed()
        kept.parent.mkdir(parents=True, exist_ok=True)
        _pull(chart, kept)
    return kept


def _pull(chart: Chart, kept: Path) -> None:
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".pull.") as name:
        version = ["--version", chart.version] if chart.version else []
        words = ["helm", "pull", *chart.reference, *version, "--untar", "--untardir", name]
        try:
            done = subprocess.run(words, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BaseMissingError(f"{chart}: {type(error).__name__} while pulling it") from error
        pulled = [each for each in Path(name).iterdir() if (each / "Chart.yaml").is_file()]
        if done.returncode or len(pulled) != 1:
            raise BaseMissingError(f"{chart}: not in the cache, and {reason(chart.repository, done.stderr)}")
        if not kept.is_dir():
            pulled[0].rename(kept)


def reason(repository: str, stderr: str) -> str:
    """Why Helm got nothing, in one line."""
    host = urlsplit(repository if "://" in repository else f"//{repository}").hostname or repository
    if NO_ANSWER.search(stderr):
        return f"{host} does not answer"
    return f"{host} does not give it: {helm.reason(stderr)}"
