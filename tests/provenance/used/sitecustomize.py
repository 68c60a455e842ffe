"""What each Python process imported and opened, told when it ends: Python imports this first."""

import atexit
import json
import os
import sys
from pathlib import Path

_OPENED = set()


def _hear(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        _OPENED.add(arguments[0])


def _tell():
    imported = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    said = {"command": sys.orig_argv, "files": sorted({*_OPENED, *filter(None, imported)})}
    Path(os.environ["USED"], f"{os.getpid()}.json").write_text(json.dumps(said), encoding="utf-8")


sys.addaudithook(_hear)
atexit.register(_tell)
