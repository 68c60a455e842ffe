"""The training run: shards and hyper-parameters to a model folder."""

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
from pydantic import ValidationError

from pylib.data.folders import new_folder
from pylib.data.input_pipeline import ShardReader
from pylib.data.shards import INDEX_FILE, ShardIndex
from pylib.errors import ConfigurationError
from pylib.models.encoders import find_weights
from pylib.models.spec import ModelSpec, WeightsOrigin
from pylib.models.storage import WEIGHTS_FILE, save_model
from pylib.models.unet import build_unet, logits_of
from pylib.models.weights_source import Weights
from pylib.training import schedules
from pylib.training.checkpoints import History, assign_arrays, read_arrays
from pylib.training.config import EPOCHS, TrainingConfig, one_line
from pylib.training.environment import Environment, prepare_environment
from pylib.training.loop import SCORE, Data, Loop, OnEpoch
from pylib.training.precision import Policy, build_optimizer, dtype_policy
from pylib.training.tracking import MlflowLog, tensorboard
from pylib.training.train_step import TrainStep, choose_strategy

HISTORY_FILE = "history.json"
DATASET_FILE = "dataset.json"


@dataclass(frozen=True)
class TrainingResult:
    """The trained model (float32, probabilities; see `build_unet`) and what the run was.

    best_mean_iou: on validation, in [0,1]; epochs: run in all, best_epoch from 0; resumed_at: epochs that an
    earlier, killed run had done; mlflow_run: the id of its record, None without one.
    """

    model: keras.Model
    spec: ModelSpec
    best_mean_iou: float
    best_epoch: int
    epochs: int
    resumed_at: int
    weights_sha256: str
    environment: Environment
    seconds: float
    mlflow_run: str | None = None


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
    def fingerprint(self) -> str:
        """A name for the checkpoint, so that only a run with the same result is resumed by it."""
        parts = (self.config.model_dump_json(), self.spec.dumps(), json.dumps(asdict(self.environment)))
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
) -> TrainingResult:
    """Train on the split "train", stop by "validation", write the model folder (all but model.onnx).

    shards: what `write_shards` wrote; output: a new or empty folder, complete when it appears
    weights: of the encoder, see `find_weights`; scratch: checkpoints and TensorBoard logs; a killed run that
    is started again with the same scratch, inputs and configuration goes on to the same result
    tracking: URI of an MLflow store, None for none; tags: what to write beside the run there
    Raises ConfigurationError, DataError or ModelError.
    """
    started = time.time()
    plan = _plan(shards, config, weights)
    data = Data(ShardReader(shards, "train"), ShardReader(shards, "validation"), plan.spec.classes)
    model, steps = _build(plan)
    log = MlflowLog(tracking, ShardIndex.read(shards).name) if tracking else None
    checkpoint = scratch / "checkpoints" / f"{plan.fingerprint}.npz"
    watch = _watch(scratch / "tensorboard" / plan.fingerprint, log)
    loop = Loop(steps, plan.config, plan.epochs, data, checkpoint, watch)
    history = loop.run()
    model = _float32(model, plan.spec, plan.environment.policy)
    digest = _write(output, model, plan, history)
    checkpoint.unlink(missing_ok=True)
    best = schedules.best_epoch([entry[SCORE] for entry in history])
    labels = {"model_folder": str(output), "weights_sha256": digest, "best_epoch": str(best), **(tags or {})}
    return TrainingResult(
        model=model,
        spec=plan.spec,
        best_mean_iou=history[best][SCORE],
        best_epoch=best,
        epochs=len(history),
        resumed_at=loop.resumed_at,
        weights_sha256=digest,
        environment=plan.environment,
        seconds=time.time() - started,
        mlflow_run=log.write(_parameters(plan), history, labels, started) if log else None,
    )


def _plan(shards: Path, config: TrainingConfig, weights: Weights) -> _Plan:
    environment = prepare_environment(config)
    file, origin = find_weights(weights, config.encoder, config.alpha)
    return _Plan(
        shards=shards,
        config=config,
        epochs=config.epochs or EPOCHS[file is not None],
        spec=_spec(config, ShardIndex.read(shards), origin),
        environment=environment,
        weights=file,
    )


def _spec(config: TrainingConfig, index: ShardIndex, origin: WeightsOrigin) -> ModelSpec:
    try:
        return ModelSpec(
            encoder=config.encoder,
            alpha=config.alpha,
            frozen=config.frozen,
            filters=config.filters,
            dropout=config.dropout,
            image_size=index.image_size,
            classes=tuple(index.classes),
            weights=origin,
        )
    except ValidationError as error:
        raise ConfigurationError(f"model: {one_line(error)}") from error


def _build(plan: _Plan) -> tuple[keras.Model, TrainStep]:
    strategy, policy = choose_strategy(), plan.environment.policy
    with strategy.scope(), dtype_policy(policy):
        model = build_unet(plan.spec, plan.weights)
        optimizer = build_optimizer(
            policy,
            model.trainable_variables,
            plan.config.weight_decay,
            slow=model.get_layer("encoder").trainable_variables if plan.weights else [],
            factor=plan.config.encoder_lr_multiplier,
        )
    return model, TrainStep(logits_of(model), optimizer, strategy)


def _watch(folder: Path, log: MlflowLog | None) -> OnEpoch:
    write = tensorboard(folder)

    def on_epoch(entry: dict[str, float]) -> None:
        write(entry)
        if log:
            log.open()  # only now: TensorFlow's tracing before the first epoch needs Python for itself

    return on_epoch


def _float32(model: keras.Model, spec: ModelSpec, policy: Policy) -> keras.Model:
    """Return the model as it is stored and served; mixed precision is for training only."""
    if policy == "float32":
        return model
    plain = build_unet(spec)
    assign_arrays(plain.variables, read_arrays(model.variables))
    return plain


def _write(output: Path, model: keras.Model, plan: _Plan, history: History) -> str:
    """Write the model folder; return the SHA-256 of its weights."""
    record = {
        "config": plan.hyper_parameters,
        "environment": asdict(plan.environment),
        "epochs": history,
    }
    with new_folder(output) as folder:
        save_model(model, plan.spec, folder)
        (folder / HISTORY_FILE).write_text(json.dumps(record, indent=2) + "\n")
        shutil.copyfile(plan.shards / INDEX_FILE, folder / DATASET_FILE)
        return hashlib.sha256((folder / WEIGHTS_FILE).read_bytes()).hexdigest()


def _parameters(plan: _Plan) -> dict[str, object]:
    """Return what MLflow shows beside a run."""
    origin = plan.spec.weights
    return plan.hyper_parameters | asdict(plan.environment) | {"weights": origin.sha256 or origin.origin}
