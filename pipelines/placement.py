"""Where a task runs on a cluster: its share of a node, GPUs, tolerations, retries, settings.

The local runner ignores all of it, so a pipeline says it once.
"""

from kfp import kubernetes
from kfp.dsl import PipelineTask

SETTINGS = {name: name for name in ("PYLIB_STORE", "PYLIB_ARTIFACTS", "PYLIB_RELEASE_SOURCE")}
"""Keys of the ConfigMap `pylib` in the profile's namespace, which say where things are kept there."""


def place(
    task: PipelineTask,
    *,
    cpu: str,
    memory: str,
    hours: float,
    gpus: int = 0,
    retries: int = 2,
    cached: bool = True,
) -> PipelineTask:
    """Give a task its place and its time.

    `retries` is for nodes that vanish, so 0 for what must not happen twice. The limit in `hours` is
    given to the step itself as well, because Kubeflow Pipelines 2.16 ignores the deadline it compiles.
    """
    task.set_cpu_request(cpu).set_memory_request(memory).set_memory_limit(memory)
    task.set_env_variable("PYLIB_STEP_HOURS", f"{hours:g}")
    kubernetes.set_timeout(task, int(hours * 3600))
    task.set_caching_options(enable_caching=cached)
    if retries:
        task.set_retry(num_retries=retries, backoff_duration="30s", backoff_factor=2)
    kubernetes.use_config_map_as_env(task, "pylib", SETTINGS)
    if gpus:
        task.set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(gpus)
        kubernetes.add_toleration(task, key="nvidia.com/gpu", operator="Exists", effect="NoSchedule")
    return task
