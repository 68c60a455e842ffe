"""How many processors this process may use: those of its control group, not those of the machine."""

import math
import os
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


def _folders(groups: Path, of_process: Path) -> list[Path]:
    """Where a limit may stand: the group of the process and all above it, in both versions' places."""
    found = [groups, groups / "cpu", groups / "cpu,cpuacct"]
    try:
        lines = of_process.read_text().splitlines()
    except OSError:
        return found
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") > 1):
        if controllers and "cpu" not in controllers.split(","):
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
