"""A model made again from nothing but its record, the data store and Git, and the verdict on it."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pylib.errors import ReproductionError
from pylib.provenance import statement as records
from pylib.provenance.digests import dir_hash
from pylib.provenance.materials import LOCK
from pylib.provenance.reproduced import attest
from pylib.reproduction import circumstances, comparison
from pylib.reproduction.arguments import Arguments, check_files
from pylib.reproduction.comparison import Difference
from pylib.reproduction.recorded import RecordedStep, recorded_step, recorded_steps
from pylib.reproduction.workplace import Workplace, workplace
from pylib.termination import running, terminable, undisturbed

Listener = Callable[[str, str | None], None]
"""Hears a step's name with each line that it says, and with None when it has ended."""


@dataclass
class Reproduction:
    """What came of it.

    differences: of the first step that made something else, which is then the last that was run
    circumstances: what was recorded and was not the same this time, in words, by step
    measured: values of the evaluation that differ by no more than processors do, in words
    """

    model: str
    folder: Path
    steps: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    circumstances: dict[str, list[str]] = field(default_factory=dict)
    measured: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether the model was rebuilt bit for bit."""
        return not self.differences

    def check(self) -> None:
        """Raise ReproductionError unless `same`: first what differs, then what was not the same."""
        if self.same:
            return
        first = self.differences[0]
        causes = self.circumstances.get(first.step, []) or ["nothing else that is recorded was different"]
        raise ReproductionError(
            f"model {self.model[:12]} is not rebuilt: {first}; not the same: {'; '.join(causes)}; "
            f"what was made is in {self.folder}"
        )


def new_folder_for(parent: Path, digest: str) -> Path:
    """An empty folder of its own for each run, so that two side by side do not meet."""
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{digest[:12]}-", dir=parent))


def reproduce(
    model: Path,
    digest: str,
    *,
    store: str,
    folder: Path,
    files: Sequence[Path] = (),
    listen: Listener = lambda _step, _line: None,
) -> Reproduction:
    """Run every step between the data and the evaluation of a model again, and compare all that they make.

    model: its folder, with the records; store: URL of the data store
    folder: for what is made, new or empty; it is gone again where all is the same
    files: where files that the record knows by digest alone may be, such as first weights
    Raises ReproductionError, before anything is run, where code, data, lock or a file is not at hand.
    """
    made = Reproduction(digest, folder)
    with terminable(), _kept_for_its_logs(folder):
        _rebuild(made, model, store, files, listen)
    if made.same:
        shutil.rmtree(folder)
    return made


@contextmanager
def _kept_for_its_logs(folder: Path) -> Iterator[None]:
    """A folder that is gone again where no step was run in it, or a signal ended that."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException as error:
        if not isinstance(error, Exception) or not any(folder.glob("*.log")):
            with undisturbed():
                shutil.rmtree(folder, ignore_errors=True)
        raise


def _rebuild(made: Reproduction, model: Path, store: str, files: Sequence[Path], listen: Listener) -> None:
    """Run the steps up to the first that makes something else."""
    check_files(files)
    folder, steps = made.folder, recorded_steps(model, made.model)
    with workplace(steps, folder / "code") as place:
        gates = sorted((place.root / "gates").glob("*.yaml"))
        arguments = Arguments(store, [*files, *gates], _planned(steps, folder))
        calls = [arguments.of(step, folder / step.label) for step in steps]  # all, before the first is run
        for step, call in zip(steps, calls, strict=True):
            _run(step, call, place, folder, store, listen)
            _compare(made, step, model)
            listen(step.label, None)
            if not made.same:
                return


def _compare(made: Reproduction, step: RecordedStep, model: Path) -> None:
    outputs = made.folder / step.label
    made.steps.append(step.label)
    made.circumstances[step.label] = _circumstances(step, outputs, model)
    made.differences = comparison.differences(step, outputs, model)
    made.measured += map(str, comparison.evaluation_differences(step, outputs, model))


def _planned(steps: list[RecordedStep], folder: Path) -> dict[str, Path]:
    """Where each step will leave its folders, by the digests that the later steps recorded of them."""
    return {
        dir_hash(files): folder / step.label / name for step in steps for name, files in step.outputs.items()
    }


def prove(
    model: Path,
    digest: str,
    *,
    store: str,
    folder: Path,
    listen: Listener = lambda _step, _line: None,
) -> None:
    """Rebuild a model and leave the proof beside it; ReproductionError where it comes out as another."""
    made = reproduce(model, digest, store=store, folder=folder, listen=listen)
    made.check()
    used = recorded_steps(model, digest)[-1].circumstances
    attest(model, digest, made.steps, [used[name] for name in ("git", LOCK) if name in used])


def _run(
    step: RecordedStep, call: dict[str, object], place: Workplace, folder: Path, store: str, listen: Listener
) -> None:
    log, written = folder / f"{step.label}.log", folder / f"{step.label}.json"
    written.write_text(json.dumps(call, indent=2) + "\n", encoding="utf-8")
    command = [str(place.python), "-P", str(Path(__file__).with_name("rerun.py")), str(written)]
    environment = place.environment(store=store, output=folder / "output")
    listen(step.label, "starting")
    with log.open("w", encoding="utf-8") as said, running(command, environment) as process:
        last = ""
        for line in process.stdout or ():
            said.write(line)
            last = line.strip() or last
            listen(step.label, last)
    if process.returncode:
        raise ReproductionError(
            f"step {step.label} cannot be run again: {last or 'it said nothing'} (log: {log})"
        )


def _circumstances(step: RecordedStep, outputs: Path, model: Path) -> list[str]:
    """What was not the same, by the step's records and, of training, by its history."""
    bundle = records.read_bundle(next(outputs / name for name in step.outputs))
    rebuilt = next(made for made in bundle if records.step_name(made) == step.name)
    found = circumstances.differing(step.circumstances, recorded_step(rebuilt).circumstances)
    if both := comparison.histories(step, outputs, model):
        found += circumstances.differing(*(each.get("environment", {}) for each in both))
    return found
