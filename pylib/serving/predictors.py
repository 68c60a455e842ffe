"""All predictors of a deployment on this machine: one server, or one for each behind one address.

The address goes on while what is behind it changes: what Git names now is started, requests go there, and
then the former servers end. A server that is alone has no address before it: the first change puts one there,
at its ports, once what comes is ready; connections are refused from its end until then, and from then on not.
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

    Where servers of the same name run already, they go over to this deployment at the address that they have;
    those that serve just this are returned as they are. No request is lost where a split runs there; before a
    single server, new connections are refused for the moment in which the address is put there.
    Raises ServingError as `local.start` and `is_as_named` do.
    """
    running = local.running(folder)
    if running is None and split.read(folder / split.FILE):
        stop(folder)  # what was left of a split whose address was killed
    if running and is_as_named(deployment, folder, running):
        return running
    if running and (now := split.read(folder / split.FILE)):
        return _changed(deployment, given, folder, running, now)
    if len(deployment.spec.predictors) == 1 and running is None:
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
    if running is None:
        local.refuse_second(folder, deployment)
    return _behind_an_address(deployment, given, folder, port, running)


def is_as_named(deployment: SeldonDeployment, folder: Path, server: Server) -> bool:
    """Whether the server that runs there serves the models that the deployment names, in their shares.

    Raises ServingError where a server that is alone does not answer: what it serves is unknown then.
    """
    predictors = deployment.spec.predictors
    wanted = {
        (_named(deployment, each), _share(each, alone=len(predictors) == 1)): each for each in predictors
    }
    behind = split.read(folder / split.FILE)
    if behind:
        found = {(Path(each.folder).name, each.traffic) for each in behind}
        return found == wanted.keys() and is_whole(folder, server)
    name, told = deployment.metadata.name, local.served(server)
    if told is None:
        raise ServingError(
            f"{name} at {server.url} (process {server.pid}) does not answer: it starts still, is too busy or "
            f"hangs; its log is {server.log}; ask again, or end it with `pylib serve {name} --stop`"
        )
    return len(predictors) == 1 and told != "" and told == deployment.parameters.get("model_digest")


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


def _behind_an_address(
    deployment: SeldonDeployment, given: Given, folder: Path, port: int, former: Server | None
) -> Server:
    """Start the predictors, and an address before them: that of a former server, which ends for it."""
    with ExitStack() as stack:
        backends = _started(deployment, given, folder, [], stack)
        split.write(folder / split.FILE, backends)
        stack.callback((folder / split.FILE).unlink)
        if former:
            local.stop(folder, grace=30)
        front = local.launch(
            deployment,
            _prepare(folder),
            folder=folder,
            port=_port(former.url) if former else port,
            grpc_port=former.grpc_port if former else 0,
            timeout=given.timeout,
        )
        stack.pop_all()
    return front


def _changed(
    deployment: SeldonDeployment, given: Given, folder: Path, front: Server, now: list[Backend]
) -> Server:
    with ExitStack() as stack:
        backends = _started(deployment, given, folder, now, stack)
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
            there = Backend(predictor.name, share, _port(server.url), server.grpc_port, str(place))
        backends.append(Backend(there.name, share, there.http, there.grpc, there.folder))
    return backends


def _named(deployment: SeldonDeployment, predictor: PredictorSpec) -> str:
    """The folder of a predictor's server: another model is another server."""
    return f"{predictor.name}-{deployment.alone(predictor).parameters.get('model_digest', '')[:12]}"


def _share(predictor: PredictorSpec, *, alone: bool) -> int:
    """Per cent; of what is no shadow and says nothing, all of them."""
    return 0 if predictor.shadow and not alone else predictor.traffic or 100


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def _prepare(folder: Path) -> local.Prepare:
    def prepare(ports: Ports) -> tuple[list[str], dict[str, str]]:
        http, grpc, _ = ports
        file = str((folder / split.FILE).resolve())
        return ["-m", _FRONT, file, "--http", str(http), "--grpc", str(grpc)], {}

    return prepare
