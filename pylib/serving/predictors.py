"""All predictors of a deployment on this machine: one server, or one for each behind one address.

The address goes on while what is behind it changes: what Git names now is started, requests go there, and
then the former servers end.
"""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from pylib.errors import ServingError
from pylib.serving import local, split
from pylib.serving.deployment import HTTP_PORT, PredictorSpec, SeldonDeployment
from pylib.serving.local import Ports, Server
from pylib.serving.split import Backend

_FRONT = "pylib.serving.split_server"
_SETTLE = 0.5
"""Seconds after which no request is on its way to a server that the table no longer has."""


class Given(NamedTuple):
    """What every server is started with; see `local.start`."""

    artifacts: str
    workers: int | None = None
    predictions: str | Path | None = None
    timeout: float = 60
    inbox: str = ""


def start(deployment: SeldonDeployment, given: Given, *, folder: Path, port: int = HTTP_PORT) -> Server:
    """Serve a deployment; return when it is ready. `folder` holds its state, as of `local.start`.

    Where a split runs there already, it goes over to this deployment, and no request is lost.
    Raises ServingError as `local.start` does, and where the very same runs already.
    """
    running = local.running(folder)
    if running and (now := split.read(folder / split.FILE)):
        return _changed(deployment, given, folder, running, now)
    if len(deployment.spec.predictors) == 1:
        return local.start(
            deployment,
            artifacts=given.artifacts,
            folder=folder,
            port=port,
            workers=given.workers,
            predictions=given.predictions,
            inbox=given.inbox,
            timeout=given.timeout,
        )
    local.refuse_second(folder, deployment)
    with ExitStack() as stack:
        backends = _started(deployment, given, folder, [], stack)
        split.write(folder / split.FILE, backends)
        stack.callback((folder / split.FILE).unlink)
        front = local.launch(deployment, _prepare(folder), folder=folder, port=port, timeout=given.timeout)
        stack.pop_all()
    return front


def stop(folder: Path, *, grace: float = 10) -> bool:
    """End all that runs for this folder, the address first; False if nothing did."""
    ended = [local.stop(folder, grace=grace)]
    ended += [local.stop(file.parent, grace=grace) for file in sorted(folder.glob("*/server.json"))]
    (folder / split.FILE).unlink(missing_ok=True)
    return any(ended)


def is_whole(folder: Path, server: Server) -> bool:
    """Whether the address and every server behind it run."""
    behind = split.read(folder / split.FILE)
    return local.running(folder) == server and all(local.running(Path(each.folder)) for each in behind)


def _changed(
    deployment: SeldonDeployment, given: Given, folder: Path, front: Server, now: list[Backend]
) -> Server:
    with ExitStack() as stack:
        backends = _started(deployment, given, folder, now, stack)
        if backends == now:
            name = deployment.metadata.name
            what = f"{name} runs already at {front.url} (process {front.pid}), as Git names it"
            raise ServingError(f"{what}; `pylib serve {name} --stop` ends it")
        split.write(folder / split.FILE, backends)
        stack.pop_all()
    time.sleep(_SETTLE)
    for former in {each.folder for each in now} - {each.folder for each in backends}:
        local.stop(Path(former), grace=30)
    return front


def _started(
    deployment: SeldonDeployment, given: Given, folder: Path, now: list[Backend], stack: ExitStack
) -> list[Backend]:
    """A server for each predictor, those that run already as they are; ended with the stack."""
    predictors = deployment.spec.predictors
    backends = []
    for predictor in predictors:
        place, share = folder / _named(deployment, predictor), _share(predictor, alone=len(predictors) == 1)
        there = next((each for each in now if each.folder == str(place)), None)
        if there is None or local.running(place) is None:
            server = local.start(
                deployment.alone(predictor),
                artifacts=given.artifacts,
                folder=place,
                port=0,
                workers=given.workers,
                predictions=given.predictions,
                inbox="" if predictor.shadow else given.inbox,
                timeout=given.timeout,
            )
            stack.callback(local.stop, place, grace=5)
            http = int(server.url.rpartition(":")[2])
            there = Backend(predictor.name, share, http, server.grpc_port, str(place))
        backends.append(Backend(there.name, share, there.http, there.grpc, there.folder))
    return backends


def _named(deployment: SeldonDeployment, predictor: PredictorSpec) -> str:
    """The folder of a predictor's server: another model is another server."""
    return f"{predictor.name}-{deployment.alone(predictor).parameters.get('model_digest', '')[:12]}"


def _share(predictor: PredictorSpec, *, alone: bool) -> int:
    """Per cent; of what is no shadow and says nothing, all of them."""
    return 0 if predictor.shadow and not alone else predictor.traffic or 100


def _prepare(folder: Path) -> local.Prepare:
    def prepare(ports: Ports) -> tuple[list[str], dict[str, str]]:
        http, grpc, _ = ports
        file = str((folder / split.FILE).resolve())
        return ["-m", _FRONT, file, "--http", str(http), "--grpc", str(grpc)], {}

    return prepare
