"""What is kept of a model's data: bins, and how a value finds its own."""

import numpy as np
import pytest

from pylib.drift.reference import spread
from pylib.errors import ModelError
from pylib.serving.drift_metrics import Watch
from pylib.serving.reference import OTHER, Reference, dumps, loads

NUMBERS = np.random.default_rng(0).normal(size=200).tolist()
LABELS = ["cat", "dog"] * 20


def test_numbers_are_in_deciles_and_each_value_in_the_bin_that_says_so() -> None:
    feature = spread(NUMBERS)
    assert feature.counts == (20,) * 10
    assert len(feature.bins) == len(set(feature.bins)) == 10
    for value in (*NUMBERS, *feature.edges, -9.0, 9.0):
        place = feature.bin(value)
        assert place == 0 or value >= feature.edges[place - 1]
        assert place == 9 or value < feature.edges[place]
    assert sum(feature.shares) == pytest.approx(1)


def test_fewer_items_have_fewer_bins() -> None:
    assert len(spread(NUMBERS[:35]).counts) == 3
    assert len(spread(NUMBERS[:5]).counts) == 2


@pytest.mark.parametrize(("values", "bins"), [([160.0] * 40, ("160",)), (LABELS, ("cat", "dog"))])
def test_what_has_few_values_is_counted_by_value_and_another_one_is_another(values, bins) -> None:
    feature = spread(values)
    assert feature.bins == (*bins, OTHER)
    assert feature.counts[-1] == 0
    assert feature.bin(values[0]) == 0
    assert feature.bins[feature.bin(161.0)] == feature.bins[feature.bin("cow")] == OTHER


def test_it_reads_back_what_it_wrote() -> None:
    reference = Reference("segmentation", {"brightness": spread(NUMBERS), "label": spread(LABELS)})
    again = loads(dumps(reference), "reference.json")
    assert again.task == "segmentation"
    for name, feature in reference.features.items():
        assert again.features[name].counts == feature.counts
        assert again.features[name].bins == feature.bins
        assert again.features[name].critical == pytest.approx(feature.critical, abs=1e-4)


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"task": "a", "features": {"b": {"counts": [1]}}}'])
def test_a_damaged_one_is_named(damage: str) -> None:
    with pytest.raises(ModelError, match=r"here/reference\.json is no reference"):
        loads(damage, "here/reference.json")


@pytest.mark.parametrize("counts", ["[0, 0]", "[-1, 2]"])
def test_counts_must_be_of_items(counts: str) -> None:
    text = f'{{"task": "a", "features": {{"label": {{"counts": {counts}, "names": ["x"], "critical": 1}}}}}}'
    with pytest.raises(ModelError, match="counts are of no items"):
        loads(text, "reference.json")


def test_edges_and_counts_must_fit() -> None:
    text = dumps(Reference("segmentation", {"brightness": spread(NUMBERS)}))
    with pytest.raises(ModelError, match="do not fit"):
        loads(text.replace('"counts": [', '"counts": [1, '), "reference.json")


def test_what_is_counted_has_the_labels_of_its_reference() -> None:
    features = {
        "brightness": spread(NUMBERS),
        "size": spread([160.0] * 40),
        "label": spread(LABELS),
    }
    watch = Watch(Reference("classification", features), "ab" * 32)
    shares = {
        tuple(labels.items()): value for name, labels, value in watch.gauges() if name.endswith("share")
    }
    assert sum(shares.values()) == pytest.approx(2), "size is in the log alone"
    values = {"brightness": 0.1, "label": "dog", "size": 160.0}
    for name, labels, value in watch.counters(values):
        assert (name, value) == ("model_feature", 1)
        assert tuple(labels.items()) in shares
    assert len(watch.counters(values)) == 2
    assert Watch(None, "ab" * 32).gauges() == Watch(None, "ab" * 32).counters(values) == []
