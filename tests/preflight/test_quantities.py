"""Quantities are read as Kubernetes reads them, everywhere alike."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.quantities import PATTERN, quantity

SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal("1e3"),
    "M": Decimal("1e6"),
    "G": Decimal("1e9"),
    "T": Decimal("1e12"),
    "P": Decimal("1e15"),
    "E": Decimal("1e18"),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
    "e3": Decimal(1000),
    "E3": Decimal(1000),
    "E-2": Decimal("0.01"),
    "e+1": Decimal(10),
}
NUMBERS = st.from_regex(r"[+-]?([0-9]{1,12}(\.[0-9]{0,6})?|\.[0-9]{1,6})", fullmatch=True)


@given(NUMBERS, st.sampled_from(sorted(SUFFIXES)))
def test_every_suffix_is_the_factor_that_it_stands_for(digits: str, suffix: str) -> None:
    assert re.match(PATTERN, digits + suffix)
    assert quantity(digits + suffix) == Decimal(digits) * SUFFIXES[suffix]


@given(NUMBERS, st.sampled_from([each for each in sorted(SUFFIXES) if not re.search(r"\d", each)]))
def test_it_is_what_kubernetes_own_client_reads(digits: str, suffix: str) -> None:
    from kubernetes.utils import parse_quantity  # which does not know exponents

    assert quantity(digits + suffix) == parse_quantity(digits + suffix)


@given(st.text(alphabet="0123456789.+-eEkKmMgGiInuPT \n_", max_size=6) | st.text(max_size=6))
def test_only_what_the_pattern_takes_is_a_number(text: str) -> None:
    assert (quantity(text) is not None) == bool(re.fullmatch(PATTERN, text, re.ASCII) and text[-1:] != "\n")


@pytest.mark.parametrize(
    "written", ["", "Ki", "1ki", "1K", "1Kib", "1 Gi", "1_000", "٣", "nan", "inf", "1e", None]
)
def test_what_kubernetes_refuses_is_none(written: object) -> None:
    assert quantity(written) is None


@pytest.mark.parametrize(("written", "value"), [(2, "2"), (0.5, "0.5"), ("1E", "1e18"), ("1E1", "10")])
def test_numbers_are_quantities_and_an_exponent_is_no_suffix(written: object, value: str) -> None:
    assert quantity(written) == Decimal(value)
