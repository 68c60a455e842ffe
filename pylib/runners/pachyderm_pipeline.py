"""A Pachyderm pipeline as Git says it: made where it is missing, updated where it differs, else left alone.

pachd makes a new version of a pipeline at each update, stops its workers and starts them anew, also where
nothing changed. So the specification that it was given last, which it keeps word for word, is compared first.
"""

import json
import re
import time
from pathlib import Path
from typing import Any

import grpc
import yaml
from pachyderm_sdk.api import pfs, pps

from pylib.errors import ConfigurationError
from pylib.store.pachd import Pachd

DEFAULT_PROJECT = "default"
MISSING = re.compile(r"pipeline \S+ not found")


def read(file: Path) -> dict[str, Any]:
    """The specification in a file, JSON or YAML. Raises ConfigurationError."""
    try:
        spec = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{file}: {' '.join(str(error).split())}") from error
    if not isinstance(spec, dict) or not isinstance(spec.get("pipeline"), dict):
        raise ConfigurationError(
            f"{file}: no specification of a Pachyderm pipeline, which begins with pipeline:"
        )
    return spec


def ensure(pachd: Pachd, spec: dict[str, Any], *, seconds: float = 120) -> str:
    """Make the pipeline what the specification says; `created`, `updated` or `unchanged`.

    Its input repository is made too: pachd wants it, and without images nothing is started. Waits `seconds`
    for a pachd that comes up. Raises StoreError.
    """
    there = _inspect(pachd, spec, time.monotonic() + seconds)
    if there and _same(there.user_spec_json, spec):
        return "unchanged"
    for repo in _inputs(spec):
        _make_repository(pachd, repo)
    name = spec["pipeline"]["name"]
    with pachd.errors(f"create pipeline {name}"):
        pachd.pps.create_pipeline_v2(create_pipeline_request_json=json.dumps(spec), update=bool(there))
    return "updated" if there else "created"


def _inspect(pachd: Pachd, spec: dict[str, Any], deadline: float) -> pps.PipelineInfo | None:
    project = (spec["pipeline"].get("project") or {}).get("name") or DEFAULT_PROJECT
    named = pps.Pipeline(name=spec["pipeline"]["name"], project=pfs.Project(name=project))
    while True:
        try:
            return pachd.pps.inspect_pipeline(pipeline=named, details=True)
        except grpc.RpcError as error:
            # The code that pachd gives is not always this one; its own client goes by the words.
            if error.code() == grpc.StatusCode.NOT_FOUND or MISSING.search(error.details() or ""):
                return None
            if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() > deadline:
                raise pachd.error(f"inspect pipeline {named.name}", error) from error
            time.sleep(2)


def _same(kept: str, spec: dict[str, Any]) -> bool:
    try:
        return bool(json.loads(kept) == spec)
    except ValueError:
        return False


def _inputs(spec: dict[str, Any]) -> list[pfs.Repo]:
    """The repository of the specification's input; `validate` lets no other kind of input through."""
    given = (spec.get("input") or {}).get("pfs") or {}
    if not given.get("repo"):
        return []
    project = given.get("project") or (spec["pipeline"].get("project") or {}).get("name") or DEFAULT_PROJECT
    return [pfs.Repo(name=given["repo"], type="user", project=pfs.Project(name=project))]


def _make_repository(pachd: Pachd, repo: pfs.Repo) -> None:
    """Asked for first, since who may not make repositories may still use one."""
    try:
        pachd.pfs.inspect_repo(repo=repo)
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.NOT_FOUND:
            raise pachd.error(f"inspect repository {repo.name}", error) from error
        try:
            pachd.pfs.create_repo(repo=repo)
        except grpc.RpcError as refused:
            if refused.code() != grpc.StatusCode.ALREADY_EXISTS:
                raise pachd.error(f"create repository {repo.name}", refused) from refused
