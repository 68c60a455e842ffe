"""The processor at hand: its name, its best x86 instruction set, and the one that results depend on."""

import functools
import platform
from pathlib import Path

from pylib import INSTRUCTIONS

UNKNOWN = "unknown"
"""What is said of a processor that is not x86-64, or not on Linux."""

# By oneDNN's names, upwards: https://uxlfoundation.github.io/oneDNN/dev_guide_cpu_dispatcher_control.html
_SETS = {
    "SSE41": {"sse4_1"},
    "AVX": {"avx"},
    "AVX2": {"avx2", "fma"},
    "AVX512_CORE": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "AVX512_CORE_AMX": {"amx_tile", "amx_int8", "amx_bf16"},
}
_CPUINFO = Path("/proc/cpuinfo")


def best_instructions(cpuinfo: Path = _CPUINFO) -> str:
    """Return the best instruction set that the processor has, by oneDNN's name."""
    flags = set(_fields(cpuinfo).get("flags", "").split())
    return next((name for name in reversed(_SETS) if _SETS[name] <= flags), UNKNOWN)


def instructions(cpuinfo: Path = _CPUINFO) -> str:
    """Return the instruction set in force under the cap: the cap's, or a lower one that is all there is."""
    best = best_instructions(cpuinfo)
    return min(best, INSTRUCTIONS, key=list(_SETS).index) if best in _SETS else best


def model_name(cpuinfo: Path = _CPUINFO) -> str:
    """Return the name that the processor gives itself."""
    return _fields(cpuinfo).get("model name") or platform.processor() or platform.machine() or UNKNOWN


def shortfall(cpuinfo: Path = _CPUINFO) -> str:
    """Say in one line why models of this machine differ from those of others; empty where they do not."""
    found = instructions(cpuinfo)
    if found == INSTRUCTIONS:
        return ""
    has = f"has {found}" if found in _SETS else "is not known to be an x86-64 one"
    return f"the processor {has}, not {INSTRUCTIONS}: its models are not those of other machines, bit for bit"


@functools.cache
def _fields(cpuinfo: Path) -> dict[str, str]:
    try:
        first, _, _ = cpuinfo.read_text().partition("\n\n")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}
