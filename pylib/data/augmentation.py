"""Augmentation: one stateless transform for an image and its mask, the same on any machine and thread."""

import math

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


def augment(
    image: tf.Tensor, mask: tf.Tensor, seed: tf.Tensor, strength: float = 1.0
) -> tuple[tf.Tensor, tf.Tensor]:
    """Flip, turn, scale and shift both; change the colours of the image only.

    image: uint8 [H,W,3] in [0,255]; mask: uint8 [H,W] class indices; seed: int32 [2], see `item_seed`.
    strength: 0 changes nothing, 1 is the full range. Returns the same shapes and dtypes; the mask holds no
    value that was not in it (nearest neighbour), and both go through one projective transform.
    """
    if strength == 0:
        return image, mask
    draws = tf.unstack(tf.random.stateless_uniform([8], seed, -1.0, 1.0))
    transform = _transform(tf.shape(mask), draws[:5], strength)
    moved = _project(tf.cast(image, tf.float32), transform, "BILINEAR")
    return _recolour(moved, draws[5:], strength), _project(mask[..., tf.newaxis], transform, "NEAREST")[
        ..., 0
    ]


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


def _project(image: tf.Tensor, transform: tf.Tensor, interpolation: str) -> tf.Tensor:
    """Move one image [H,W,C]; what comes from outside is mirrored in, for image and mask alike."""
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=image[tf.newaxis],
        transforms=transform[tf.newaxis],
        output_shape=tf.shape(image)[:2],
        fill_value=0.0,
        interpolation=interpolation,
        fill_mode="REFLECT",
    )
    return tf.ensure_shape(moved[0], image.shape)


def _recolour(image: tf.Tensor, draws: list[tf.Tensor], strength: float) -> tf.Tensor:
    brightness, contrast, saturation = draws
    grey = tf.reduce_mean(image, axis=-1, keepdims=True)
    image = grey + (image - grey) * (1 + saturation * _SATURATION * strength)
    mean = tf.reduce_mean(image)
    image = mean + (image - mean) * (1 + contrast * _CONTRAST * strength)
    return tf.saturate_cast(tf.round(image + brightness * _BRIGHTNESS * strength), tf.uint8)
