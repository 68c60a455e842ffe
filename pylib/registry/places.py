"""Where a model goes when it is released: the artifact store, the Git repository, the registry."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pylib.registry.versions import Versions
from pylib.release.clone import open_clone
from pylib.release.git import Git
from pylib.release.models import models, read_values
from pylib.settings import settings
from pylib.store.artifacts import ArtifactStore
from pylib.training.mlflow_store import tracking_uri


@dataclass(frozen=True)
class Places:
    """See pylib.settings; `tracking` is MLflow's URI."""

    artifacts: ArtifactStore
    repository: Path
    source: Path | str
    push: bool
    tracking: str

    @classmethod
    def of_settings(cls) -> "Places":
        """Those of this installation."""
        place = settings()
        return cls(
            artifacts=ArtifactStore(place.artifacts),
            repository=place.release_repository,
            source=place.release_source,
            push=place.release_push,
            tracking=tracking_uri(place.output),
        )

    def versions(self) -> Versions:
        """The registry, opened; raises RegistryError."""
        return Versions.open(self.tracking)

    def registered(self) -> Versions | None:
        """The registry to look at; None where it is SQLite that nobody has made yet."""
        return Versions.read(self.tracking)

    def served(self) -> dict[str, str]:
        """The digest that each model's newest commit names, in the clone as it is: nothing is fetched."""
        if not (self.repository / ".git").exists():
            return {}
        git = Git(self.repository)
        return {name: read_values(git, name).digest for name in models(git)}

    @contextmanager
    def clone(self) -> Iterator[Git]:
        """The clone that releases are committed to, locked and brought up to date; raises ReleaseError."""
        with open_clone(self.source, self.repository, own=self.push) as git:
            yield git
