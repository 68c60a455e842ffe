"""A pattern that images share is found where they are otherwise unlike, and nothing else is taken for one."""

import numpy as np

from pylib.review.checks.backdoors import outlying, places, sharing
from tests.data.made import noise

PATTERN = (np.indices((6, 6)).sum(axis=0)[..., None] % 2 * 255).repeat(3, axis=2).astype(np.uint8)


def shown(images):
    return np.stack([places(each) for each in images])


def patched(image):
    marked = image.copy()
    marked[-7:-1, -7:-1] = PATTERN
    return marked


def test_those_that_share_a_pattern_are_found_whatever_their_size():
    sizes = [(40, 48), (64, 64), (80, 50)]
    clean = [noise(seed, 64, 64) for seed in range(20)]
    marked = [patched(noise(100 + seed, *size)) for seed, size in enumerate(sizes)]
    assert sharing(shown([*clean, *marked])) == [(20, 21), (20, 22), (21, 22)]


def test_plain_grounds_and_copies_share_no_pattern():
    white = [np.full((64, 64, 3), 250, np.uint8) for _ in range(3)]
    copies = [noise(7, 64, 64)] * 3
    assert sharing(shown([*white, *copies])) == []


def test_a_small_image_is_filled_up():
    assert places(noise(1, 8, 9)).shape == (5, 32, 32, 3)


def test_what_is_set_apart_lies_outermost():
    random = np.random.default_rng(0)
    points = random.normal(0, 1, (60, 20))
    points[-5:] += 8
    assert set(np.argsort(outlying(points))[-5:]) == set(range(55, 60))
