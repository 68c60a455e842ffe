"""Where a task runs on a cluster, and what it is given there: its share of a node, GPUs, settings, keys.

The local runner ignores all of it, so a pipeline says it once. A task gets the settings and keys that it
uses, in its own container, and no others.
"""

from kfp import kubernetes
from kfp.dsl import PipelineTask

from pylib.provenance.tries import NODE

CONFIG = "pylib"
"""The ConfigMap in the profile's namespace that says where things are kept on this cluster."""

STEP_STORE = "step-store", ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL")
RELEASE_GIT = "release-git", ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0")
"""Secrets by name and keys: of the buckets of data and released models, and what a release is pushed with."""


def allocate(
    task: PipelineTask,
    *,
    cpu: str,
    memory: str,
    memory_limit: str,
    hours: float,
    retries: int = 1,
    cached: bool = True,
) -> PipelineTask:
    """Give a task its place and its time.

    `cpu` and `memory` are what it needs at least, so that a small node takes it; without a limit it uses
    the processors that are idle, and memory up to `memory_limit`. `retries` help with an eviction, a drained
    node, a store that was down. A step that cannot succeed ends its later tries at once
    (pylib.provenance.tries), and 0 is for what must not happen twice. The limit in `hours` is given to the
    step itself as well, because Kubeflow Pipelines 2.16 ignores the deadline it compiles.
    """
    task.set_cpu_request(cpu).set_memory_request(memory).set_memory_limit(memory_limit)
    task.set_env_variable("PYLIB_STEP_HOURS", f"{hours:g}")
    kubernetes.set_timeout(task, int(hours * 3600))
    task.set_caching_options(enable_caching=cached)
    if retries:
        task.set_retry(num_retries=retries, backoff_duration="30s", backoff_factor=2)
        kubernetes.use_field_path_as_env(
            task, NODE, "metadata.annotations['workflows.argoproj.io/node-name']"
        )
    return task


def on_gpus(task: PipelineTask, gpus: str) -> None:
    """As many GPUs as a pipeline's parameter says, and the nodes that have them; "0" runs anywhere.

    The parameter is text because Kubeflow Pipelines 2.16 takes a number for nothing and then asks for no
    GPU at all (backend/src/v2/driver: resolvePodSpecInputRuntimeParameter reads strings only).
    """
    task.set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(gpus)
    kubernetes.add_toleration(task, key="nvidia.com/gpu", operator="Exists", effect="NoSchedule")


def reads_data(task: PipelineTask) -> None:
    """Where the versioned data is, and the keys of a store that asks for some."""
    _settings(task, "PYLIB_STORE")
    _keys(task, *STEP_STORE)


def keeps_features(task: PipelineTask) -> None:
    """Where the features of images are kept, beside the released models, and where weights may come from."""
    reads_data(task)
    _settings(task, "PYLIB_ARTIFACTS")


def logs_runs(task: PipelineTask) -> None:
    """MLflow's address, on a cluster that has it: of what writes a run, or registers a model."""
    _settings(task, "MLFLOW_TRACKING_URI", optional=True)


def uses_models(task: PipelineTask) -> None:
    """Where judged models are kept, and the keys of that store: of what reads one, or registers it."""
    _settings(task, "PYLIB_ARTIFACTS")
    _keys(task, *STEP_STORE)


def releases(task: PipelineTask) -> None:
    """The data that a model learned from, where it is released to, and what pushes it: no other task's."""
    reads_data(task)
    _settings(task, "PYLIB_ARTIFACTS", "PYLIB_RELEASE_SOURCE")
    _keys(task, *RELEASE_GIT)


def searches(task: PipelineTask) -> None:
    """Where it creates Experiments: in the namespace that it runs in; and how many GPUs a trial gets."""
    kubernetes.use_field_path_as_env(task, "PYLIB_KATIB_NAMESPACE", "metadata.namespace")
    _settings(task, "PYLIB_GPUS", optional=True)


def _settings(task: PipelineTask, *names: str, optional: bool = False) -> None:
    kubernetes.use_config_map_as_env(task, CONFIG, {name: name for name in names}, optional=optional)


def _keys(task: PipelineTask, secret: str, keys: tuple[str, ...]) -> None:
    kubernetes.use_secret_as_env(task, secret, {key: key for key in keys}, optional=True)
