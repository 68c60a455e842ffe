"""What is said of a processor, by /proc/cpuinfo as real machines have it."""

import pytest

from pylib import processor

V2 = "fpu sse sse2 ssse3 cx16 sse4_1 sse4_2 popcnt"
AVX = f"{V2} avx"
V3 = f"{AVX} f16c fma bmi1 bmi2 avx2 abm movbe"
V4 = f"{V3} avx512f avx512dq avx512cd avx512bw avx512vl"
X86 = "processor\t: 0\nmodel name\t: Some Processor @ 2.0GHz\nflags\t\t: %s\nbugs\t\t:\n"
ARM = "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd evtstrm aes sve\nCPU implementer\t: 0x41\n"


@pytest.fixture
def cpuinfo(tmp_path):
    def write(text):
        path = tmp_path / "cpuinfo"
        path.write_text(f"{text}\n{text}")  # two cores
        return path

    return write


@pytest.mark.parametrize(
    ("flags", "best", "in_force"),
    [
        (V2, "SSE41", "SSE41"),
        (AVX, "AVX", "AVX"),
        (V3, "AVX2", "AVX2"),
        (V4, "AVX512_CORE", "AVX2"),
        (f"{V4} amx_bf16 amx_tile amx_int8", "AVX512_CORE_AMX", "AVX2"),
        ("fpu sse", "unknown", "unknown"),
    ],
)
def test_the_cap_holds_what_is_above_it(cpuinfo, flags, best, in_force):
    path = cpuinfo(X86 % flags)
    assert processor.best_instructions(path) == best
    assert processor.instructions(path) == in_force
    assert processor.model_name(path) == "Some Processor @ 2.0GHz"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (X86 % V3, ""),
        (X86 % V4, ""),
        (X86 % AVX, "has AVX, not AVX2"),
        (ARM, "not known to be an x86-64 one"),
    ],
)
def test_a_machine_without_it_is_told_so_in_one_line(cpuinfo, text, says):
    said = processor.shortfall(cpuinfo(text))
    assert says in said
    assert bool(said) == bool(says)
    assert "\n" not in said


def test_where_there_is_no_such_file_nothing_is_claimed(tmp_path):
    nowhere = tmp_path / "none"
    assert processor.best_instructions(nowhere) == processor.instructions(nowhere) == "unknown"
    assert processor.model_name(nowhere)
    assert processor.shortfall(nowhere)
