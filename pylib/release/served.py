"""What Git says is served under a name: the champion, and a canary or a shadow beside it."""

from dataclasses import dataclass

from pylib.errors import ReleaseError

PARAMETERS = ("model_digest", "data_commit", "git_commit")
ANNOTATIONS = ("model-digest", "data-commit", "git-commit", "gate")
PREFIX = "pylib/"
CANARY, SHADOW = "canary", "shadow"
"""The name of the second predictor: its server is told it, and so is the log of answers."""
MOST = 50
"""Per cent of the requests that a canary may get: who answers more is the champion."""


@dataclass(frozen=True)
class Values:
    """What a release writes of a model; all empty before the first one.

    digest: SHA-256 of model.onnx; data_commit: repository@commit; git_commit: the code that trained it;
    gate: its checks in one line.
    """

    digest: str = ""
    data_commit: str = ""
    git_commit: str = ""
    gate: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """Return the graph's parameters, which the predictor gets."""
        return dict(zip(PARAMETERS, (self.digest, self.data_commit, self.git_commit), strict=True))

    @property
    def annotations(self) -> dict[str, str]:
        """Return the deployment's annotations, which people read with kubectl."""
        values = (self.digest, self.data_commit, self.git_commit, self.gate)
        return {PREFIX + name: value for name, value in zip(ANNOTATIONS, values, strict=True)}


@dataclass(frozen=True)
class Canary:
    """A model that stands beside the champion.

    traffic: per cent of the requests that it answers, 1 to 50; 0 is a shadow, which gets a copy of all of
    them and whose answers nobody sees
    """

    values: Values
    traffic: int

    @property
    def is_shadow(self) -> bool:
        """Whether its answers are thrown away."""
        return self.traffic == 0

    @property
    def name(self) -> str:
        """The name of its predictor, `canary` or `shadow`."""
        return SHADOW if self.is_shadow else CANARY

    def __str__(self) -> str:
        """Read like `canary 991fa0ba4b72 (10 % of requests)`."""
        how = "a copy of all requests" if self.is_shadow else f"{self.traffic} % of requests"
        return f"{self.name} {self.values.digest[:12]} ({how})"


@dataclass(frozen=True)
class Served:
    """All that is served under a name: the champion's values, and what stands beside it."""

    values: Values
    canary: Canary | None = None

    @property
    def models(self) -> tuple[str, str, int]:
        """The two digests and the canary's share: what makes another commit of it."""
        beside = self.canary
        return (self.values.digest, beside.values.digest if beside else "", beside.traffic if beside else -1)

    @property
    def digests(self) -> list[str]:
        """The digests of the models that are served, the champion's first."""
        return [digest for digest in self.models[:2] if digest]

    def released(self, name: str, values: Values, traffic: int | None) -> "Served":
        """What is served once a model is released to `traffic` per cent; 0 as a shadow, None to all.

        Released to all, what stands as canary is the champion from then on, alone.
        Raises ReleaseError where another canary stands, or there is nothing to stand beside.
        """
        beside = self.canary
        if values.digest == self.values.digest and traffic is None:
            return self
        if beside and beside.values.digest != values.digest:
            raise ReleaseError(
                f"{name} has a {beside}: first `pylib models promote canary --name {name}`, or "
                f"`pylib models abandon {name}`; then release {values.digest[:12]}"
            )
        if traffic is None:
            return Served(values)
        _check(name, self.values, values, traffic)
        return Served(self.values, Canary(values, traffic))

    def check_standing(self, name: str, digest: str) -> None:
        """Raise ReleaseError where that model neither stands beside the champion nor was promoted since."""
        if digest not in self.digests:
            raise ReleaseError(
                f"{digest[:12]} does not stand beside what {name} serves any more, so is not promoted: it "
                f"was abandoned; `pylib models promote {digest[:12]}` releases it all the same"
            )

    def abandoned(self, name: str) -> "Served":
        """The champion alone; raises ReleaseError where it is."""
        if self.canary is None:
            raise ReleaseError(f"{name} has no canary and no shadow, so there is nothing to abandon")
        return Served(self.values)


def _check(name: str, champion: Values, values: Values, traffic: int) -> None:
    if not 0 <= traffic <= MOST:
        raise ReleaseError(
            f"a canary gets 1 to {MOST} % of the requests, not {traffic}: give less, or release it to all"
        )
    if not champion.digest:
        raise ReleaseError(
            f"{name} has no released model that {values.digest[:12]} could stand beside: release it to all"
        )
    if values.digest == champion.digest:
        raise ReleaseError(f"{values.digest[:12]} is what {name} serves already: a canary is another model")
