"""Does the exported model say what the trained one says? Counts that add up over batches."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.evaluation.record import Parity

MINIMUM_SAME_CLASS_SHARE = 0.999
MAXIMUM_PROBABILITY_DIFFERENCE = 1e-3
"""What a release insists on, whatever the gate file says: worse than this is another model."""


class Agreement(NamedTuple):
    """Pixels compared, those with the same most likely class, and the largest difference of a probability."""

    images: int = 0
    pixels: int = 0
    same: int = 0
    difference: float = 0.0

    def merge(self, other: "Agreement") -> "Agreement":
        """Return the agreement over the images of both."""
        return Agreement(
            self.images + other.images,
            self.pixels + other.pixels,
            self.same + other.same,
            max(self.difference, other.difference),
        )

    def parity(self) -> Parity:
        """Return the shares; of no pixels, full agreement cannot be said, so it is none."""
        return Parity(
            same_class_share=self.same / self.pixels if self.pixels else 0.0,
            max_probability_difference=self.difference,
            images=self.images,
        )


def agreement(trained: NDArray[np.floating], exported: NDArray[np.floating]) -> Agreement:
    """Compare two answers to the same images, probabilities [N,H,W,C] in [0,1].

    Where they are not comparable (another shape, numbers that are not finite) the difference is 1 and no
    pixel agrees, so no gate lets it pass.
    """
    images, pixels = exported.shape[0], int(np.prod(exported.shape[:-1]))
    if trained.shape != exported.shape or not (np.isfinite(trained).all() and np.isfinite(exported).all()):
        return Agreement(images, pixels, 0, 1.0)
    same = int((trained.argmax(axis=-1) == exported.argmax(axis=-1)).sum())
    difference = np.abs(trained.astype(np.float64) - exported).max(initial=0.0)
    return Agreement(images, pixels, same, float(min(difference, 1.0)))


def is_same_model(parity: Parity) -> bool:
    """Tell whether a release may say that what is served is what was trained."""
    return (
        parity.same_class_share >= MINIMUM_SAME_CLASS_SHARE
        and parity.max_probability_difference <= MAXIMUM_PROBABILITY_DIFFERENCE
    )
