"""Plays Kubeflow Pipelines' launcher in a step's pod: artifacts in, the step's own command, artifacts out.

    python3 launch --executor_input JSON --store http://KEY:SECRET@HOST:PORT?region=REGION -- COMMAND …

As https://github.com/kubeflow/pipelines/blob/2.16.0/backend/src/v2/component/launcher_v2.go does: what goes
in lies where the SDK looks (minio://a/b is /minio/a/b), only the folder above an output is made, the command
has the container's environment and nothing more, any failure is exit code 1, and an output that was not
written is no error. The real one reads the store's keys with its service account's token; here they come by
the command line, since no variable may reach the step.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from obstore.store import S3Store

ENDED = Path("/var/run/argo/ctr/main/exitcode")
"""Where Argo's `wait` container looks for the end of `main`."""


def main() -> int:
    """Run one step; the exit code of its container."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--executor_input", type=json.loads)
    parser.add_argument("--store", type=urlsplit)
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    for artifact in _artifacts(given.executor_input["inputs"]):
        _download(given.store, artifact["uri"])
    for artifact in _artifacts(given.executor_input["outputs"]):
        local_path(artifact["uri"]).parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(given.executor_input)
    done = subprocess.run([part.replace("{{$}}", text) for part in given.command], check=False)
    if done.returncode:
        print(f"failed to execute component: exit status {done.returncode}", file=sys.stderr)  # noqa: T201
        return 1
    for artifact in _artifacts(given.executor_input["outputs"]):
        _upload(given.store, artifact["uri"])
    _upload(given.store, remote_uri(given.executor_input["outputs"]["outputFile"]))
    return 0


def local_path(uri: str) -> Path:
    """Where an artifact of the store lies in a step's pod."""
    return Path("/minio") / uri.removeprefix("minio://")


def remote_uri(path: str) -> str:
    """The address in the store of a file of a step's pod."""
    return "minio://" + path.removeprefix("/minio/")


def _artifacts(side: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in side.get("artifacts", {}).values():
        yield from entry["artifacts"]


def _open(url: Any, uri: str) -> tuple[S3Store, str]:
    bucket, _, key = uri.removeprefix("minio://").partition("/")
    store = S3Store(
        bucket,
        endpoint=f"{url.scheme}://{url.hostname}:{url.port}",
        access_key_id=url.username,
        secret_access_key=url.password,
        region=parse_qs(url.query)["region"][0],
        client_options={"allow_http": True},
    )
    return store, key


def _download(url: Any, uri: str) -> None:
    store, key = _open(url, uri)
    for batch in store.list(prefix=key):
        for entry in batch:
            target = local_path(uri) / entry["path"].removeprefix(key).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(bytes(store.get(entry["path"]).bytes()))


def _upload(url: Any, uri: str) -> None:
    store, key = _open(url, uri)
    path = local_path(uri)
    for file in [path] if path.is_file() else (each for each in sorted(path.rglob("*")) if each.is_file()):
        inside = file.relative_to(path).as_posix() if path.is_dir() else ""
        store.put(f"{key}/{inside}".rstrip("/"), file.read_bytes())


if __name__ == "__main__":
    CODE = 1
    try:
        CODE = main()
    finally:
        ENDED.parent.mkdir(parents=True, exist_ok=True)
        ENDED.write_text(str(CODE))
    sys.exit(CODE)
