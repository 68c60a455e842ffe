"""One retraining at a time: whose turn it is stands in a Kubernetes Lease, which its holder keeps renewing.

Each write names the version that it was computed from, so of two that come at once the API server refuses one
(https://kubernetes.io/docs/concepts/architecture/leases). A holder that died is waited for as client-go does
it: until the Lease has not changed for its whole duration by our own clock, whatever times stand in it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from pylib.errors import PipelineError
from pylib.kubernetes_api import LEASES, Body, KubernetesApi, RefusedError

NAME = "retrain"
SECONDS = 60.0
"""How long a turn lasts that nobody renews."""
PASSING = {409, 429, 500, 502, 503, 504}
"""Answers after which one may ask again."""

Heard = Callable[[str], None]


class Turn:
    """A turn: taken, then renewed by a thread of its own until it is given back."""

    def __init__(self, api: KubernetesApi, namespace: str, holder: str, seconds: float = SECONDS) -> None:
        """`holder` is the name of who asks, a pod's, that nobody else has."""
        self._api, self._path, self._holder, self._seconds = api, LEASES.format(namespace), holder, seconds
        self._place = f"Lease {namespace}/{NAME}"
        self._lease: Body = {}
        self._renewed = float("-inf")
        self._seen: tuple[object, float] = (None, 0.0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def take(self, deadline: float, listen: Heard) -> None:
        """Wait for the turn until `deadline`, of time.monotonic. Raises PipelineError."""
        told = ""
        while not self._try():
            other = str(_holder(self._lease) or "nobody")
            if time.monotonic() > deadline:
                raise PipelineError(
                    f"{self._place}: still the turn of {other}; this one has waited long enough"
                )
            if other != told:
                listen(f"waiting for {other} to end")
                told = other
            time.sleep(self._seconds / 12)
        self._thread.start()

    def check(self) -> None:
        """Raises PipelineError where the turn may be another's soon: a third of its time is kept in hand."""
        if time.monotonic() - self._renewed > self._seconds * 2 / 3:
            raise PipelineError(
                f"{self._place}: lost to {_holder(self._lease)}; nothing was started, try again"
            )

    def give_back(self) -> None:
        """Let the next one have it at once; where that fails, it has it when the time is over."""
        self._ended.set()
        self._thread.join()
        if _holder(self._lease) == self._holder:
            with suppress(PipelineError):
                self._write(None)

    def _try(self) -> bool:
        try:
            self._lease = self._api.get(self._path, NAME) or self._make()
            if _holder(self._lease) not in {None, self._holder} and not self._is_stale(self._lease):
                return False
            self._write(self._holder)
        except RefusedError as error:
            if error.status not in PASSING:
                raise
            return False
        except PipelineError:
            if not self._lease:
                raise  # it has never answered
            return False
        return True

    def _make(self) -> Body:
        """The first one makes it, as nobody's; Argo CD leaves Leases out, so that none comes from Git."""
        kind = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
        namespace = self._place.removeprefix("Lease ").partition("/")[0]
        return self._api.create(self._path, {**kind, "metadata": {"name": NAME, "namespace": namespace}})

    def _is_stale(self, lease: Body) -> bool:
        """Whether nobody has renewed it for as long as it lasts, since we first saw it so."""
        version, now = lease["metadata"]["resourceVersion"], time.monotonic()
        if self._seen[0] != version:
            self._seen = (version, now)
        return now - self._seen[1] > float(lease["spec"].get("leaseDurationSeconds") or self._seconds)

    def _keep(self) -> None:
        while not self._ended.wait(self._seconds / 4):
            try:
                self._write(self._holder)
            except PipelineError:
                self._read()  # of a conflict, or unreachable for now: check() knows since when
            if _holder(self._lease) != self._holder:
                return

    def _read(self) -> None:
        with suppress(PipelineError):
            self._lease = self._api.get(self._path, NAME) or {}

    def _write(self, holder: str | None) -> None:
        """Write the Lease as it was read, held by `holder`; it is ours from before the call on."""
        before, now = time.monotonic(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        old = self._lease.get("spec") or {}
        spec: Body = {"renewTime": now, "leaseDurationSeconds": max(1, round(self._seconds))}
        spec["leaseTransitions"] = old.get("leaseTransitions", 0)
        if holder:
            spec |= {"holderIdentity": holder, "acquireTime": old.get("acquireTime", now)}
            if old.get("holderIdentity") != holder:
                spec |= {"acquireTime": now, "leaseTransitions": spec["leaseTransitions"] + 1}
        self._lease = self._api.replace(self._path, {**self._lease, "spec": spec})
        self._renewed = before


@contextmanager
def taken(
    api: KubernetesApi,
    namespace: str,
    holder: str,
    listen: Heard,
    *,
    hours: float = 24,
    seconds: float = SECONDS,
) -> Iterator[Turn]:
    """The turn, as long as the block lasts. Raises PipelineError where it was not to be had in `hours`."""
    turn = Turn(api, namespace, holder, seconds)
    turn.take(time.monotonic() + hours * 3600, listen)
    try:
        yield turn
    finally:
        turn.give_back()


def _holder(lease: Body) -> str | None:
    return (lease.get("spec") or {}).get("holderIdentity") or None
