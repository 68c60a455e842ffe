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
        features = reference.features if reference else {}
        self._features = {name: each for name, each in features.items() if name in COUNTED}
        self._model = digest[:_DIGITS]
        self._one_more = {  # made once: it is in the way of every answer
            name: [("model_feature", self._labels(name, bin_), 1.0) for bin_ in each.bins]
            for name, each in self._features.items()
        }

    def counters(self, values: Mapping[str, Value]) -> list[Figure]:
        """One more in the bin of each feature: `model_feature_total`."""
        return [
            self._one_more[name][each.bin(values[name])]
            for name, each in self._features.items()
            if name in values
        ]

    def all_counters(self) -> list[Figure]:
        """All that `counters` may give."""
        return [each for of_feature in self._one_more.values() for each in of_feature]

    def gauges(self) -> list[Figure]:
        """What never changes: `model_reference_share` of each bin, `_items`, and `_critical`.

        By the last two an alert tells drift from chance (pylib.drift.stability).
        """
        return [
            *(
                ("model_reference_share", self._labels(name, bin_), share)
                for name, each in self._features.items()
                for bin_, share in zip(each.bins, each.shares, strict=True)
            ),
            *(
                (f"model_reference_{what}", {"feature": name, "model": self._model}, value)
                for name, each in self._features.items()
                for what, value in (("items", float(each.items)), ("critical", each.critical))
            ),
        ]

    def _labels(self, feature: str, bin_: str) -> dict[str, str]:
        return {"feature": feature, "bin": bin_, "model": self._model}
