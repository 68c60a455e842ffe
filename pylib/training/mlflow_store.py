"""MLflow's store: which one it is, opened in seconds or not at all, and its experiments by name."""

import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


def tracking_uri(folder: Path) -> str:
    """Return `MLFLOW_TRACKING_URI` where it is set, else SQLite in this folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{folder.resolve() / 'mlflow.db'}"


def connect(uri: str) -> "MlflowClient":
    """Open the store at that URI, made where it is SQLite that is not there; raises whatever MLflow does."""
    # A server that is down should be noticed in seconds; MLflow's own default tries for minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    for noisy in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if (database := database_file(uri)) and not database.exists():
        _make(database)
    return _opened(uri)


def _make(database: Path) -> None:
    """Make it where nobody looks, and give it its name when it is whole.

    MLflow makes it in many steps: two who do that at once, or one who is killed, leave what opens no more.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{database.name}.", dir=database.parent) as folder:
        made, whole = Path(folder) / "made.db", Path(folder) / "whole.db"
        _opened(f"sqlite:///{made.absolute()}")
        shutil.copyfile(made, whole)  # the first one stays open in this process
        try:
            database.hardlink_to(whole)
        except FileExistsError:
            pass  # somebody was faster
        except OSError:  # a file system without links: two at once are not told apart there
            whole.replace(database)


def _opened(uri: str) -> "MlflowClient":
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    client.search_experiments(max_results=1)
    return client


def experiment_id(client: "MlflowClient", name: str, uri: str) -> str:
    """The experiment of that name: made where there is none, brought back where it was deleted.

    The artifacts of one that is made in SQLite lie beside it; MLflow would put them where it was called from.
    """
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name, artifact_location=_artifacts(uri)))
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _artifacts(uri: str) -> str | None:
    if not (database := database_file(uri)):
        return None
    return (database.parent / "mlflow-artifacts").absolute().as_uri()


def database_file(uri: str) -> Path | None:
    """The file of a store in SQLite; None for any other store."""
    if not uri.startswith("sqlite:///"):
        return None
    path = uri.removeprefix("sqlite:///").partition("?")[0]
    return Path(path.removeprefix("file:"))
