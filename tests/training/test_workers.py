"""Two processes train the model that one trains, one of them killed or not; each is a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import pytest

from pylib.errors import PipelineError
from pylib.provenance.materials import ROOT
from pylib.runners.workers import run

PYLIB = Path(sys.executable).with_name("pylib")
# A task's own default: dropout, augmentation and normalisation are on.
SCRIPT = """
import json, os, sys
from pathlib import Path
from typing import Self
from pylib.training.config import training_config
from pylib.training.run import train
shards, output, scratch = map(Path, sys.argv[1:4])
task = json.loads(os.environ.get("TF_CONFIG", '{"task": {"type": "chief"}}'))["task"]["type"]
output.with_suffix("." + task).write_text(str(os.getpid()))
config = training_config("segmentation", epochs=3, batch=8, filters=(8, 8, 8, 8))
result = train(shards, output, config, scratch=scratch / task)
print(json.dumps([result.weights_sha256, result.resumed_at]))
result.dismiss()
"""


class Run:
    """A run of that script, by itself or as the workers of one training; all of it ends with the block."""

    def __init__(self, shards: Path, output: Path, *, workers: int = 1) -> None:
        self.output, self.scratch = output, output.with_suffix(".scratch")
        places = [str(place) for place in (shards, output, self.scratch)]
        command = [sys.executable, "-c", SCRIPT, *places]
        several = [
            str(Path(sys.executable).with_name("pylib")),
            "workers",
            "--backoff-limit=12",
            str(workers),
        ]
        self.process = subprocess.Popen(
            command if workers == 1 else [*several, *command],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate()

    def finish(self) -> list[object]:
        said, errors = self.process.communicate()
        assert self.process.returncode == 0, errors
        self.errors = errors
        return json.loads(said.splitlines()[-1])

    def history(self, metric: str) -> list[float]:
        record = json.loads((self.output / "history.json").read_text())
        return [entry[metric] for entry in record["epochs"]]

    def kill(self, task: str, *, epochs: int) -> None:
        """SIGKILL one of them once so many checkpoints were written, and when it runs."""
        seen: set[int] = set()
        while True:
            assert self.process.poll() is None, self.process.communicate()[1]
            seen |= {file.stat().st_mtime_ns for file in self.scratch.glob("chief/checkpoints/*.npz")}
            if len(seen) >= epochs:
                with contextlib.suppress(ProcessLookupError):  # it is about to come again
                    os.kill(int(self.output.with_suffix(f".{task}").read_text()), signal.SIGKILL)
                    return
            time.sleep(0.01)


@pytest.mark.slow
def test_two_workers_agree_with_one_and_survive_that_either_is_killed(shards: Path, tmp_path: Path) -> None:
    with Run(shards, tmp_path / "one") as one, Run(shards, tmp_path / "two", workers=2) as two:
        _, (undisturbed, resumed_at) = one.finish(), two.finish()
    assert resumed_at == 0
    assert two.history("loss") == pytest.approx(one.history("loss"), abs=1e-4)
    # Of decisions: a pixel that is undecided may fall on either side.
    assert two.history("mean_iou") == pytest.approx(one.history("mean_iou"), abs=5e-3)

    with Run(shards, tmp_path / "killed", workers=2) as killed:
        killed.kill("worker", epochs=1)
        killed.kill("chief", epochs=2)
        weights, resumed_at = killed.finish()
    assert weights == undisturbed
    assert resumed_at in {1, 2, 3}
    assert "worker 1 was ended by SIGKILL: started again" in killed.errors
    assert "the chief was ended by SIGKILL: started again" in killed.errors
    for name in ("model.weights.h5", "model.json", "history.json", "dataset.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    only_the_chief_wrote(killed)


def only_the_chief_wrote(run: Run) -> None:
    assert {file.name for file in run.scratch.iterdir()} == {"chief"}
    assert list(run.scratch.glob("chief/tensorboard/**/events.*"))
    assert {file.name for file in run.output.iterdir()} == {
        "model.weights.h5",
        "model.json",
        "history.json",
        "dataset.json",
    }


# Without a model: what they say to each other, by TensorFlow's own sums.
TALK = """
import sys
import numpy as np
from pylib.errors import ConfigurationError
from pylib.training.workers import Workers, choose_strategy
workers = Workers(choose_strategy())
for said in (b"", b"x", bytes(range(256)) * 5):
    assert workers.told_by_chief(said if workers.is_chief else b"what nobody hears") == said
own = np.array([[workers.index, 1], [2**40, -1]])
assert workers.total(own).tolist() == [[1, 2], [2**41, -2]], workers.total(own)
try:
    workers.agree(f"fingerprint of {workers.index}")
    print("agreed", flush=True)
except ConfigurationError as error:
    print(error, flush=True)
if not workers.is_chief:
    workers.wait_for_chief()
workers.dismiss()
"""


@pytest.mark.slow
def test_workers_are_told_what_the_chief_says_and_refuse_to_train_something_else(
    capfd: pytest.CaptureFixture[str],
) -> None:
    run([sys.executable, "-c", TALK], 2, backoff_limit=1)
    said = capfd.readouterr()
    assert said.out == "agreed\n"
    assert "worker 1: worker 1 has other shards, hyper-parameters, versions or instructions" in said.err
    assert "(fingerprint of 1, not fingerprint of 0)" in said.err


TERMINATED = """
import os, signal
import numpy as np
from pylib.training.workers import Workers, choose_strategy
workers = Workers(choose_strategy())
workers.total(np.ones(1))
if not workers.is_chief:
    os.kill(os.getpid(), signal.SIGTERM)
    print("went on", flush=True)
workers.told_by_chief(b"")
"""


@pytest.mark.slow
def test_a_worker_that_is_told_to_end_ends(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PipelineError, match="worker 1 was ended by SIGTERM"):
        run([sys.executable, "-c", TERMINATED], 2, backoff_limit=1)
    assert "went on" not in capfd.readouterr().err
