"""kubectl as a command, typed: objects in and out, and one line for each failure."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Body = dict[str, Any]
MANAGER = "on-cluster-tests"


class KubectlError(Exception):
    """kubectl exited with an error; the message is what it, or the server, said."""


@dataclass(frozen=True)
class Kubectl:
    """The cluster that a kubeconfig's current context names."""

    config: Path

    def run(self, *arguments: str, text: str | None = None, timeout: float = 60) -> str:
        """What `kubectl ARGUMENTS` prints, with `text` on its standard input."""
        command = ["kubectl", "--kubeconfig", str(self.config), *arguments]
        try:
            done = subprocess.run(
                command, input=text, capture_output=True, text=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise KubectlError(f"kubectl {arguments[0]}: no answer after {timeout:g} s") from error
        if done.returncode:
            raise KubectlError(" ".join(done.stderr.split()) or f"kubectl {arguments[0]} failed")
        return done.stdout

    def list(self, kind: str, namespace: str = "", selector: str = "") -> list[Body]:
        """Every object of a kind: in a namespace, or everywhere."""
        where = ["--namespace", namespace] if namespace else ["--all-namespaces"]
        chosen = ["--selector", selector] if selector else []
        items: list[Body] = json.loads(self.run("get", kind, *where, *chosen, "--output=json"))["items"]
        return items

    def find(self, kind: str, name: str, namespace: str = "") -> Body | None:
        """One object, None where it is not there."""
        where = ["--namespace", namespace] if namespace else []
        text = self.run("get", kind, name, *where, "--ignore-not-found", "--output=json")
        found: Body | None = json.loads(text) if text.strip() else None
        return found

    def get(self, kind: str, name: str, namespace: str = "") -> Body:
        """One object that must be there."""
        found = self.find(kind, name, namespace)
        if found is None:
            raise KubectlError(f"{kind} {namespace}/{name} is not there")
        return found

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Server-side, as this suite's own field manager."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.run(
            "apply",
            "--server-side",
            "--force-conflicts",
            f"--field-manager={MANAGER}",
            "--filename=-",
            text=text,
        )

    def patch(self, kind: str, name: str, namespace: str, change: Body, *, subresource: str = "") -> None:
        """A merge patch, as a person makes one by hand."""
        extra = [f"--subresource={subresource}"] if subresource else []
        where = ["--namespace", namespace] if namespace else []
        self.run("patch", kind, name, *where, "--type=merge", "--patch", json.dumps(change), *extra)

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Ask for its removal; what is gone already is no error."""
        where = ["--namespace", namespace] if namespace else []
        self.run("delete", kind, name, *where, "--ignore-not-found", "--wait=false")
