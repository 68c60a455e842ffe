"""How many processors, and bytes, this process may use: those of its control group, not of the machine."""

import math
import os
from contextlib import suppress
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OF_PROCESS = Path("/proc/self/cgroup")


def available(groups: Path = _GROUPS, of_process: Path = _OF_PROCESS) -> int:
    """Whole processors, at least 1: the CPU limit of the pod rounded up, or what the scheduler allows.

    A container sees its own group at the top of the file system, or, where it shares the machine's view,
    below it. Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files, and for version
    1 https://docs.kernel.org/scheduler/sched-bwc.html.
    """
    schedulable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [limit for folder in _folders(groups, of_process) if (limit := _limit(folder))]
    return max(1, min([schedulable, *(math.ceil(limit) for limit in limits)]))


def memory(groups: Path = _GROUPS, of_process: Path = _OF_PROCESS) -> int:
    """Bytes: the memory limit of the pod, or what the machine has.

    Sources: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files, and for version 1
    https://docs.kernel.org/admin-guide/cgroup-v1/memory.html.
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [limit for folder in _folders(groups, of_process, "memory") if (limit := _bytes(folder))]
    return min([machine, *limits])


def _bytes(folder: Path) -> int | None:
    for name in ("memory.max", "memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            return int((folder / name).read_text())
    return None


def _folders(groups: Path, of_process: Path, controller: str = "cpu") -> list[Path]:
    """Where a limit may stand: the group of the process and all above it, in both versions' places."""
    found = [groups, groups / controller, groups / "cpu,cpuacct"]
    try:
        lines = of_process.read_text().splitlines()
    except OSError:
        return found
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") > 1):
        if controllers and controller not in controllers.split(","):
            continue
        top, inside = groups / controllers, Path(path.strip("/"))
        found += [top / part for part in (inside, *inside.parents)]
    return found


def _limit(folder: Path) -> float | None:
    """Processors that a group's quota stands for; None where it has none."""
    try:
        if (folder / "cpu.max").is_file():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text().strip()
        return int(quota) / int(period) if quota.isdecimal() else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
