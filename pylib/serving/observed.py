"""The features of an answered request that are watched for drift: of its image, and of its answer."""

from collections.abc import Mapping

from pylib.serving.predictions import Input

Value = float | str


def observed(figures: Input, answered: Mapping[str, Value]) -> dict[str, Value]:
    """brightness, contrast (0..255), size (side of a square of its pixels), projection.0 …, the answer's."""
    return {
        "brightness": figures["brightness"],
        "contrast": figures["contrast"],
        "size": round((figures["width"] * figures["height"]) ** 0.5, 1),
        **{f"projection.{place}": value for place, value in enumerate(figures["projection"])},
        **answered,
    }
