"""The epochs of a training run: resumes from its checkpoint, stops early, ends with the best weights."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from pylib.data.input_pipeline import ShardReader, Share
from pylib.errors import ModelError
from pylib.metric_names import title
from pylib.models.storage import weights_sha256
from pylib.training import schedules
from pylib.training.checkpoints import (
    Arrays,
    Checkpoint,
    History,
    assign_arrays,
    parse_checkpoint,
    read_arrays,
    read_checkpoint,
    save_checkpoint,
)
from pylib.training.config import TrainingConfig
from pylib.training.train_step import TrainStep

OnEpoch = Callable[[dict[str, float]], None]


@dataclass(frozen=True)
class Data:
    """What is learned from and what decides when to stop; never the test split."""

    train: ShardReader
    validation: ShardReader
    classes: tuple[str, ...]


class Loop:
    """A run of `steps` under `config`; everything it needs to go on lies in the file `checkpoint`.

    `on_epoch` is called with each new entry of the history: epoch, loss, learning_rate, and the objective's
    validation metrics; `on_resume` with each that an earlier, killed run made. `weights_sha256` has the
    digest of the weights after each epoch. Afterwards the model has the weights of the best one. ModelError
    when it diverges. Among workers each has such a loop, and all the same history; the chief alone has a
    checkpoint, and calls `on_epoch` and `on_resume`.
    """

    def __init__(
        self,
        steps: TrainStep,
        config: TrainingConfig,
        epochs: int,
        data: Data,
        checkpoint: Path,
        on_epoch: OnEpoch,
        on_resume: OnEpoch = lambda _: None,
    ) -> None:
        self.steps, self.config, self.epochs, self.data = steps, config, epochs, data
        self.workers = steps.workers
        self.checkpoint, self.on_epoch, self.on_resume = checkpoint, on_epoch, on_resume
        self.objective, self.score = steps.objective, steps.objective.SCORE
        self.variables = [*steps.model.variables, *steps.optimizer.variables]
        self.steps_per_epoch = data.train.steps(config.batch)
        self.validation = data.validation.in_order(config.batch)
        self.history: History = []
        self.weights_sha256: list[str] = []
        self.best: Arrays = []
        self.resumed_at = 0

    def run(self) -> History:
        """Train to the end; return the history of all epochs, those before a resume included."""
        self._resume()
        first, last = len(self.history), self.epochs
        total = last * self.steps_per_epoch
        with tqdm(
            total=total,
            initial=first * self.steps_per_epoch,
            unit="step",
            desc="train",
            disable=None if self.workers.is_chief else True,
        ) as progress:
            batches = iter(self._batches(first))
            for epoch in range(first, last):
                if schedules.should_stop(self._scores(), self.config.patience):
                    break
                self._epoch(epoch, batches, progress)
        assign_arrays(self.steps.model.variables, self.best)
        return self.history

    def _resume(self) -> None:
        # The chief's: the others may have none, as the file lies where the chief runs.
        found = parse_checkpoint(self.workers.told_by_chief(read_checkpoint(self.checkpoint)))
        if found is not None:
            state, self.best, self.history, self.weights_sha256 = found
            assign_arrays(self.variables, state)
            self.resumed_at = len(self.history)
            for entry in self.history:
                self.on_resume(entry)

    def _epoch(self, epoch: int, batches: "tf.data.Iterator", progress: "tqdm[Any]") -> None:
        entry = {"epoch": float(epoch), "learning_rate": self._rate(epoch * self.steps_per_epoch)}
        losses = []
        for step in range(epoch * self.steps_per_epoch, (epoch + 1) * self.steps_per_epoch):
            rate = tf.constant(self._rate(step), tf.float32)
            losses.append(self.steps.train(*next(batches), rate))
            progress.update()
        entry["loss"] = float(np.mean([loss.numpy() for loss in losses]))
        if not np.isfinite(entry["loss"]):
            raise ModelError(f"epoch {epoch}: the loss is {entry['loss']}; lower learning_rate")
        entry |= self.objective.summary(self.steps.measure(self.validation), self.data.classes)
        self._report(epoch, entry, progress)
        self._keep(entry)

    def _report(self, epoch: int, entry: dict[str, float], progress: "tqdm[Any]") -> None:
        """Show an epoch's score: in the bar, or, where there is none, as in a pipeline's log, on a line."""
        progress.set_postfix({self.score: f"{entry[self.score]:.3f}"})
        if progress.disable:
            score = f"validation {title(self.score)} {entry[self.score]:.3f}"
            print(f"epoch {epoch + 1} of {self.epochs}: loss {entry['loss']:.3f}, {score}", flush=True)  # noqa: T201

    def _keep(self, entry: dict[str, float]) -> None:
        self.history.append(entry)
        self.weights_sha256.append(weights_sha256(self.steps.model))
        if schedules.best_epoch(self._scores()) == len(self.history) - 1:
            self.best = read_arrays(self.steps.model.variables)
        if self.workers.is_chief:
            state = read_arrays(self.variables)
            save_checkpoint(self.checkpoint, Checkpoint(state, self.best, self.history, self.weights_sha256))
            self.on_epoch(entry)

    def _rate(self, step: int) -> float:
        if self.config.schedule == "plateau":
            return schedules.plateau(self.config.learning_rate, self._scores())
        return schedules.cosine(self.config.learning_rate, step, self.epochs * self.steps_per_epoch)

    def _scores(self) -> list[float]:
        return [entry[self.score] for entry in self.history]

    def _augmentation(self) -> dict[str, Any]:
        """The arguments that one run has; `ignored` only where its targets have such a value."""
        ignored, strength = self.data.train.targets.ignored, {"strength": self.config.augmentation}
        return strength if ignored is None else strength | {"ignored": ignored}

    def _batches(self, first: int) -> "tf.data.Dataset":
        """The batches of this process; on one device without TensorFlow's distributed iterator.

        That one, taken down while others train on, may wait for ever (2.21).
        """
        strategy, count = self.steps.strategy, self.workers.count
        if strategy.num_replicas_in_sync == count:
            return self._share(first, Share(self.workers.index, count, count))
        return strategy.distribute_datasets_from_function(
            lambda context: self._share(
                first, Share(context.input_pipeline_id, count, context.num_replicas_in_sync)
            )
        )

    def _share(self, first: int, share: Share) -> "tf.data.Dataset":
        config = self.config
        return self.data.train.epochs(
            config.batch,
            seed=config.seed,
            first=first,
            last=self.epochs,
            augment=partial(self.objective.augment, **self._augmentation()),
            deterministic=config.deterministic,
            share=share,
        )
