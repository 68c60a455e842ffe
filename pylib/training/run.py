"""The training run: shards and hyper-parameters to a model folder."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import keras

from pylib.data.folders import new_folder
from pylib.data.input_pipeline import ShardReader
from pylib.data.shards import INDEX_FILE, ShardIndex
from pylib.errors import one_line
from pylib.models.spec import ModelSpec
from pylib.models.storage import WEIGHTS_FILE, save_model
from pylib.models.weights_source import Weights
from pylib.tasks import task as tasks
from pylib.training import schedules
from pylib.training.adversary import Adversary
from pylib.training.checkpoints import History, assign_arrays, read_arrays
from pylib.training.config import EPOCHS, TrainingConfig
from pylib.training.environment import Environment, prepare_environment
from pylib.training.loop import Data, Loop, OnEpoch
from pylib.training.mlflow_log import REASON, MlflowLog
from pylib.training.precision import build_optimizer, dtype_policy
from pylib.training.tracking import tensorboard
from pylib.training.train_step import TrainStep
from pylib.training.workers import choose_strategy, together

HISTORY_FILE = "history.json"
DATASET_FILE = "dataset.json"


@dataclass(frozen=True)
class TrainingResult:
    """The trained model (float32, as it is exported) and what the run was.

    score: name of the validation metric that decided, best_score: its value in best_epoch, counted from 0
    epochs: run in all; resumed_at: epochs that an earlier, killed run had done
    metrics: of validation in the best epoch, by name
    mlflow_run: the id of its record, None without one
    dismiss: lets the other workers go, once the chief has written what it makes of the model; nothing alone
    """

    model: keras.Model
    spec: ModelSpec
    score: str
    best_score: float
    best_epoch: int
    epochs: int
    resumed_at: int
    weights_sha256: str
    environment: Environment
    seconds: float
    metrics: Mapping[str, float]
    mlflow_run: str | None = None
    dismiss: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class _Plan:
    """All that decides the result of a run."""

    shards: Path
    config: TrainingConfig
    epochs: int
    spec: ModelSpec
    environment: Environment
    weights: Path | None

    @property
    def task(self) -> tasks.Task:
        return tasks.find(self.spec.task)

    @property
    def fingerprint(self) -> str:
        """A name for the checkpoint, so that only a run with the same result is resumed by it."""
        parts = (self.config.model_dump_json(), self.spec.dumps(), json.dumps(self.environment.decisive()))
        digest = hashlib.sha256("\n".join((*parts, str(self.epochs))).encode())
        digest.update((self.shards / INDEX_FILE).read_bytes())
        return digest.hexdigest()[:16]

    @property
    def hyper_parameters(self) -> dict[str, object]:
        return self.config.model_dump() | {"epochs": self.epochs}


def train(
    shards: Path,
    output: Path,
    config: TrainingConfig,
    *,
    weights: Weights = "none",
    scratch: Path,
    tracking: str | None = None,
    tags: Mapping[str, str] | None = None,
    begin: Callable[[keras.Model], None] | None = None,
    listen: OnEpoch | None = None,
) -> TrainingResult:
    """Train on the split "train", stop by "validation", write the model folder (all but model.onnx).

    shards: what `write_shards` wrote; output: a new or empty folder, complete when it appears
    weights: what the network begins with, see its `first_weights`
    scratch: checkpoints and TensorBoard logs; a killed run that is started again with the same scratch,
    inputs and configuration goes on to the same result
    tracking: URI of an MLflow store, None for none; tags: what to write beside the run there
    Among the workers of TF_CONFIG each calls this, with its own copy of the shards; it returns to the chief,
    which writes, and ends the processes of the others when the chief says so.
    begin: is given the model as it was built, to put what it is to go on from into it
    listen: is told each entry of the history, those of an earlier, killed run first
    Raises ConfigurationError, DataError or ModelError.
    """
    started = time.time()
    plan = _plan(shards, config, weights)
    data = Data(ShardReader(shards, "train"), ShardReader(shards, "validation"), plan.spec.classes)
    with together():
        model, steps = _build(plan)
    if begin:
        begin(model)
    log = MlflowLog(tracking, ShardIndex.read(shards).name) if tracking else None
    checkpoint = scratch / "checkpoints" / f"{plan.fingerprint}.npz"
    listen = listen or (lambda _: None)
    watch = _watch(scratch / "tensorboard" / plan.fingerprint, log, listen)
    loop = Loop(steps, plan.config, plan.epochs, data, checkpoint, watch, listen)
    try:
        with together():
            steps.workers.agree(plan.fingerprint)
            history = loop.run()
            if not steps.workers.is_chief:
                steps.workers.wait_for_chief()
    except Exception as error:
        if log and steps.workers.is_chief:
            failure = {REASON: one_line(error), **(tags or {})}
            log.write(_parameters(plan), loop.history, failure, started, status="FAILED")
        raise
    model = _plain(model, steps, plan)
    digest = _write(output, model, plan, history, loop.weights_sha256)
    checkpoint.unlink(missing_ok=True)
    best = schedules.best_epoch([entry[loop.score] for entry in history])
    labels = {"model_folder": str(output), "weights_sha256": digest, "best_epoch": str(best), **(tags or {})}
    return TrainingResult(
        model=model,
        spec=plan.spec,
        score=loop.score,
        best_score=history[best][loop.score],
        best_epoch=best,
        epochs=len(history),
        resumed_at=loop.resumed_at,
        weights_sha256=digest,
        environment=plan.environment,
        seconds=time.time() - started,
        metrics=history[best],
        mlflow_run=log.write(_parameters(plan), history, labels, started) if log else None,
        dismiss=steps.workers.dismiss,
    )


def _plan(shards: Path, config: TrainingConfig, weights: Weights) -> _Plan:
    environment, index = prepare_environment(config), ShardIndex.read(shards)
    network = tasks.find(index.task).network
    file, origin = network.first_weights(weights, config)
    return _Plan(
        shards=shards,
        config=config,
        epochs=config.epochs or EPOCHS[file is not None],
        spec=network.spec(config, index, origin),
        environment=environment,
        weights=file,
    )


def _build(plan: _Plan) -> tuple[keras.Model, TrainStep]:
    strategy, policy, network = choose_strategy(), plan.environment.policy, plan.task.network
    with strategy.scope(), dtype_policy(policy):
        model = network.build(plan.spec, plan.weights)
        multipliers = network.lr_multipliers(model, plan.spec, plan.config)
        optimizer = build_optimizer(policy, model.trainable_variables, plan.config.weight_decay, multipliers)
        part, objective = network.trained_part(model), plan.task.objective
        eps = plan.config.adversarial_eps
        adversary = Adversary(part, objective, eps, plan.config.seed) if eps else None
    return model, TrainStep(part, objective, optimizer, strategy, adversary)


def _watch(folder: Path, log: MlflowLog | None, listen: OnEpoch) -> OnEpoch:
    write = tensorboard(folder)

    def on_epoch(entry: dict[str, float]) -> None:
        write(entry)
        listen(entry)
        if log:
            log.open()  # only now: TensorFlow's tracing before the first epoch needs Python for itself

    return on_epoch


def _plain(model: keras.Model, steps: TrainStep, plan: _Plan) -> keras.Model:
    """Return the model as it is stored and served; mixed precision and replicas are for training only."""
    if plan.environment.policy == "float32" and steps.strategy.num_replicas_in_sync == 1:
        return model
    plain = plan.task.network.build(plan.spec, None)
    assign_arrays(plain.variables, read_arrays(model.variables))
    return plain


def _write(output: Path, model: keras.Model, plan: _Plan, history: History, weights_sha256: list[str]) -> str:
    """Write the model folder; return the SHA-256 of its weights file."""
    record = {
        "config": plan.hyper_parameters,
        "environment": asdict(plan.environment),
        "epochs": history,
        "weights_sha256": weights_sha256,
    }
    with new_folder(output) as folder:
        save_model(model, plan.spec, folder)
        (folder / HISTORY_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        shutil.copyfile(plan.shards / INDEX_FILE, folder / DATASET_FILE)
        return hashlib.sha256((folder / WEIGHTS_FILE).read_bytes()).hexdigest()


def _parameters(plan: _Plan) -> dict[str, object]:
    """Return what MLflow shows beside a run."""
    origin = plan.spec.weights
    return plan.hyper_parameters | asdict(plan.environment) | {"weights": origin.sha256 or origin.origin}
