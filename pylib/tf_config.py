"""TF_CONFIG: the processes that train one model together, as the Training Operator tells the pods of a TFJob.

https://www.tensorflow.org/guide/distributed_training#setting_up_the_tf_config_environment_variable
"""

import json
import os
import re
from collections.abc import Sequence

from pylib.errors import ConfigurationError, one_line

TF_CONFIG = "TF_CONFIG"
_ADDRESS = re.compile(r"\S+:\d{1,5}", re.ASCII)
CHIEF, WORKER = "chief", "worker"


def worker_count() -> int:
    """How many processes train, the chief among them; 1 without TF_CONFIG.

    Raises ConfigurationError where it names no such processes, or others than a chief and workers.
    """
    config = os.environ.get(TF_CONFIG)
    if not config:
        return 1
    try:
        told = json.loads(config)
        cluster = {task: list(addresses) for task, addresses in told["cluster"].items()}
        task, index = str(told["task"]["type"]), int(str(told["task"]["index"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        said = f"{type(error).__name__}: {one_line(error)}"
        raise ConfigurationError(f"{TF_CONFIG}: no JSON with cluster and task ({said}); unset it") from error
    if other := sorted({*cluster, task} - {CHIEF, WORKER}):
        raise ConfigurationError(f"{TF_CONFIG}: {other[0]}: all train alike; have a Chief and Workers only")
    if not 0 <= index < len(cluster.get(task, ())) or len(cluster.get(CHIEF, ())) > 1:
        raise ConfigurationError(
            f"{TF_CONFIG}: {task} {index} is none of its cluster's, or there are two chiefs"
        )
    listed = [each for addresses in cluster.values() for each in addresses]
    for each in listed:
        if not isinstance(each, str) or not _ADDRESS.fullmatch(each) or listed.count(each) > 1:
            raise ConfigurationError(f"{TF_CONFIG}: {each!r}: give each process a host:port of its own")
    return len(listed)


def tf_config(addresses: Sequence[str], index: int) -> str:
    """Return the value for one of these processes, host:port each, the chief first."""
    cluster = {CHIEF: list(addresses[:1]), WORKER: list(addresses[1:])}
    task = {"type": WORKER, "index": index - 1} if index else {"type": CHIEF, "index": 0}
    return json.dumps({"cluster": cluster, "task": task, "environment": "cloud"})
