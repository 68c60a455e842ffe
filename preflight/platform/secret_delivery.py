"""Where the secrets of a new cluster go: into the cluster, into a private file, or sealed into Git."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from preflight.errors import ClusterError, ConfigurationError
from preflight.platform.declared_secrets import RequiredSecret, Values

SECONDS = 60


def existing(required: list[RequiredSecret]) -> Values:
    """The values that the cluster has already, so that a second run changes nothing."""
    wanted = {(each.namespace, each.name) for each in required}
    items = json.loads(_kubectl("get", "secrets", "--all-namespaces", "--output=json"))["items"]
    return {
        (item["metadata"]["namespace"], item["metadata"]["name"], key): base64.b64decode(value).decode()
        for item in items
        if (item["metadata"]["namespace"], item["metadata"]["name"]) in wanted
        for key, value in (item.get("data") or {}).items()
        if value  # a chart may have made the key empty, for us to fill
    }


def apply(secrets: list[dict[str, Any]]) -> None:
    """Into the cluster of the current context, with the namespaces they need."""
    namespaces = sorted({secret["metadata"]["namespace"] for secret in secrets})
    # Created, not applied: the labels that the repository gives a namespace are the application's.
    there = set(_kubectl("get", "namespaces", "--output=name").split())
    for name in namespaces:
        if f"namespace/{name}" not in there:
            _kubectl("create", "namespace", name)
    command = ("apply", "--server-side", "--force-conflicts", "--field-manager=pylib", "--filename=-")
    _kubectl(*command, text=_stream(secrets))


def write(secrets: list[dict[str, Any]], file: Path) -> None:
    """Into a file that only its owner can read; one that exists is never overwritten."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigurationError(f"{file}: exists already; move it away, or name another file") from error
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}; name a file that can be written") from error
    with os.fdopen(descriptor, "w") as stream:
        stream.write(_stream(secrets))


def seal(secrets: list[dict[str, Any]], certificate: str, folder: Path) -> list[Path]:
    """As SealedSecrets, one file each, which may be committed; `certificate`: a file or URL."""
    if not shutil.which("kubeseal"):
        raise ClusterError(
            "kubeseal is not on PATH; install it: https://github.com/bitnami-labs/sealed-secrets"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return [_seal(secret, certificate, folder) for secret in secrets]


def _seal(secret: dict[str, Any], certificate: str, folder: Path) -> Path:
    command = ["kubeseal", "--format=yaml", f"--cert={certificate}"]
    sealed = _run(command, yaml.safe_dump(secret), "kubeseal")
    file = folder / f"{secret['metadata']['namespace']}-{secret['metadata']['name']}.yaml"
    file.write_text(sealed, encoding="utf-8")
    return file


def _stream(secrets: list[dict[str, Any]]) -> str:
    return yaml.safe_dump_all(secrets, sort_keys=False)


def _kubectl(*arguments: str, text: str | None = None) -> str:
    if not shutil.which("kubectl"):
        raise ClusterError("kubectl is not on PATH; install it: https://kubernetes.io/docs/tasks/tools")
    return _run(["kubectl", *arguments], text, "kubectl")


def _run(command: list[str], text: str | None, name: str) -> str:
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"{name}: no answer after {SECONDS} s; is the cluster there?") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise ClusterError(f"{name}: {lines[-1]}")
    return done.stdout
