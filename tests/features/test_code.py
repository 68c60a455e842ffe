"""Which code decides features: what is changed elsewhere computes none of them again."""

from pylib.features.key import COMPUTES
from pylib.provenance.closure import modules

OF_NO_FEATURE = (
    "pylib.data",
    "pylib.evaluation",
    "pylib.models.classifier",
    "pylib.models.heads",
    "pylib.models.spec",
    "pylib.provenance",
    "pylib.steps",
    "pylib.store",
    "pylib.tasks.classification.network",
    "pylib.tasks.segmentation",
    "pylib.training.config",
    "pylib.training.run",
)
"""Heads, hyper-parameters, data and judging: they are worked on every day, and no row depends on them."""


def test_the_network_and_what_makes_it_repeat_are_in_the_key() -> None:
    found = modules(COMPUTES, "classification")
    assert {
        "pylib",
        "pylib.features.compute",
        "pylib.models.backbones.network",
        "pylib.models.backbones.preprocessing",
        "pylib.tasks.classification.features",
        "pylib.training.determinism",
    } <= found


def test_what_no_row_depends_on_is_not() -> None:
    found = modules(COMPUTES, "classification")
    inside = {name for name in found for other in OF_NO_FEATURE if f"{name}.".startswith(f"{other}.")}
    assert inside == set()
