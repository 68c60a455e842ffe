"""Threads, seeds, and the instruction set, which the environment outside does not change."""

import os
import subprocess
import sys

import pytest

from pylib import THREADS
from pylib.processor import UNKNOWN, best_instructions, instructions

PINNED = """
import tensorflow as tf
from pylib.errors import ConfigurationError
from pylib.training.determinism import pin_threads
assert pin_threads(3) == 3
assert tf.config.threading.get_intra_op_parallelism_threads() == 3
assert tf.config.threading.get_inter_op_parallelism_threads() == 3
tf.zeros(()).numpy()
assert pin_threads(3) == 3
try:
    pin_threads(5)
except ConfigurationError as error:
    print(error)
"""

# What a person's shell or a pod's template may hold: each may change the bits where it gets through.
OUTSIDE = {
    "ONEDNN_MAX_CPU_ISA": "AVX512_CORE",
    "DNNL_MAX_CPU_ISA": "AVX512_CORE",
    "ONEDNN_DEFAULT_FPMATH_MODE": "ANY",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit",
    "TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL": "0",
}

X86 = pytest.mark.skipif(best_instructions() == UNKNOWN, reason="instruction sets of x86-64, read on Linux")
NAMES = {
    "SSE41": "Intel SSE4.1",
    "AVX": "Intel AVX",
    "AVX2": "Intel AVX2",
    "AVX512_CORE": "Intel AVX-512",
    "AVX512_CORE_AMX": "Intel AVX-512",
}

# oneDNN says itself what it takes: `onednn_verbose,v1,info,cpu,isa:Intel AVX2`.
ASKED = """
import sys
from pylib.training.config import training_config
from pylib.training.environment import prepare_environment
import tensorflow as tf
found = prepare_environment(training_config("segmentation", deterministic=sys.argv[1] == "deterministic"))
images, kernel = tf.ones((1, 32, 32, 16)), tf.ones((3, 3, 16, 16))
tf.nn.conv2d(images, kernel, 1, "SAME").numpy()
print(found.cap, found.instructions, found.processor, found.threads, found.onednn)
"""


def asked(kind, **outside):
    """What oneDNN takes, and what is recorded of it."""
    environment = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
    environment |= {"ONEDNN_VERBOSE": "1", **outside}
    done = subprocess.run(
        [sys.executable, "-c", ASKED, kind], env=environment, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    return next(line for line in lines if "cpu,isa:" in line).rpartition(":")[2], lines[-1].split()


def test_threads_are_pinned_before_the_first_operation_and_never_changed_in_silence() -> None:
    done = subprocess.run([sys.executable, "-c", PINNED], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("threads=5: TensorFlow already runs with 3")
    assert done.stdout.count("\n") == 1


@X86
def test_the_default_is_in_force_from_the_first_operation_on() -> None:
    code = (
        "import glob, pathlib, pylib, tensorflow as tf; from pylib.training.determinism import pin_threads;"
        "tf.zeros(()).numpy();"
        "names = [pathlib.Path(name).read_text().strip() for name in glob.glob('/proc/self/task/*/comm')];"
        f"print(pin_threads({THREADS}), names.count('tf_Compute'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{THREADS} {THREADS}\n"  # as the kernel counts them


@X86
@pytest.mark.parametrize("outside", [{}, OUTSIDE, {"ONEDNN_MAX_CPU_ISA": "AVX"}], ids=["", "more", "less"])
def test_a_deterministic_run_is_held_to_avx2_whatever_the_environment_says(outside) -> None:
    taken, recorded = asked("deterministic", **outside)
    assert taken.strip() == NAMES[instructions()]
    assert recorded == ["AVX2", instructions(), best_instructions(), str(THREADS), "True"]


@X86
def test_a_run_that_is_not_deterministic_takes_the_best_that_there_is() -> None:
    taken, recorded = asked("not deterministic")
    assert taken.startswith(NAMES[best_instructions()])
    assert recorded[:3] == ["None", best_instructions(), best_instructions()]
