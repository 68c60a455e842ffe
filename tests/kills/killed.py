"""What came of kills: what was acknowledged before, and how often something was cut off."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Killed:
    """kills: by SIGKILL; cut_off: those that left something without an answer; acknowledged: what had one."""

    kills: int = 0
    cut_off: int = 0
    acknowledged: dict[str, Any] = field(default_factory=dict)
