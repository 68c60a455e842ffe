"""Augmentation: stateless changes of images and of what is aligned with them, the same on any machine.

A task's objective decides what of an item is changed: `draw_change` gives one random change, which it applies
to the image, and to a mask where there is one.
"""

import math
from typing import NamedTuple

import tensorflow as tf

# The full range of each change, at strength 1.
_ROTATION = math.radians(15)
_SCALE = 0.28
_SHIFT = 0.1
_BRIGHTNESS = 20.0
_CONTRAST = 0.3
_SATURATION = 0.35


def item_seed(seed: int, epoch: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """Return the seed, int32 [2], of one item in one epoch; epoch and index are integer scalars."""
    base = tf.constant([seed & 0x7FFFFFFF, 0], tf.int32)
    with_epoch = tf.random.experimental.stateless_fold_in(base, tf.cast(epoch, tf.int32))
    return tf.random.experimental.stateless_fold_in(with_epoch, tf.cast(index, tf.int32))


class Change(NamedTuple):
    """One random change of place and colour; see `draw_change`.

    transform: float32 [8], from output to input coordinates, as ImageProjectiveTransformV3 takes it
    colours: scalars in [-1,1) for brightness, contrast, saturation
    """

    transform: tf.Tensor
    colours: list[tf.Tensor]
    strength: float

    def of_image(self, image: tf.Tensor) -> tf.Tensor:
        """Move (bilinear) and recolour an image, uint8 [H,W,3] in [0,255]; the same shape and dtype."""
        moved = _project(tf.cast(image, tf.float32), self.transform, "BILINEAR")
        return _recolour(moved, self.colours, self.strength)

    def of_labels(self, labels: tf.Tensor, outside: int | None = None) -> tf.Tensor:
        """Move a map of class indices, uint8 [H,W], which gains no value that was not in it (nearest).

        outside: the value of what comes from outside of it; None mirrors it in, as the image is
        """
        return _project(labels[..., tf.newaxis], self.transform, "NEAREST", outside)[..., 0]


def draw_change(shape: tf.Tensor, seed: tf.Tensor, strength: float) -> Change:
    """Draw a flip, a turn, a scale, a shift, and other colours.

    shape: int32, begins with H and W; seed: int32 [2], see `item_seed`; strength: in (0,1], 1 is the full
    range.
    """
    draws = tf.unstack(tf.random.stateless_uniform([8], seed, -1.0, 1.0))
    return Change(_transform(shape, draws[:5], strength), draws[5:], strength)


def _transform(shape: tf.Tensor, draws: list[tf.Tensor], strength: float) -> tf.Tensor:
    """Return float32 [8], from output to input coordinates, as ImageProjectiveTransformV3 takes it."""
    flip, turn, scale, shift_y, shift_x = draws
    height, width = (tf.cast(side, tf.float32) for side in (shape[0], shape[1]))
    angle = turn * _ROTATION * strength
    factor = tf.exp(scale * math.log1p(_SCALE) * strength)
    mirror = tf.where(flip > 0, 1.0, -1.0)
    cosine, sine = tf.cos(angle) * factor, tf.sin(angle) * factor
    a, b, c, d = cosine * mirror, -sine, sine * mirror, cosine
    centre_y, centre_x = (height - 1) / 2, (width - 1) / 2
    offset_x = centre_x - a * centre_x - b * centre_y + shift_x * _SHIFT * strength * width
    offset_y = centre_y - c * centre_x - d * centre_y + shift_y * _SHIFT * strength * height
    return tf.stack([a, b, offset_x, c, d, offset_y, 0.0, 0.0])


def _project(
    image: tf.Tensor, transform: tf.Tensor, interpolation: str, outside: int | None = None
) -> tf.Tensor:
    """Move one image [H,W,C]; what comes from outside is this value or, of None, mirrored in."""
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=image[tf.newaxis],
        transforms=transform[tf.newaxis],
        output_shape=tf.shape(image)[:2],
        fill_value=float(outside or 0),
        interpolation=interpolation,
        fill_mode="REFLECT" if outside is None else "CONSTANT",
    )
    return tf.ensure_shape(moved[0], image.shape)


def _recolour(image: tf.Tensor, draws: list[tf.Tensor], strength: float) -> tf.Tensor:
    brightness, contrast, saturation = draws
    grey = tf.reduce_mean(image, axis=-1, keepdims=True)
    image = grey + (image - grey) * (1 + saturation * _SATURATION * strength)
    mean = tf.reduce_mean(image)
    image = mean + (image - mean) * (1 + contrast * _CONTRAST * strength)
    return tf.saturate_cast(tf.round(image + brightness * _BRIGHTNESS * strength), tf.uint8)
