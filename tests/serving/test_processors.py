"""The CPU limit of a pod, in both versions of control groups, as the kernel writes them."""

import os
import subprocess
from pathlib import Path

import pytest

from pylib.serving import local, processors

HERE = len(os.sched_getaffinity(0))
ROOT = Path(__file__).parents[2]
THREADS = """
from pathlib import Path
from pylib.serving.host import options
print(options("", Path("none")).threads)
"""


@pytest.mark.parametrize(
    ("files", "group", "limit"),
    [
        ({"cpu.max": "100000 100000"}, "0::/", 1),
        ({"cpu.max": "150000 100000"}, "0::/", 2),
        ({"cpu.max": "max 100000"}, "0::/", 10**6),
        ({"kubepods/pod1/cpu.max": "50000 100000"}, "0::/kubepods/pod1/container", 1),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu:/", 1),
        ({"cpu,cpuacct/a/cpu.cfs_quota_us": "90000", "cpu,cpuacct/a/cpu.cfs_period_us": "100000"},
         "4:cpu,cpuacct:/a", 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu:/", 10**6),
        ({"cpu.max": "nonsense"}, "", 10**6),
    ],
)  # fmt: skip
def test_processors_are_as_many_as_the_limit_rounded_up(
    tmp_path: Path, files: dict[str, str], group: str, limit: int
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    (tmp_path / "group").write_text(group + "\n")
    assert processors.available(tmp_path, tmp_path / "group") == min(HERE, limit)
    assert processors.available() >= 1


@pytest.mark.parametrize(
    ("told", "threads"), [({}, processors.available() + 1), ({"SERVING_THREADS": "7"}, 7)]
)
def test_a_server_has_a_thread_more_than_processors_unless_it_is_told(
    told: dict[str, str], threads: int
) -> None:
    kept = {
        key: value for key, value in os.environ.items() if key not in {"SERVING_THREADS", "GUNICORN_WORKERS"}
    }
    command = [str(local.serving_python()), "-c", THREADS]
    done = subprocess.run(command, env={**kept, **told}, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) == threads
