"""What the schema lets through and pachd refuses.

See validatePipelineRequest, validatePipeline and validateInput in src/server/pps/server/api_server.go.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from preflight.findings import Faults
from preflight.platform.pachyderm_specs import Spec, mapping
from preflight.registry import rule
from preflight.rules.pachyderm.spec_schema import sound

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]*")
LONGEST = 51
LONGEST_CONTROLLER = 63  # PROJECT-NAME-vVERSION, a label of DNS; pachd counts with version 99
RESERVED = {"out", ".env"}
KINDS = ("pfs", "cross", "join", "group", "union", "cron")
REPROCESS = ("until_success", "every_job")


@rule(
    "pachyderm-refused",
    "pachd refuses the specification, and the pipeline stays as it was, or is never made",
    of=sound,
)
def pachyderm_refused(spec: Spec) -> Faults:
    """Everything that pachd asks for beyond the schema."""
    for check in CHECKS:
        yield from check(spec)


def _name(spec: Spec) -> Faults:
    written = mapping(spec.body.get("pipeline"))
    name = str(written.get("name") or "")
    project = mapping(written.get("project")).get("name") or "default"
    if not NAME.fullmatch(name):
        yield "pipeline.name", f"'{name}' is no name of a pipeline; use letters, digits, - and _"
    elif len(name) > LONGEST:
        yield "pipeline.name", f"it has {len(name)} characters; at most {LONGEST} are taken"
    elif len(f"{project}-{name}-v99") > LONGEST_CONTROLLER:
        yield (
            "pipeline.name",
            f"with its project {project} it is too long for a name on the cluster; shorten it",
        )


def _transform(spec: Spec) -> Faults:
    if spec.body.get("tfJob"):
        yield "tfJob", "it is not supported; write a transform"
    if not spec.transform.get("image"):
        yield "transform.image", "there is no image; write the one that the worker runs"
    if not spec.command:
        yield "transform.cmd", "there is no command; write it as a list of words"
    for index, secret in enumerate(spec.transform.get("secrets") or []):
        if secret.get("envVar") and not secret.get("key"):
            yield f"transform.secrets[{index}].key", "a variable needs one key of the secret; write it"


def _input(spec: Spec) -> Faults:
    if spec.body.get("spout"):
        if spec.body.get("input") and not mapping(spec.body["spout"]).get("service"):
            yield "input", "a spout has no input; remove it"
        if spec.body.get("autoscaling"):
            yield "autoscaling", "nothing from outside starts a spout; remove it"
        return
    yield from _one_input(spec.body.get("input"), "input", [])


def _one_input(body: Any, field: str, names: list[str]) -> Faults:
    kinds = [kind for kind in KINDS if mapping(body).get(kind)]
    if len(kinds) != 1:
        yield (
            field,
            f"there must be one of {', '.join(KINDS)}; there {'are' if kinds else 'is'} {_and(kinds)}",
        )
        return
    kind, field = kinds[0], f"{field}.{kinds[0]}"
    if kind == "pfs":
        yield from _pfs(body[kind], field)
    if kind in {"pfs", "cron"}:
        name = str(body[kind].get("name") or body[kind].get("repo") or "")
        if name in RESERVED or (not name and kind == "cron"):
            yield f"{field}.name", f"an input cannot be named '{name}'; write another"
        elif name in names:
            yield f"{field}.name", f"two inputs are named {name}; rename one"
        names.append(name)
        return
    for index, below in enumerate(body[kind]):
        yield from _one_input(below, f"{field}[{index}]", [] if kind == "union" else names)


def _pfs(body: Any, field: str) -> Faults:
    if not body.get("repo"):
        yield f"{field}.repo", "it does not say which repository; write it"
    if body.get("commit"):
        yield f"{field}.commit", "an input is a branch, not a commit; write branch"
    if not body.get("glob") and not body.get("s3"):
        yield f"{field}.glob", 'there is no glob; write "/" for the commit as a whole'
    if body.get("s3") and body.get("glob") != "/":
        yield f"{field}.glob", 'an input by S3 is a whole commit; write "/"'
    ways = [key for key in ("s3", "lazy", "emptyFiles") if body.get(key)]
    if len(ways) > 1:
        yield f"{field}.{ways[1]}", f"{_and(ways)} exclude each other; keep one"


def _pod(spec: Spec) -> Faults:
    for key, kind in (("podSpec", dict), ("podPatch", list)):
        text = spec.body.get(key)
        if text:
            try:
                good = isinstance(json.loads(text), kind)
            except ValueError:
                good = False
            if not good:
                yield key, f"it is no JSON {'object' if kind is dict else 'list of operations'}; fix it"
    for index, toleration in enumerate(spec.body.get("tolerations") or []):
        if toleration.get("operator", "EMPTY") == "EMPTY":
            yield f"tolerations[{index}].operator", "it is missing; write EQUAL or EXISTS"


def _settings(spec: Spec) -> Faults:
    reprocess = spec.body.get("reprocessSpec")
    if reprocess and reprocess not in REPROCESS:
        yield "reprocessSpec", f"{reprocess} is none of {', '.join(REPROCESS)}; write one of them"
    if spec.body.get("maximumExpectedUptime") and not spec.body.get("autoscaling"):
        yield "maximumExpectedUptime", "only a pipeline with autoscaling has one; remove it"


def _and(words: list[str]) -> str:
    return " and ".join(words) or "none"


CHECKS: tuple[Callable[[Spec], Faults], ...] = (_name, _transform, _input, _pod, _settings)
