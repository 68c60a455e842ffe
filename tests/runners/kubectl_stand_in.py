"""kubectl on PATH, for a cluster that a file describes: what it knows it prints, the rest it refuses.

The file: {"context", "tokens" (one for each call), "rights", "objects" {kind: [..]}, "logs" {pod: text}};
its `calls` are kept. Run as a script, this is the command itself: FILE, then kubectl's arguments.
"""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

AUDIENCE = "pipelines.kubeflow.org"
Answer = tuple[int, str, str]


class KubectlStandIn:
    """The command in a folder of its own, and the cluster that it speaks with."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "cluster.json"
        self.set(context="", tokens=[], rights=[], objects={}, logs={}, calls=[])
        self.folder = folder / "bin"
        self.folder.mkdir()
        command = self.folder / "kubectl"
        words = shlex.join([sys.executable, __file__, str(self.file)])
        command.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        command.chmod(0o755)

    def set(self, **changes: Any) -> None:
        state = json.loads(self.file.read_text()) if self.file.is_file() else {}
        self.file.write_text(json.dumps({**state, **changes}))

    def connected(self, **changes: Any) -> None:
        """A cluster of this repository's, as `local`: its ConfigMap, a token to be had, no run in it."""
        objects = {"configmap": [config(PYLIB_GPUS="0")], "workflows": [], "pods": []}
        self.set(**{"context": "kind-images", "tokens": ["good"], "objects": objects, **changes})

    @property
    def calls(self) -> list[list[str]]:
        return list(json.loads(self.file.read_text())["calls"])


def config(**data: str) -> dict[str, Any]:
    """The ConfigMap `pylib`."""
    return {"metadata": {"name": "pylib"}, "data": data}


def answer(state: dict[str, Any], words: list[str]) -> Answer:  # noqa: PLR0911 (a command each)
    if not state["context"]:
        asked = words[:2] == ["config", "current-context"]
        nowhere = "The connection to the server localhost:8080 was refused"
        return refused("error: current-context is not set" if asked else nowhere)
    match words[:2]:
        case ["config", "current-context"]:
            return 0, state["context"] + "\n", ""
        case ["create", "token"]:
            return token(state, words)
        case ["auth", "can-i"]:
            allowed = [words[2], words[3].partition(".")[0]] in state["rights"]
            return (0, "yes\n", "") if allowed else (1, "no\n", "")
        case ["get", kind]:
            return get(state, kind, words)
        case ["logs", pod] if pod in state["logs"]:
            return 0, state["logs"][pod], ""
    return refused(f"Error from server (NotFound): {' '.join(words[:2])} not found")


def token(state: dict[str, Any], words: list[str]) -> Answer:
    if (words[2], option(words, "--namespace"), option(words, "--audience")) != ("ml-user", "ml", AUDIENCE):
        return refused(f'error: failed to create token: serviceaccounts "{words[2]}" not found')
    if not state["tokens"]:
        return refused('error: failed to create token: serviceaccounts "ml-user" is forbidden')
    return 0, (state["tokens"].pop(0) if len(state["tokens"]) > 1 else state["tokens"][0]) + "\n", ""


def get(state: dict[str, Any], kind: str, words: list[str]) -> Answer:
    items = state["objects"].get(kind.partition(".")[0])
    if items is None:
        return refused(f"Error from server (Forbidden): {kind} is forbidden: cannot list resource")
    if not words[2].startswith("-"):
        named = [item for item in items if item["metadata"]["name"] == words[2]]
        if not named:
            return refused(f'Error from server (NotFound): {kind} "{words[2]}" not found')
        return 0, json.dumps(named[0]), ""
    key, _, value = option(words, "--selector").partition("=")
    chosen = [item for item in items if item["metadata"].get("labels", {}).get(key) == value]
    return 0, json.dumps({"kind": "List", "items": chosen}), ""


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1] if name in words else ""


def refused(reason: str) -> Answer:
    return 1, "", reason + "\n"


def main(file: Path, words: list[str]) -> int:
    state = json.loads(file.read_text())
    state["calls"].append(words)
    status, out, error = answer(state, words)
    file.write_text(json.dumps(state))
    sys.stdout.write(out)
    sys.stderr.write(error)
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
