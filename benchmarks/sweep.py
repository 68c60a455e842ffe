"""One search as grid, random, TPE, TPE with medianstop, and hyperband: what each reaches, and what it costs.

    python benchmarks/sweep.py [--file pipelines/sweeps/smoke.yaml] [--trials 9] [--epochs 9] [--algorithms …]

Each is the file's search with another algorithm, on the data that its template names (`PYLIB_OUTPUT` has to
hold it: `pylib sweep run FILE` makes the sample). Of each the best validation score, the seconds of all its
trials' processes, those that they trained for, and the wall time beside the trials' time on as many cores:

  overhead   wall time, times the trials at once, over the trials' own seconds; a round that waits counts
"""

import argparse
import copy
import os
import re
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from katib.values import typed_all
from pylib.settings import settings
from pylib.sweeps import search
from pylib.sweeps.data import DATA, named, pinned, with_variables
from pylib.sweeps.figures import rows
from pylib.sweeps.reading import Sweep, read

TRAINED = re.compile(r"trained for ([\d.]+) s")
ALGORITHMS = ("grid", "random", "tpe", "tpe+medianstop", "hyperband")


def main() -> None:
    """Run each search in a folder of its own, one after another."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--file", type=Path, default=Path("pipelines/sweeps/smoke.yaml"))
    parser.add_argument("--trials", type=int, default=9)
    parser.add_argument("--epochs", type=int, default=9, help="of a trial; of hyperband's at most")
    parser.add_argument("--algorithms", nargs="+", choices=ALGORITHMS, default=list(ALGORITHMS))
    options = parser.parse_args()
    made = yaml.safe_load(options.file.read_text())
    print(f"{options.file}, {options.trials} trials of {options.epochs} epochs, {os.cpu_count()} cores")
    print(
        f"{'search':<16}{'trials':>7}{'best':>9}{'trial s':>10}{'trained s':>11}{'wall s':>9}{'overhead':>10}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in options.algorithms:
            file = Path(folder) / f"{name}.yaml"
            file.write_text(yaml.safe_dump(varied(made, name, options.trials, options.epochs)))
            show(name, file, Path(folder) / name)


def varied(made: dict[str, Any], name: str, trials: int, epochs: int) -> dict[str, Any]:
    """The Experiment with another algorithm."""
    body = copy.deepcopy(made)
    spec = body["spec"]
    settings_of = {"hyperband": {"eta": "3", "r_l": str(epochs), "resource_name": "epochs"}}
    algorithm = name.partition("+")[0]
    told = settings_of.get(algorithm, {"random_state": "0"})
    listed = [{"name": key, "value": value} for key, value in told.items()]
    spec["algorithm"] = {"algorithmName": algorithm, "algorithmSettings": listed}
    spec |= {"maxTrialCount": trials, "maxFailedTrialCount": trials}
    if name.endswith("+medianstop"):
        spec["earlyStopping"] = {
            "algorithmName": "medianstop",
            "algorithmSettings": [{"name": "start_step", "value": "2"}],
        }
        spec["trialTemplate"]["retain"] = True
    if algorithm == "grid":
        for each in spec["parameters"]:
            if each["parameterType"] == "double":
                each["feasibleSpace"] |= {"step": step(each["feasibleSpace"]), "distribution": "uniform"}
    container = spec["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"][0]
    command = [word for word in container["command"] if not word.startswith("epochs=")]
    if algorithm == "hyperband":
        for each in spec["parameters"]:
            if each["parameterType"] == "double":
                each["feasibleSpace"]["distribution"] = "uniform"  # Katib's draws no other
        space = {"min": "1", "max": str(epochs), "distribution": "uniform"}
        spec["parameters"].append({"name": "epochs", "parameterType": "int", "feasibleSpace": space})
        spec["trialTemplate"]["trialParameters"].append({"name": "epochs", "reference": "epochs"})
        command.append("epochs=${trialParameters.epochs}")
        spec |= {"parallelTrialCount": spec["parallelTrialCount"], "maxTrialCount": 100}
    else:
        command.append(f"epochs={epochs}")
    container["command"] = command
    return body


def step(space: dict[str, str]) -> str:
    """A third of the space, so that a grid has few points of a double."""
    return repr((float(space["max"]) - float(space["min"])) / 3)


def show(name: str, file: Path, folder: Path) -> None:
    """Search, and print a line."""
    sweep = read(file)
    data = pinned(named(sweep.experiment, DATA), settings().store)
    experiment = with_variables(sweep.experiment, {DATA: data})
    began = time.monotonic()
    told = Sweep(experiment, sweep.sha256, sweep.identity, ())
    found = search.run(told, folder, os.environ, lambda _trials, _seconds: None)
    wall = time.monotonic() - began
    spent = sum(each.seconds for each in found.trials)
    logs = [log.read_text(errors="replace") for log in folder.glob("trials/*/attempt-*/metrics.log")]
    trained = sum(float(seconds) for log in logs for seconds in TRAINED.findall(log))
    best = max((row.best for row in rows(experiment, found.trials) if row.best is not None), default=0.0)
    parallel = experiment.count("parallelTrialCount") or 1
    print(
        f"{name:<16}{len(found.trials):>7}{best:>9.4f}{spent:>10.0f}{trained:>11.0f}{wall:>9.0f}"
        f"{parallel * wall / spent - 1:>9.1%}"
    )
    if found.best:
        print(f"{'':<16}{typed_all(experiment, found.best.assignments)}")


if __name__ == "__main__":
    main()
