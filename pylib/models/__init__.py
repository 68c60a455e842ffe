"""Architectures: U-Net and its encoders."""

import os

# TensorFlow decides by the processor whether to use oneDNN's kernels, which changes results in the last bits;
# always on, a convolution's gradients are a third faster where it would be off. Read once, at its import.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
