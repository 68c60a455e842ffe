"""What it costs to parse a message is found without parsing it, whatever the bytes are."""

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from pylib.errors import RequestError
from pylib.serving import message_cost
from pylib.serving.limits import MAX_BYTES, MAX_MESSAGE_VALUES
from pylib.serving.protocols.messages import messages

MADE = messages(
    "tests.cost",
    """
Part
    1 numbers repeated int32
    2 reals repeated double
    3 file bytes
    4 name string
Whole
    1 parts repeated Part
    2 by_name map Part
""",
)
PARSE = message_cost.parser(MADE["Whole"])


def test_a_file_of_any_size_costs_nothing():
    whole = MADE["Whole"](parts=[MADE["Part"](file=bytes(MAX_BYTES))])
    assert PARSE(whole.SerializeToString()) == whole


def test_numbers_are_counted_whichever_way_they_are_packed():
    fits = MADE["Whole"](parts=[MADE["Part"](reals=[0.5] * 1000, numbers=[1] * 1000)])
    assert PARSE(fits.SerializeToString()) == fits
    for part in (
        MADE["Part"](numbers=[1] * (MAX_MESSAGE_VALUES + 1)),
        MADE["Part"](reals=[0.5] * (MAX_MESSAGE_VALUES // 2 + 1)),
    ):
        for whole in (MADE["Whole"](parts=[part, part]), MADE["Whole"](by_name={"a": part, "b": part})):
            with pytest.raises(RequestError, match="too many values") as caught:
                PARSE(whole.SerializeToString())
            assert caught.value.kind == "too large"


@pytest.mark.parametrize("field", [b"\x0a\x00", b"\x12\x00", b"\x78\x00", b"\xf2\x01\x00"])
def test_fields_are_counted_known_or_not(field):
    with pytest.raises(RequestError, match="too many values"):
        PARSE(field * (MAX_MESSAGE_VALUES // 10 + 1))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_are_left_to_the_parser(data):
    try:
        expected = MADE["Whole"].FromString(data)
    except DecodeError:
        with pytest.raises(DecodeError):
            PARSE(data)
    else:
        assert PARSE(data) == expected
