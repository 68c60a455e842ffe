"""One form for equal ONNX graphs: order and names that depend on the computation alone.

Converters name tensors after layers and counters and order nodes by hash tables, so two exports of the same
weights differ in bytes. Here the order is that of a depth-first walk from the output, and names are numbers.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

_IMAGE_RANK = 4  # [N,H,W,C]


def canonical_graph(
    graph: "onnx.GraphProto", *, name: str, input_name: str, output_name: str
) -> "onnx.GraphProto":
    """Return the graph of one input and one output, ordered and named by its structure.

    They go under `input_name` and `output_name`, with their dtypes and shapes. Nodes and weights that the
    output does not need are left out, as are value infos and doc strings.
    """
    import onnx

    nodes = _ordered(graph)
    names = _names(graph, nodes, input_name, output_name)
    weights = {tensor.name: tensor for tensor in graph.initializer}
    return onnx.helper.make_graph(
        [_renamed(node, names) for node in nodes],
        name,
        [_declared(graph.input[0], input_name)],
        [_declared(graph.output[0], output_name)],
        [_weight(weights[old], new) for old, new in names.items() if old in weights],
    )


def _ordered(graph: "onnx.GraphProto") -> list["onnx.NodeProto"]:
    """Nodes in post-order of a depth-first walk from the output, inputs first (a loop: graphs are deep)."""
    makers = {tensor: node for node in graph.node for tensor in node.output}
    ordered: list[onnx.NodeProto] = []
    done: set[str] = set()
    stack = [(makers[graph.output[0].name], False)]
    while stack:
        node, inputs_done = stack.pop()
        key = node.output[0]
        if key in done:
            continue
        if inputs_done:
            done.add(key)
            ordered.append(node)
            continue
        stack.append((node, True))
        stack.extend((makers[tensor], False) for tensor in reversed(node.input) if tensor in makers)
    return ordered


def _names(
    graph: "onnx.GraphProto", nodes: list["onnx.NodeProto"], input_name: str, output_name: str
) -> dict[str, str]:
    names = {"": "", graph.input[0].name: input_name, graph.output[0].name: output_name}
    weights = {tensor.name for tensor in graph.initializer}
    for node in nodes:
        for tensor in (*node.input, *node.output):
            prefix = "weight" if tensor in weights else "tensor"
            names.setdefault(tensor, f"{prefix}_{len(names)}")
    return names


def _renamed(node: "onnx.NodeProto", names: dict[str, str]) -> "onnx.NodeProto":
    import onnx

    renamed = onnx.NodeProto(op_type=node.op_type, domain=node.domain)
    renamed.input.extend(names[tensor] for tensor in node.input)
    renamed.output.extend(names[tensor] for tensor in node.output)
    renamed.name = f"{node.op_type}_{renamed.output[0]}"
    renamed.attribute.extend(sorted(node.attribute, key=lambda attribute: attribute.name))
    return renamed


def _weight(tensor: "onnx.TensorProto", name: str) -> "onnx.TensorProto":
    """Return the same numbers as raw little-endian bytes, whichever field the converter chose for them."""
    import onnx

    return onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor), name)


def _declared(value: "onnx.ValueInfoProto", name: str) -> "onnx.ValueInfoProto":
    """The same dtype and shape under this name; free dimensions are called N, and H and W of images."""
    import onnx

    tensor = value.type.tensor_type
    sizes = [dimension.dim_value or None for dimension in tensor.shape.dim]
    free = ["N", "H", "W", None] if len(sizes) == _IMAGE_RANK else ["N", *[None] * len(sizes)]
    shape = [size or letter for size, letter in zip(sizes, free, strict=False)]
    return onnx.helper.make_tensor_value_info(name, tensor.elem_type, shape)
