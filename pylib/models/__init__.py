"""Architectures: U-Net and its encoders; what a model is made of, and how it is stored."""
