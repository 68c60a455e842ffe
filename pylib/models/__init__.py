"""Architectures: backbones by name, U-Net on two of them; what a model is made of, and how it is stored."""
