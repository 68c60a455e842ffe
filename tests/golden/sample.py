"""The built-in sample's model, written down once: what `./run_e2e.sh` makes on any x86-64 machine with AVX2.

    make golden     runs it, writes tests/golden/sample.json, and the digests in README.md; the classifier too

It is written again when the bits are meant to change: other code that trains or exports, another lock file. A
digest that changed without such a reason is a fault.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(__file__).with_suffix(".json")
CLASSIFIER = Path(__file__).with_name("classifier.json")
LOCK = "locks/train.txt"


def golden():
    """What was written down."""
    return json.loads(FILE.read_text())


def facts(output):
    """What `pylib status` says of the newest run in an output folder."""
    command = [ROOT / ".venv" / "bin" / "pylib", "status", "--json"]
    return json.loads(subprocess.check_output(command, env=os.environ | {"PYLIB_OUTPUT": str(output)}))


def classifier(facts):
    """What is written down of the sample of classification."""
    return {
        "command": "./run_e2e.sh --task classification",
        "lock": {LOCK: hashlib.sha256((ROOT / LOCK).read_bytes()).hexdigest()},
        "data_commit": facts["data_commit"],
        "model_sha256": facts["model_sha256"],
    }


def observed(output):
    """The same of the newest run in an output folder."""
    said = facts(output)
    (history,) = (output / "latest").resolve().glob("*/train/model/history.json")
    return {
        "command": "./run_e2e.sh",
        "lock": {LOCK: hashlib.sha256((ROOT / LOCK).read_bytes()).hexdigest()},
        "data_commit": said["data_commit"],
        "weights_sha256": json.loads(history.read_text())["weights_sha256"],
        "model_sha256": said["model_sha256"],
    }


def write(output):
    """Write down what a run gave, and put its digests in the former ones' place in README.md."""
    former, found = golden(), observed(output)
    FILE.write_text(json.dumps(found, indent=2) + "\n")
    readme = ROOT / "README.md"
    text = readme.read_text()
    for name in ("data_commit", "model_sha256"):
        text = text.replace(former[name], found[name])
    readme.write_text(text)
    print(f"{FILE.relative_to(ROOT)}: model {former['model_sha256'][:12]} -> {found['model_sha256'][:12]}")  # noqa: T201


if __name__ == "__main__":
    segmented, classified = (Path(folder).resolve() for folder in sys.argv[1:])
    write(segmented)
    CLASSIFIER.write_text(json.dumps(classifier(facts(classified)), indent=2) + "\n")
