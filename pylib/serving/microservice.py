"""Starts Seldon's own microservice server for our predictor, on a cluster and on a laptop alike.

`seldon-core-microservice` 1.17.1 lacks three things, which this adds around its `main`, unchanged otherwise:
it binds every interface (here: `--host`, loopback unless told); on SIGTERM its gRPC processes stay, so that a
pod is killed after its grace period and a laptop keeps orphans; and a model that cannot be loaded ends in
tracebacks of all workers, not in a line.

    python -m pylib.serving.microservice --host 0.0.0.0     # what the image runs
"""

import argparse
import atexit
import multiprocessing
import os
import sys
import threading
from typing import Any

from seldon_core import gunicorn_utils, microservice
from seldon_core.flask_utils import SeldonMicroserviceException

from pylib.errors import PylibError

PREDICTOR = "pylib.serving.predictor.Predictor"
_ANY = "0.0.0.0"  # noqa: S104  (what Seldon writes, to be replaced)


def main() -> None:
    """Run the server until SIGTERM or SIGINT; other arguments and the environment are Seldon's."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1")
    options, arguments = parser.parse_known_args()
    sys.argv[1:] = [PREDICTOR, "--service-type", "MODEL", *arguments]
    _bind_http(options.host)
    _bind_grpc(options.host)
    _try_model_first()
    atexit.register(_end_children, os.getpid())
    try:
        microservice.main()
    except PylibError as error:
        sys.exit(f"error: {error}")
    except SeldonMicroserviceException as error:
        sys.exit(f"error: {error.message}")


def _bind_http(host: str) -> None:
    """Let both HTTP servers, predictions and metrics, bind to `host`."""
    load_config = gunicorn_utils.StandaloneApplication.load_config

    def load_config_for_host(application: Any) -> None:
        application.options["bind"] = application.options["bind"].replace(_ANY, host)
        load_config(application)

    gunicorn_utils.StandaloneApplication.load_config = load_config_for_host


def _bind_grpc(host: str) -> None:
    """Let the gRPC workers bind to `host`, and end with the process that started them."""
    run = microservice._run_grpc_server  # noqa: SLF001

    def run_for_host(model: Any, metrics: Any, args: Any, annotations: Any, address: str) -> None:
        threading.Thread(target=_end_with_parent, daemon=True).start()
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


def _end_children(owner: int) -> None:
    """End gRPC and metrics with the process that started them (gunicorn's workers come by here as well)."""
    if os.getpid() == owner:
        for child in multiprocessing.active_children():
            child.terminate()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


if __name__ == "__main__":
    main()
