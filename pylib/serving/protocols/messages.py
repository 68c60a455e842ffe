"""Messages of gRPC protocols, from a table of their public field numbers.

Code that protoc generates belongs to one version of protobuf, and importing TensorFlow for its messages would
make the server ten times as large. A table is one message after another:

    ModelInferRequest
        1 model_name string
        4 parameters map InferParameter
        5 inputs repeated InferInputTensor
    InferParameter
        1 bool_param bool oneof parameter_choice

A map's keys are strings. An enum is written int32, which is the same on the wire.
https://protobuf.dev/programming-guides/encoding/
"""

from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto

_SCALARS = {
    name: getattr(FieldDescriptorProto, f"TYPE_{name.upper()}")
    for name in ("bool", "bytes", "double", "float", "int32", "int64", "string", "uint32", "uint64")
}


def messages(package: str, table: str) -> dict[str, Any]:
    """Make a class of each message in the table, by its name; they are registered nowhere else."""
    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for line in filter(str.strip, table.splitlines()):
        if line[0].isspace():
            _add_field(file.message_type[-1], line.split(), package)
        else:
            file.message_type.add(name=line.strip())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = [message.name for message in file.message_type]
    return {name: _class(pool.FindMessageTypeByName(f"{package}.{name}")) for name in names}


def _add_field(message: DescriptorProto, words: list[str], package: str) -> None:
    number, name, *rest = words
    label = FieldDescriptorProto.LABEL_REPEATED if rest[0] in {"repeated", "map"} else None
    field = message.field.add(
        name=name, number=int(number), label=label or FieldDescriptorProto.LABEL_OPTIONAL
    )
    kind = rest[0] if label is None else rest[1]
    if rest[0] == "map":
        kind = f"{message.name}.{_add_entry(message, name, kind, package)}"
    _set_type(field, kind, package)
    if "oneof" in rest:
        field.oneof_index = _oneof(message, rest[-1])


def _add_entry(message: DescriptorProto, name: str, kind: str, package: str) -> str:
    """A map is a repeated message of keys and values that is marked as such."""
    entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
    entry.options.map_entry = True
    for number, (field, of) in enumerate((("key", "string"), ("value", kind)), start=1):
        made = entry.field.add(name=field, number=number, label=FieldDescriptorProto.LABEL_OPTIONAL)
        _set_type(made, of, package)
    return str(entry.name)


def _set_type(field: FieldDescriptorProto, kind: str, package: str) -> None:
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{package}.{kind}"


def _oneof(message: DescriptorProto, name: str) -> int:
    names = [each.name for each in message.oneof_decl]
    if name not in names:
        message.oneof_decl.add(name=name)
        names.append(name)
    return names.index(name)


def _class(descriptor: Any) -> Any:
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory().GetPrototype(
        descriptor
    )  # before protobuf 4.22, which Seldon needs
