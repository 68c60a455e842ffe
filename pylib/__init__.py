"""From images to a served, traceable model: the library that every pipeline, sweep and server calls."""

import os

# TensorFlow reads these once, at its import, wherever that happens first.
# It decides by the processor whether to use oneDNN's kernels, which changes results in the last bits; always
# on, a convolution's gradients are a third faster where it would be off.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# Its log of what it found on the machine is not what a person asked for; warnings and errors stay.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
