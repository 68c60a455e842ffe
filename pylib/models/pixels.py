"""A model on float pixels: the same layers and weights, and gradients reach the image."""

import keras

NAME = "pixels"


def on_float_pixels(model: keras.Model) -> keras.Model:
    """Return the model of uint8 images as one of float32 images in the same range 0..255.

    An input of whole numbers has no gradient; what follows it, normalisation included, is the model's.
    """
    image = keras.Input(model.input_shape[1:], dtype="float32", name=NAME)
    return keras.models.clone_model(model, input_tensors=image, clone_function=lambda layer: layer)
