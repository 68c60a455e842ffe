"""Versions of registered models in MLflow: the one place that knows how they are written there.

A version is known by its model's digest, a tag; its number counts from 1. Whatever MLflow raises becomes
RegistryError, in one line.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pylib.errors import RegistryError, one_line
from pylib.metric_names import scored
from pylib.training.mlflow_log import NAMES, end_abandoned
from pylib.training.mlflow_store import connect, database_file

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

CHAMPION, CANARY, CANDIDATE = "champion", "canary", "candidate"
Verdict = Literal["passed", "rejected"]
TEST = "test/"
"""Before the name of a metric of the test split; those of the epochs have their own."""

_OURS = "pylib.pipeline"
_TAG = "pylib."
_FIELDS = ("digest", "verdict", "reason", "score", "gate", "data_commit", "git_commit", "judged", "removed")
_A_PAGE = 1000


@dataclass(frozen=True)
class Version:
    """A registered model.

    verdict: what the gate said; reason: why it was not released when it was judged, empty else
    score: the metric that it is known by, as in `mean_iou 0.914`; gate: its checks in one line
    judged: dirHash of its evaluation
    removed: whether gc has begun to remove it
    run: its run in MLflow; source: where its files are
    """

    name: str
    number: int
    digest: str
    verdict: str
    reason: str
    score: str
    gate: str
    data_commit: str
    git_commit: str
    judged: str
    removed: bool
    registered: datetime
    aliases: tuple[str, ...]
    run: str
    source: str

    @property
    def shown_score(self) -> str:
        """The score as people read it: `mean IoU 0.914`."""
        return scored(self.score)

    def __str__(self) -> str:
        """Read like `segmentation 3 (991fa0ba4b72)`."""
        return f"{self.name} {self.number} ({self.digest[:12]})"


class Versions:
    """The registry at a tracking URI; `open` makes it. All methods raise RegistryError."""

    def __init__(self, client: "MlflowClient", uri: str) -> None:
        self.client, self.uri = client, uri

    @classmethod
    def open(cls, uri: str) -> "Versions":
        """Open it; SQLite that is not there is made."""
        with told(uri):
            return cls(connect(uri), uri)

    @classmethod
    def read(cls, uri: str) -> "Versions | None":
        """Open it to look; None where it is SQLite that nobody has made yet."""
        database = database_file(uri)
        return None if database and not database.is_file() else cls.open(uri)

    def names(self) -> list[str]:
        """The models that pylib has registered, sorted; those of others on the same server are not ours."""
        with told(self.uri):
            found = _pages(lambda token: self.client.search_registered_models(page_token=token))
            return sorted(model.name for model in found if _OURS in model.tags)

    def of(self, name: str) -> list[Version]:
        """The versions of a model, by number; none where it is not registered."""
        with told(self.uri):
            where = f"name = '{_quoted(name)}'"
            found = _pages(
                lambda token: self.client.search_model_versions(where, max_results=_A_PAGE, page_token=token)
            )
            ours = [each for each in found if f"{_TAG}digest" in each.tags]
            aliases = self._aliases(name) if ours else {}
        return sorted((_version(each, aliases) for each in ours), key=lambda version: version.number)

    def add(self, name: str, source: str, run: str, facts: Mapping[str, str]) -> None:
        """Make a version of that run."""
        with told(self.uri):
            if not self.client.search_registered_models(f"name = '{_quoted(name)}'"):
                self.client.create_registered_model(name, tags={_OURS: name})
            self.client.set_registered_model_tag(name, _OURS, name)
            tags = {_TAG + field: value for field, value in facts.items()}
            self.client.create_model_version(name, source, run_id=run, tags=tags)

    def write(self, version: Version, facts: Mapping[str, str]) -> None:
        """Write facts of a version anew."""
        with told(self.uri):
            for field, value in facts.items():
                self.client.set_model_version_tag(version.name, str(version.number), _TAG + field, value)

    def point(self, name: str, alias: str, version: Version | None) -> None:
        """Make an alias name that version; None takes it away."""
        with told(self.uri):
            if version:
                self.client.set_registered_model_alias(name, alias, str(version.number))
            else:
                self.client.delete_registered_model_alias(name, alias)

    def remove(self, version: Version) -> None:
        """Take a version and its run out of the registry."""
        with told(self.uri):
            self.client.delete_model_version(version.name, str(version.number))
        self.delete_run(version.run)

    def leftovers(self, experiment: str, kept: set[str]) -> list[str]:
        """The ids of the runs of an experiment that are ended, or whose writer is gone, but for those."""
        with told(self.uri):
            found = self.client.get_experiment_by_name(experiment)
            if found is None:
                return []
            end_abandoned(self.client, found.experiment_id)
            where = [found.experiment_id]
            runs = _pages(lambda token: self.client.search_runs(where, page_token=token))
            ended = {run.info.run_id for run in runs if run.info.status != "RUNNING"}
        return sorted(ended - kept)

    def delete_run(self, run: str) -> None:
        """Delete a run; MLflow keeps what is deleted for a while."""
        with told(self.uri):
            self.client.delete_run(run)

    def figures(self, version: Version) -> tuple[dict[str, str], dict[str, float]]:
        """The parameters of a version's training, and what was measured on its test split, by name."""
        with told(self.uri):
            data = self.client.get_run(version.run).data
        told_as = {tag.removeprefix(NAMES): name for tag, name in data.tags.items() if tag.startswith(NAMES)}
        metrics = {told_as.get(name, name): value for name, value in data.metrics.items()}
        measured = {name.removeprefix(TEST): metrics[name] for name in sorted(metrics) if TEST in name[:5]}
        return {told_as.get(name, name): value for name, value in sorted(data.params.items())}, measured

    def _aliases(self, name: str) -> dict[str, str]:
        """The number of the version by alias; what MLflow says of many versions leaves them out."""
        return {
            alias: str(number) for alias, number in self.client.get_registered_model(name).aliases.items()
        }


