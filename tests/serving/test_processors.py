"""The limits of a pod, in both versions of control groups, as the kernel writes them."""

import os
import re
from pathlib import Path

import pytest

from pylib.serving import processors

HERE = len(os.sched_getaffinity(0))


def write(folder: Path, files: dict[str, str], group: str) -> None:
    """A kernel's files of control groups, and of the groups of a process."""
    for name, text in {**files, "group": group}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text + "\n")


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
    write(tmp_path, files, group)
    assert processors.available(tmp_path, tmp_path / "group") == min(HERE, limit)
    assert processors.available() >= 1


@pytest.mark.parametrize(
    ("files", "group", "limit"),
    [
        ({"memory.max": "1610612736"}, "0::/", 1536 * 2**20),
        ({"memory.max": "max"}, "0::/", 2**62),
        ({"kubepods/memory.max": "1000000", "kubepods/pod1/memory.max": "max"}, "0::/kubepods/pod1", 10**6),
        ({"memory/pod1/memory.limit_in_bytes": "9999"}, "4:memory:/pod1\n3:cpu:/pod1", 9999),
        ({"memory/memory.limit_in_bytes": "9223372036854771712"}, "4:memory:/", 2**62),
        ({}, "", 2**62),
    ],
)
def test_memory_is_the_smallest_limit_above(
    tmp_path: Path, files: dict[str, str], group: str, limit: int
) -> None:
    write(tmp_path, files, group)
    machine = 1024 * int(re.findall(r"MemTotal: *(\d+)", Path("/proc/meminfo").read_text())[0])
    assert processors.memory(tmp_path, tmp_path / "group") == min(machine, limit)
