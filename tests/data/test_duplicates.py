import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.data.duplicates import Labelled, clusters, exact_duplicates, near_pairs, perceptual_hash
from pylib.data.images import decode_image, resize_image


@pytest.mark.parametrize(
    ("items", "options", "expected"),
    [
        (["a 1 x", "b 2 x"], {}, {}),
        (["b 1 x", "a 1 x"], {}, {"b": "duplicate"}),
        (["a 1 x", "b 1 x", "c 1 x"], {}, {"b": "duplicate", "c": "duplicate"}),
        (["a 1 x", "b 1 y"], {}, {"a": "duplicate-contradictory", "b": "duplicate-contradictory"}),
        (["a 1 x", "b 1 x", "c 1 y"], {}, dict.fromkeys("abc", "duplicate-contradictory")),
        (["a 1 x", "b 1 x"], {"known": {"b"}}, {"a": "duplicate"}),
        (["a 1 x", "b 1 y"], {"known": {"b"}}, dict.fromkeys("ab", "duplicate-contradictory")),
        (["a 1 x", "b 1 y"], {"known": {"b"}, "fixed": {"b"}}, {"a": "duplicate-contradictory"}),
        (["a 1 x", "b 1 x", "c 1 x"], {"fixed": {"c"}}, {"a": "duplicate", "b": "duplicate"}),
    ],
)
def test_of_the_same_image_one_is_kept_or_none(items: list[str], options: dict, expected: dict) -> None:
    labelled = [Labelled(*item.split()) for item in items]
    assert {finding.item: finding.code for finding in exact_duplicates(labelled, **options)} == expected


def test_of_a_contradiction_those_with_another_label_are_named() -> None:
    labelled = [Labelled(*item.split()) for item in ("a 1 x", "b 1 x", "c 1 y")]
    said = {finding.item: finding.reason for finding in exact_duplicates(labelled)}
    assert said["a"] == said["b"] == "the same image has another label as c"
    assert said["c"] == "the same image has another label as a, b"


@given(st.lists(st.integers(0, 15), max_size=60), st.integers(0, 3))
def test_near_pairs_are_those_that_comparing_all_finds(values: list[int], bits: int) -> None:
    hashes = [f"{value << 60 | value:016x}" for value in values]
    expected = [
        (i, j)
        for i, j in itertools.combinations(range(len(hashes)), 2)
        if (int(hashes[i], 16) ^ int(hashes[j], 16)).bit_count() <= bits
    ]
    assert near_pairs(hashes, bits) == expected


def test_near_pairs_cross_the_blocks_of_a_large_set() -> None:
    values = np.random.default_rng(0).integers(0, 2**63, 3000, dtype=np.uint64)
    values[2999] = values[5] ^ np.uint64(0b1011)
    assert near_pairs([f"{value:016x}" for value in values]) == [(5, 2999)]


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh"))))
def test_clusters_are_what_links_join(links: list[tuple[str, str]]) -> None:
    found = clusters(links)
    assert sorted(itertools.chain(*found)) == sorted({item for link in links for item in link})
    assert found == sorted(sorted(cluster) for cluster in found)
    where = {item: number for number, cluster in enumerate(found) for item in cluster}
    assert all(where[one] == where[other] for one, other in links)
    for cluster in found:  # each is connected: growing it from one member along links reaches all
        reached, grown = {cluster[0]}, 0
        while grown != len(reached):
            grown = len(reached)
            reached |= {item for link in links if reached & set(link) for item in link}
        assert reached == set(cluster)


def test_a_smaller_or_recompressed_copy_is_near_and_another_picture_is_not(make) -> None:
    picture = make.noise(1, 120, 160)
    copies = [
        picture,
        resize_image(picture, 80),
        decode_image(make.encode(picture, "JPEG", quality=50)),
        make.noise(2, 120, 160),
    ]
    assert near_pairs([perceptual_hash(copy) for copy in copies]) == [(0, 1), (0, 2), (1, 2)]
