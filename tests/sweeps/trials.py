"""Searches with cheap trials: a small Python program in TensorFlow's place, in processes of their own."""

import os
from pathlib import Path
from typing import Any

import yaml

from pylib.sweeps import search
from pylib.sweeps.reading import read
from pylib.sweeps.search import Searched
from tests.katib.experiments import body

# It learns in epochs, keeps a checkpoint, and says in a ledger which epochs it did and that it was finished.
PROGRAM = """
import os, sys, time
given = dict(word.split("=", 1) for word in sys.argv[2:])
ledger, scratch = sys.argv[1], os.environ["PYLIB_TRIAL_SCRATCH"]
x, n, kind = float(given["x"]), int(given["n"]), given.get("kind", "")
say = lambda what: os.write(os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT), f"{what}\\n".encode())
name, checkpoint = os.environ["KATIB_TRIAL_NAME"], os.path.join(scratch, "epoch")
done = int(open(checkpoint).read()) if os.path.exists(checkpoint) else 0
score = lambda epoch: (1 - (x - 0.3) ** 2 - 0.01 * n) * (epoch + 1) / epochs
epochs = int(given.get("epochs", "3"))
if kind == "fail" and n > 4: sys.exit("x was wrong")
if kind == "silent" and n > 4: sys.exit(0)
if kind == "hang" and n > 4: time.sleep(600)
if kind == "nan" and n > 4: print("score=nan"); sys.exit(0)
for epoch in range(done): print(f"epoch={epoch} score={score(epoch)!r}", flush=True)
for epoch in range(done, epochs):
    time.sleep(float(given.get("pause", "0")))
    say(f"{name} epoch {epoch}")
    print(f"epoch={epoch} score={score(epoch)!r}", flush=True)
    with open(checkpoint + ".new", "w") as file: file.write(str(epoch + 1))
    os.replace(checkpoint + ".new", checkpoint)
say(f"{name} done {x!r} {n}")
"""


class Place:
    """A folder with the program, an Experiment, a ledger of what the trials did, and the search's state."""

    def __init__(self, folder: Path, *words: str, job: dict[str, Any] | None = None, **spec: Any) -> None:
        self.folder, self.ledger, self.state = folder, folder / "ledger", folder / "state"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "program.py").write_text(PROGRAM)
        if "maxTrialCount" in spec:
            spec.setdefault("maxFailedTrialCount", min(8, spec["maxTrialCount"]))
        made = body(**spec)
        trial = made["spec"]["trialTemplate"]["trialSpec"]["spec"]
        trial |= job or {}
        parameters = ["x=${trialParameters.x}", "n=${trialParameters.n}"]
        command = ["python3", str(folder / "program.py"), str(self.ledger), *parameters, *words]
        trial["template"]["spec"]["containers"][0]["command"] = command
        self.file = folder / "experiment.yaml"
        self.write(made)

    def write(self, made: dict[str, Any]) -> None:
        self.file.write_text(yaml.safe_dump(made))

    def content(self) -> dict[str, Any]:
        made: dict[str, Any] = yaml.safe_load(self.file.read_text())
        return made

    def search(self) -> Searched:
        return search.run(read(self.file), self.state, os.environ, lambda _trials, _seconds: None)

    def done(self) -> list[str]:
        """What each finished trial was given, in the order in which they finished."""
        told = self.ledger.read_text().splitlines() if self.ledger.is_file() else []
        return [line.partition(" done ")[2] for line in told if " done " in line]


def told(found: Searched) -> list[tuple[str, dict[str, str], str]]:
    """What two searches have in common: names, parameters and statuses, in order."""
    return [(each.name, dict(each.assignments), str(each.status)) for each in found.trials]
