"""A pipeline that starts retraining: once a commit, with the newest one, and without a copy of the data."""

from preflight.findings import Faults
from preflight.platform.bringing import whole
from preflight.platform.pachyderm_specs import Spec, mapping
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.rules.pachyderm.spec_schema import sound

START = ["pylib", "retrain", "start"]
CRON_JOB = "retrain"
NAMESPACE = "--namespace="


@rule(
    "pachyderm-commit",
    "retraining starts once a file, twice at once, on other data, or after a useless download",
    of=sound,
)
def pachyderm_commit(render: Render, spec: Spec) -> Faults:
    """What `pylib retrain start` is told is what Pachyderm gives it, once for each commit."""
    if spec.command[:3] == START:
        yield from [*_datum(spec), *_order(spec), *_target(render, spec)]


def _datum(spec: Spec) -> Faults:
    """One datum, which is the commit."""
    if not spec.pfs:
        yield "input", "retraining follows one branch of one repository; write one pfs input"
        return
    if spec.pfs.get("glob") != "/":
        yield (
            "input.pfs.glob",
            f"{spec.pfs.get('glob')} makes many datums of a commit, and each trains; write /",
        )
    if not spec.pfs.get("emptyFiles"):
        yield (
            "input.pfs.emptyFiles",
            "each worker downloads the whole commit, and nobody reads it; set it to true",
        )
    repository, _, branch = spec.command[3].partition("@") if len(spec.command) > 3 else ("", "", "")  # noqa: PLR2004
    for key, told in (("name", repository), ("repo", repository), ("branch", branch)):
        default = repository if key == "name" and spec.pfs.get("repo") == repository else "master"
        if str(spec.pfs.get(key) or default) != told:
            yield (
                f"input.pfs.{key}",
                f"the command says {told or 'nothing'}, and this is another; write the same",
            )


def _order(spec: Spec) -> Faults:
    """One commit after another, so that of those which wait only the newest is trained."""
    if mapping(spec.body.get("parallelismSpec")).get("constant", 1) != 1:
        yield "parallelismSpec.constant", "two workers take two commits at once; write 1"


def _target(render: Render, spec: Spec) -> Faults:
    """The CronJob that it starts is there."""
    spaces = [word.removeprefix(NAMESPACE) for word in spec.command if word.startswith(NAMESPACE)]
    if len(spaces) != 1:
        yield "transform.cmd", f"it does not say whose CronJob it starts; write {NAMESPACE}NAME"
    elif whole(render, spaces[0]) and not render.by_key.get(("batch", "CronJob", spaces[0], CRON_JOB)):
        yield "transform.cmd", f"there is no CronJob {spaces[0]}/{CRON_JOB}; name the profile that has it"
