"""Starts Seldon's own microservice server for our predictor, on a cluster and on a laptop alike.

`seldon-core-microservice` 1.17.1 lacks five things, which this adds around its `main`, unchanged else: it
binds every interface (here: `--host`, loopback unless told); it reads a pod's annotations in one place alone
(here: `--annotations`, by default that place, where the operator mounts them); on SIGTERM it cuts gRPC's
calls and leaves processes behind (`processes`); it counts the reward of feedback before anybody has looked at
it; and a model that cannot be loaded ends in tracebacks of all
workers, not in a line.

    python -m pylib.serving.protocols.seldon.microservice --host 0.0.0.0     # what the image runs
"""

import argparse
import multiprocessing
import sys
from typing import Any

import grpc
from gunicorn.workers.sync import SyncWorker
from seldon_core import gunicorn_utils, microservice, seldon_methods
from seldon_core.flask_utils import SeldonMicroserviceException

from pylib.errors import PylibError
from pylib.serving.protocols.seldon import processes

PREDICTOR = "pylib.serving.protocols.seldon.predictor.Predictor"
_ANY = "0.0.0.0"  # noqa: S104  (what Seldon writes, to be replaced)


def main() -> None:
    """Run the server until SIGTERM or SIGINT; other arguments and the environment are Seldon's."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--annotations", default=microservice.ANNOTATIONS_FILE)
    options, arguments = parser.parse_known_args()
    sys.argv[1:] = [PREDICTOR, "--service-type", "MODEL", *arguments]
    microservice.ANNOTATIONS_FILE = options.annotations
    processes.hold_signals()
    _bind_http(options.host)
    _bind_grpc(options.host)
    _try_model_first()
    _finish_calls()
    _count_feedback_that_is_kept()
    try:
        microservice.main()
    except PylibError as error:
        sys.exit(f"error: {error}")
    except SeldonMicroserviceException as error:
        sys.exit(f"error: {error.message}")


def _bind_http(host: str) -> None:
    """Let both HTTP servers, predictions and metrics, bind to `host`, and kill no call before its time."""
    load_config = gunicorn_utils.StandaloneApplication.load_config

    def load_config_for_host(application: Any) -> None:
        application.options["bind"] = application.options["bind"].replace(_ANY, host)
        application.options["graceful_timeout"] = processes.GRACE
        load_config(application)

    gunicorn_utils.StandaloneApplication.load_config = load_config_for_host


def _bind_grpc(host: str) -> None:
    """Let the gRPC workers bind to `host`, and end with the process that started them."""
    run = microservice._run_grpc_server  # noqa: SLF001

    def run_for_host(model: Any, metrics: Any, args: Any, annotations: Any, address: str) -> None:
        processes.end_with_parent()
        run(model, metrics, args, annotations, address.replace(_ANY, host))

    microservice._run_grpc_server = run_for_host  # noqa: SLF001


def _try_model_first() -> None:
    """Load the model once in a process of its own before any server starts.

    Not in this one: onnxruntime's sessions do not survive the fork that makes the workers.
    """
    make = microservice._make_rest_server_prod  # noqa: SLF001

    def make_after_trial(model: Any, *args: Any, **kwargs: Any) -> Any:
        trial = multiprocessing.Process(target=_load_or_say_why, args=(model,))
        trial.start()
        trial.join()
        if trial.exitcode:
            sys.exit(1)
        return make(model, *args, **kwargs)

    microservice._make_rest_server_prod = make_after_trial  # noqa: SLF001


def _load_or_say_why(model: Any) -> None:
    try:
        model.load()
    except PylibError as error:
        sys.exit(f"error: {error}")


def _finish_calls() -> None:
    """Let REST and gRPC answer the calls that they accepted before they end."""
    run = SyncWorker.run

    def run_and_answer_queue(worker: SyncWorker) -> None:
        run(worker)
        processes.answer_queue(worker)

    SyncWorker.run = run_and_answer_queue
    make = grpc.server

    def make_that_clients_leave(*args: Any, options: list[tuple[str, int]], **kwargs: Any) -> grpc.Server:
        age = ("grpc.max_connection_age_ms", 1000 * processes.CONNECTION_AGE)
        return make(*args, options=[*options, age], **kwargs)

    grpc.server = make_that_clients_leave
    microservice._wait_forever = processes.wait_and_finish  # noqa: SLF001
    microservice.start_servers = processes.serve


def _count_feedback_that_is_kept() -> None:
    """Count the reward of feedback once the model took it: what is refused says nothing of the model."""

    def send_feedback(model: Any, request: Any, _unit: str, metrics: Any) -> Any:
        answer = model.send_feedback_raw(request)  # over REST it raises what it refuses
        if answer.status.status != answer.status.FAILURE:
            metrics.update_reward(request.reward)
        return answer

    seldon_methods.send_feedback = send_feedback


if __name__ == "__main__":
    main()
