"""What a model server counts of each answer, beside its reference, so that Prometheus can tell drift."""

from collections.abc import Mapping

from pylib.serving.reference import Reference, Value

COUNTED = ("brightness", "confidence", "label")
"""Of all features; each costs a series a bin. `pylib drift` compares every one of them, from the log."""
_DIGITS = 12

Figure = tuple[str, dict[str, str], float]
"""Name, labels and value of a counter's increment, or of a gauge."""


class Watch:
    """The counted features of the model of that digest; a model without a reference has none."""

    def __init__(self, reference: Reference | None, digest: str) -> None:
        self._features = {name: each for name, each in (reference or {}).items() if name in COUNTED}
        self._model = digest[:_DIGITS]

    def counters(self, values: Mapping[str, Value]) -> list[Figure]:
        """One more in the bin of each feature: `model_feature_total`."""
        return [
            ("model_feature", self._labels(name, each.bins[each.bin(values[name])]), 1)
            for name, each in self._features.items()
            if name in values
        ]

    def gauges(self) -> list[Figure]:
        """What never changes: the share of each bin in the reference, and how many items that is of."""
        return [
            *(
                ("model_reference_share", self._labels(name, bin_), share)
                for name, each in self._features.items()
                for bin_, share in zip(each.bins, each.shares, strict=True)
            ),
            *(
                ("model_reference_items", {"feature": name, "model": self._model}, float(each.items))
                for name, each in self._features.items()
            ),
        ]

    def _labels(self, feature: str, bin_: str) -> dict[str, str]:
        return {"feature": feature, "bin": bin_, "model": self._model}
