"""What a server takes of the machine: all processes of the group that it was started in."""

import os
import re
from pathlib import Path


def processes(pid: int) -> list[Path]:
    """Their folders in /proc."""
    return [each for each in Path("/proc").glob("[0-9]*") if _group(each) == pid]


def memory(pid: int) -> int:
    """Bytes; of what several of them share, each has its part."""
    texts = [(each / "smaps_rollup").read_text() for each in processes(pid)]
    return sum(
        1024 * int(found) for text in texts for found in re.findall(r"^Pss: *(\d+)", text, re.MULTILINE)
    )


def descriptors(pid: int) -> int:
    """Open files and connections."""
    return sum(len(list((each / "fd").iterdir())) for each in processes(pid))


def _group(process: Path) -> int:
    try:
        return os.getpgid(int(process.name))
    except ProcessLookupError:
        return 0
