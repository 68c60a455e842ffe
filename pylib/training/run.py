"""The training run: shards and hyper-parameters to a model folder."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from pydantic import ValidationError

from pylib.data.folders import new_folder
from pylib.data.pipeline import ShardReader
from pylib.data.shards import INDEX_FILE, ShardIndex
from pylib.errors import ConfigurationError
from pylib.models.encoders import Weights, find_weights
from pylib.models.spec import ModelSpec, WeightsOrigin
from pylib.models.storage import WEIGHTS_FILE, save_model
from pylib.models.unet import build_unet, logits_of
from pylib.training import schedules
from pylib.training.checkpoints import History, assign_arrays, read_arrays
from pylib.training.config import TrainingConfig, one_line
from pylib.training.determinism import make_deterministic, pin_threads
from pylib.training.loop import SCORE, Data, Loop
from pylib.training.precision import Policy, build_optimizer, choose_policy, dtype_policy
from pylib.training.steps import Steps, choose_strategy
from pylib.training.tracking import MlflowLog, tensorboard

HISTORY_FILE = "history.json"
DATASET_FILE = "dataset.json"


@dataclass(frozen=True)
class Environment:
    """What a result depends on beside inputs and hyper-parameters, recorded in history.json."""

    tensorflow: str
    keras: str
    onednn: bool
    threads: int
    devices: list[str]
    policy: Policy


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
    mlflow_run: str | None


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
    environment = _prepare(config)
    index = ShardIndex.read(shards)
    file, origin = find_weights(weights, config.encoder, config.alpha)
    spec = _spec(config, index, origin)
    data = Data(ShardReader(shards, "train"), ShardReader(shards, "validation"), spec.classes)
    model, steps = _build(spec, config, file, environment.policy)
    checkpoint = scratch / "checkpoints" / f"{_fingerprint(config, spec, environment, shards)}.npz"
    log = MlflowLog(tracking, index.name) if tracking else None
    loop = Loop(steps, config, data, checkpoint, _watchers(scratch / "tensorboard" / checkpoint.stem, log))
    history = loop.run()
    model = _float32(model, spec, environment.policy)
    digest = _write(output, model, spec, shards, _record(config, environment, history))
    checkpoint.unlink(missing_ok=True)
    best = schedules.best_epoch([entry[SCORE] for entry in history])
    labels = {"model_folder": str(output), "weights_sha256": digest, **(tags or {})}
    params = config.model_dump() | {"weights": origin.origin, "best_epoch": best} | asdict(environment)
    return TrainingResult(
        model=model,
        spec=spec,
        best_mean_iou=history[best][SCORE],
        best_epoch=best,
        epochs=len(history),
        resumed_at=loop.resumed_at,
        weights_sha256=digest,
        environment=environment,
        seconds=time.time() - started,
        mlflow_run=log.write(params, history, labels, started) if log else None,
    )


def _prepare(config: TrainingConfig) -> Environment:
    """Set the process up, before TensorFlow's first operation."""
    threads = pin_threads(config.threads)
    make_deterministic(config.seed, deterministic=config.deterministic)
    return Environment(
        tensorflow=tf.__version__,
        keras=version("keras"),
        onednn=os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "1",
        threads=threads,
        devices=sorted(device.device_type for device in tf.config.list_logical_devices()),
        policy=choose_policy(config.mixed_precision),
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


def _build(
    spec: ModelSpec, config: TrainingConfig, file: Path | None, policy: Policy
) -> tuple[keras.Model, Steps]:
    strategy = choose_strategy()
    with strategy.scope(), dtype_policy(policy):
        model = build_unet(spec, file)
        optimizer = build_optimizer(
            policy,
            model.trainable_variables,
            config.weight_decay,
            slow=_pretrained(model, spec),
            factor=config.encoder_rate,
        )
    return model, Steps(logits_of(model), optimizer, strategy)


def _pretrained(model: keras.Model, spec: ModelSpec) -> list[keras.Variable]:
    has_weights = spec.weights.origin != "none"
    return model.get_layer("encoder").trainable_variables if has_weights else []


def _watchers(folder: Path, log: MlflowLog | None) -> Callable[[dict[str, float]], None]:
    write = tensorboard(folder)

    def on_epoch(entry: dict[str, float]) -> None:
        write(entry)
        if log:
            log.open()  # only now: TensorFlow's tracing before the first epoch needs Python for itself

    return on_epoch


def _fingerprint(config: TrainingConfig, spec: ModelSpec, environment: Environment, shards: Path) -> str:
    """Name what a checkpoint may be resumed by: same inputs, hyper-parameters and environment."""
    parts = (config.model_dump_json(), spec.dumps(), json.dumps(asdict(environment), sort_keys=True))
    digest = hashlib.sha256("\n".join(parts).encode())
    digest.update((shards / INDEX_FILE).read_bytes())
    return digest.hexdigest()[:16]


def _float32(model: keras.Model, spec: ModelSpec, policy: Policy) -> keras.Model:
    """Return the model as it is stored and served; mixed precision is for training only."""
    if policy == "float32":
        return model
    plain = build_unet(spec)
    assign_arrays(plain.variables, read_arrays(model.variables))
    return plain


def _record(config: TrainingConfig, environment: Environment, history: History) -> dict[str, Any]:
    return {"config": config.model_dump(), "environment": asdict(environment), "epochs": history}


def _write(output: Path, model: keras.Model, spec: ModelSpec, shards: Path, record: dict[str, Any]) -> str:
    with new_folder(output) as folder:
        save_model(model, spec, folder)
        (folder / HISTORY_FILE).write_text(json.dumps(record, indent=2) + "\n")
        shutil.copyfile(shards / INDEX_FILE, folder / DATASET_FILE)
        return hashlib.sha256((folder / WEIGHTS_FILE).read_bytes()).hexdigest()
