"""Answers whose true probabilities are known."""

import numpy as np

from pylib.models.calibration import Temperature, calibrated


def probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Softmax at a temperature."""
    return calibrated(Temperature(temperature=temperature), logits)


def answers(count: int, classes: int, seed: int, sharp: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax, at temperature `sharp`, are the true probabilities of the targets."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(count, classes)) * 2
    chances = probabilities(logits, 1.0)
    targets = np.array([generator.choice(classes, p=row) for row in chances], np.int64)
    return (logits * sharp).astype(np.float32), targets
