"""Messages made of field numbers are those of Google's own generated code, byte for byte."""

import pytest
from google.protobuf import any_pb2, descriptor_pb2, struct_pb2, wrappers_pb2

from pylib.serving.protocols.messages import messages

TABLE = """
Int64Value
    1 value int64
Any
    1 type_url string
    2 value bytes
EnumValueDescriptorProto
    1 name string
    2 number int32
Holder
    1 by_name map Any
    3 counts map int64
    4 parts repeated Int64Value
    5 sizes repeated uint32
    6 truth bool oneof either
    7 text string oneof either
"""
MADE = messages("tests.messages", TABLE)


def test_scalars_are_written_as_google_writes_them():
    ours, theirs = MADE["Any"](type_url="a/b", value=b"\0\xff"), any_pb2.Any(type_url="a/b", value=b"\0\xff")
    assert ours.SerializeToString() == theirs.SerializeToString()
    assert (
        MADE["Int64Value"](value=-3).SerializeToString()
        == wrappers_pb2.Int64Value(value=-3).SerializeToString()
    )
    assert MADE["Any"].FromString(theirs.SerializeToString()) == ours


def test_an_enum_is_a_number_and_what_is_not_known_is_left_out():
    field = descriptor_pb2.FieldDescriptorProto(name="x", number=4, type_name=".a.B")
    read = MADE["EnumValueDescriptorProto"].FromString(
        descriptor_pb2.EnumValueDescriptorProto(name="x", number=4).SerializeToString()
    )
    assert (read.name, read.number) == ("x", field.number)


def test_maps_and_lists_hold_messages_and_numbers():
    made = MADE["Holder"](counts={"a": 1}, sizes=[1, 300])
    made.by_name["x"].value = b"1"
    made.parts.add(value=7)
    read = MADE["Holder"].FromString(made.SerializeToString())
    assert (read.counts["a"], list(read.sizes), read.parts[0].value) == (1, [1, 300], 7)
    assert read.by_name["x"].value == b"1"


def test_of_a_oneof_there_is_one():
    made = MADE["Holder"](truth=True)
    made.text = "x"
    assert made.WhichOneof("either") == "text"
    assert not made.truth


def test_they_are_registered_nowhere_else():
    """So that they do not collide with the messages of a client in the same process."""
    again = messages("google.protobuf", "Value\n    1 other string\n")["Value"]
    assert again(other="x").SerializeToString() != struct_pb2.Value(string_value="x").SerializeToString()


def test_a_word_that_is_no_type_is_refused():
    with pytest.raises(TypeError):
        messages("tests.broken", "A\n    1 x strin\n")
