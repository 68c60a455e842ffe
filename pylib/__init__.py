"""From images to a served, traceable model: the library that every pipeline, sweep and server calls."""

import os

INSTRUCTIONS = "AVX2"
"""The x86 instruction set that kernels are held to, by oneDNN's name: a part of what the bits depend on."""

BLAS = "Haswell"
"""OpenBLAS' kernels for that instruction set, by its own name; not asked for where the processor has less."""

THREADS = 4
"""TensorFlow's, unless a run says otherwise: sums are split over them, so bits depend on the number, which is
therefore never the machine's. On two cores four are as fast as two, and cost no more of them; eight do."""

# What TensorFlow, OpenBLAS and NumPy compute with, the same on every machine, and so not for the environment
# to change: it would change the bits of a model in silence. A run's configuration is where a person asks for
# something else. Most are read once, at a library's import or its first operation, wherever that is.
os.environ |= {
    # Else TensorFlow decides by the processor; a convolution's gradients are a third faster with it.
    "TF_ENABLE_ONEDNN_OPTS": "1",
    # oneDNN and TensorFlow's matrix kernels, which are oneDNN's, choose by the processor below this.
    "ONEDNN_MAX_CPU_ISA": INSTRUCTIONS,
    "ONEDNN_DEFAULT_FPMATH_MODE": "STRICT",
    "TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL": "1",
    # XLA compiles for the processor at hand.
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=-1",
    "TF_NUM_INTRAOP_THREADS": str(THREADS),
    "TF_NUM_INTEROP_THREADS": str(THREADS),
    # What heads are fitted with: NumPy without what is above AVX2 (by the names that NumPy 2.4 has; another
    # version ignores those that it does not know).
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}
# NumPy's and SciPy's OpenBLAS chooses by the processor too, as it is loaded: with AVX-512 sums come out
# otherwise. It takes what it is told, also where that cannot run.
from pylib import processor  # noqa: E402  # it reads what is said above

if processor.instructions() == INSTRUCTIONS:
    os.environ["OPENBLAS_CORETYPE"] = BLAS
# TensorFlow's log of what it found on the machine is not what a person asked for; warnings and errors stay.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
