"""Runs one recorded step again, in a process of its own: `python -P rerun.py call.json`.

PYTHONPATH names the recorded code, of this version or a former one, so nothing of it is imported here but the
step itself. The call is {"step": name, "paths": {argument: path or paths}, "values": {argument: JSON}}.
"""

import importlib
import json
import sys
from pathlib import Path


def main() -> None:
    """Call the step; an error is one line, as the command line has it."""
    call = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    module = importlib.import_module(f"pylib.steps.{call['step']}")
    paths = {
        name: [Path(each) for each in path] if isinstance(path, list) else Path(path)
        for name, path in call["paths"].items()
    }
    try:
        getattr(module, call["step"])(**paths, **call["values"])
    except Exception as error:
        print(f"{type(error).__name__}: {' '.join(str(error).split())}", flush=True)  # noqa: T201
        raise


if __name__ == "__main__":
    main()
