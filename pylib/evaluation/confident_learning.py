"""Which class an image is counted for, whatever its label says, by what a model says of it.

Confident learning; Northcutt, Jiang & Chuang, JAIR 2021, https://arxiv.org/abs/1911.00068, section 3.1.
"""

import numpy as np
from numpy.typing import NDArray


def thresholds(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """The mean probability [C] of each class over the images labelled with it; infinite where there are none.

    probabilities: [N,C], of a model that has not learned from these images; labels: [N]
    """
    classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=classes)
    said = probabilities.astype(np.float64)[np.arange(len(labels)), labels]
    sums = np.bincount(labels, said, minlength=classes)
    return np.asarray(np.divide(sums, counts, out=np.full(classes, np.inf), where=counts > 0))


def counted_for(probabilities: NDArray[np.floating], means: NDArray[np.float64]) -> NDArray[np.int64]:
    """The class that each image is counted for in the confident joint, [N]; -1 where for none.

    That is the likeliest of the classes whose probability reaches its threshold.
    """
    reached = np.where(probabilities.astype(np.float64) >= means, probabilities.astype(np.float64), -1.0)
    return np.where(reached.max(axis=-1) >= 0, reached.argmax(axis=-1), -1).astype(np.int64)