def find(versions: Sequence[Version], what: str) -> Version:
    """The version of that number, alias or digest (8 digits or more of it); RegistryError where none is."""
    named = [each for each in versions if what in {str(each.number), each.digest, *each.aliases}]
    begun = [each for each in versions if len(what) >= _SHORTEST and each.digest.startswith(what.lower())]
    found = named or begun
    if len({each.digest for each in found}) == 1 and len({each.name for each in found}) == 1:
        return found[0]
    if found:
        several, names = ", ".join(str(each) for each in found), sorted({each.name for each in found})
        fix = " or ".join(f"--name {name}" for name in names) if names[1:] else "more digits of the digest"
        raise RegistryError(f"{what!r} may be {several}: give {fix}")
    if not versions:
        raise RegistryError(
            f"no model {what!r}: none is registered here; `pylib run` trains and registers one"
        )
    there = ", ".join(sorted({each.name for each in versions}))
    if what in _WITHOUT:
        raise RegistryError(f"no version of {there} is {what}: {_WITHOUT[what]}; `pylib models list` has all")
    raise RegistryError(
        f"no model {what!r} is registered among the versions of {there}: give a number, `champion`, "
        f"`canary`, `candidate`, or at least {_SHORTEST} digits of a digest; `pylib models list` has them"
    )


_SHORTEST = 8
_WITHOUT = {
    CHAMPION: "no commit serves one",
    CANARY: "no commit has one beside the champion",
    CANDIDATE: "what was registered last has been released, so it goes by its number",
}
"""Why no version has an alias."""


@contextmanager
def told(uri: str) -> Iterator[None]:
    """Raise RegistryError, one line, for whatever MLflow, its database or the way there says."""
    try:
        yield
    except RegistryError:
        raise
    except Exception as error:  # MLflow's, SQLAlchemy's, those of requests
        raise RegistryError(f"MLflow at {uri}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The sentence of an error, without the SQL and the links that follow it."""
    said = one_line(error, 1000).partition("[SQL")[0].partition("(Background on this error")[0].strip()
    hint = "; make it writable" if "readonly database" in said else ""
    return f"{said[:200]}{hint}"


def _pages(page: Any) -> list[Any]:
    found, token = [], None
    while True:
        got = page(token)
        found += got
        token = got.token
        if not token:
            return found


def _quoted(name: str) -> str:
    return name.replace("'", "")  # which no pipeline's name holds, and MLflow has no way to write


def _version(found: Any, aliases: Mapping[str, str]) -> Version:
    facts: dict[str, Any] = {field: found.tags.get(_TAG + field, "") for field in _FIELDS}
    facts["removed"] = bool(facts["removed"])
    return Version(
        name=found.name,
        number=int(found.version),
        registered=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
        aliases=tuple(sorted(alias for alias, number in aliases.items() if number == str(found.version))),
        run=found.run_id or "",
        source=found.source or "",
        **facts,
    )
