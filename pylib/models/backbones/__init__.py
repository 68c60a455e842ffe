"""Backbones by name, from keras.applications: one table, what builds them, and what finds their weights.

Nothing here imports Keras before a model is built or weights are downloaded.
"""

from pylib.models.backbones.first_weights import find_weights
from pylib.models.backbones.network import FEATURES, PIXELS, build_backbone
from pylib.models.backbones.table import BACKBONES, Backbone, check_imagenet, find_backbone

__all__ = [
    "BACKBONES",
    "FEATURES",
    "PIXELS",
    "Backbone",
    "build_backbone",
    "check_imagenet",
    "find_backbone",
    "find_weights",
]
