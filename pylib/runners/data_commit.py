"""What a commit of data starts: a Job made of the CronJob `retrain`, from the worker of a Pachyderm pipeline.

Pachyderm runs the user's code once a commit, one commit after another (`parallelismSpec: {constant: 1}`),
with the commit's id in `<input>_COMMIT`. So what is committed while a training goes on queues up there, costs
no pod, and ends at once when its turn comes, unless it is the newest: that one is trained, with all that came
before it.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from pylib.errors import ConfigurationError, PipelineError
from pylib.kubernetes_api import CRON_JOBS, JOBS, Body, KubernetesApi, RefusedError
from pylib.runners.lease import PASSING
from pylib.store.pachd import Pachd
from pylib.store.pachyderm_branch import is_empty, newest
from pylib.store.protocol import CommitRef

CRON_JOB = "retrain"
COMMIT = "pylib/data-commit"
CONFLICT = 409
PATIENCE = 600.0
"""Seconds for which the API server may be away while a Job is followed."""


def start(
    data: str,
    environment: Mapping[str, str],
    *,
    namespace: str,
    listen: Callable[[str], None],
    poll_seconds: float = 10,
) -> str | None:
    """Train on the commit that Pachyderm gave this worker; the Job's name once it has succeeded.

    data: repository@branch; the pipeline's input has the repository's name
    None where the branch has a newer commit, which is next, or where the commit holds nothing.
    Raises PipelineError where the Job cannot be made or fails.
    """
    branch = CommitRef.parse(data)
    commit = environment.get(f"{branch.repository}_COMMIT")
    if not commit:
        raise ConfigurationError(
            f"{branch.repository}_COMMIT is not set: this runs in the worker of a Pachyderm pipeline"
            f" whose input is named {branch.repository}"
        )
    if reason := _needless(branch, commit):
        listen(reason)
        return None
    api = KubernetesApi()
    job = _make(api, namespace, CommitRef(branch.repository, commit), listen)
    _follow(api, namespace, job, poll_seconds)
    return job


def _needless(branch: CommitRef, commit: str) -> str:
    """Why nothing needs to be trained; empty where something does."""
    pachd = Pachd.from_environment()
    try:
        head = newest(pachd, branch.repository, branch.revision)
        if head and head != commit:
            return f"{branch.repository}@{commit} was followed by {head}, which is trained in its place"
        if is_empty(pachd, branch.repository, commit):
            return f"{branch.repository}@{commit} holds no file"
    finally:
        pachd.close()
    return ""


def job_of(cron_job: Body, commit: CommitRef) -> Body:
    """The Job that `kubectl create job --from=cronjob/…` would make, named after the commit.

    It belongs to the CronJob, whose history limits remove it.
    """
    template: dict[str, Any] = cron_job["spec"]["jobTemplate"]
    metadata = template.get("metadata") or {}
    made = {"cronjob.kubernetes.io/instantiate": "manual", COMMIT: str(commit)}
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "controller": True}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{cron_job['metadata']['name']}-{commit.revision}",
            "namespace": cron_job["metadata"]["namespace"],
            "labels": metadata.get("labels") or {},
            "annotations": {**(metadata.get("annotations") or {}), **made},
            "ownerReferences": [{**owner, **{key: cron_job["metadata"][key] for key in ("name", "uid")}}],
        },
        "spec": template["spec"],
    }


def _make(api: KubernetesApi, namespace: str, commit: CommitRef, listen: Callable[[str], None]) -> str:
    """Make the Job, or find the one that this worker made before it was started anew."""
    cron_job = api.get(CRON_JOBS.format(namespace), CRON_JOB)
    if cron_job is None:
        raise PipelineError(f"there is no CronJob {namespace}/{CRON_JOB}; it comes with cluster-conf/retrain")
    body = job_of(cron_job, commit)
    name: str = body["metadata"]["name"]
    try:
        api.create(JOBS.format(namespace), body)
        listen(f"Job {namespace}/{name} was made for {commit}")
    except RefusedError as error:
        if error.status != CONFLICT:
            raise
        listen(f"Job {namespace}/{name} is there already")
    return name


def _follow(api: KubernetesApi, namespace: str, name: str, poll_seconds: float) -> None:
    answered = time.monotonic()
    while True:
        try:
            job = api.get(JOBS.format(namespace), name)
            answered = time.monotonic()
        except PipelineError as error:
            passing = not isinstance(error, RefusedError) or error.status in PASSING
            if not passing or time.monotonic() - answered > PATIENCE:
                raise
        else:
            if job is None:
                raise PipelineError(f"Job {namespace}/{name} was removed before it ended")
            if _has_ended(job):
                return
        time.sleep(poll_seconds)


def _has_ended(job: Body) -> bool:
    """Whether it succeeded. Raises PipelineError where it failed."""
    for condition in (job.get("status") or {}).get("conditions") or []:
        if condition.get("status") == "True" and condition["type"] in {"Complete", "Failed"}:
            if condition["type"] == "Complete":
                return True
            namespace, name = (job["metadata"][key] for key in ("namespace", "name"))
            raise PipelineError(
                f"Job {namespace}/{name} failed: {condition.get('message') or condition.get('reason')};"
                f" `kubectl logs -n {namespace} job/{name}` says why"
            )
    return False
