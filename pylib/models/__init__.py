"""Architectures: U-Net and its encoders."""
