"""The ONNX model of a forward graph: leaves, ops in their order, outputs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from autocnn.errors import GraphError
from autocnn.graph.data import ITEM, Graph, Vertex
from autocnn.graph.onnx.batch import batch_axes
from autocnn.graph.onnx.pointwise import POINTWISE, dtype_code
from autocnn.graph.onnx.writer import RULES, Node, Writer, free_axis, values_of
from autocnn.graph.store import write_whole

OPSET = 26
"""The newest opset that the runtimes run."""
IR_VERSION = 13
"""The version of the file format that came with it."""
LARGEST = 2**31 - 1
"""Bytes that a model in one file can have."""

_TRAINING = {"batch_norm": "takes the statistics of its batch", "dropout": "draws at random", "bernoulli": "draws"}


def to_onnx(
    graph: Graph,
    path: str | os.PathLike[str] | None = None,
    *,
    batch: str | None = "batch",
    values: Mapping[int, Any] | None = None,
) -> bytes:
    """A forward graph as an ONNX model, also written to ``path``, whole or not at all, if that is given.

    ``batch`` names the free number of images: the first axis of the inputs, wherever it goes; None keeps the
    number that the graph was traced with. Parameters and buffers are initializers under their own names.
    ``values`` replaces entries of ``graph.values``. Needs the package `onnx`, as the extra ``onnx`` installs it.
    Raises GraphError for what ONNX cannot say, or this function does not, and names it.

    >>> import autocnn as ac
    >>> from autocnn.graph import trace
    >>> network = ac.nn.Sequential(ac.nn.Flatten(), ac.nn.Linear(4, 2)).eval()
    >>> content = to_onnx(trace(network, ac.ones(1, 2, 2)), "network.onnx")  # doctest: +SKIP
    """
    try:
        import onnx
    except ImportError as error:
        raise GraphError("to_onnx: the package onnx is not installed; pip install 'autocnn[onnx]'") from error
    _check_forward(graph)
    count, free = batch_axes(graph) if batch is not None else (None, [None] * len(graph))
    writer = Writer(graph, free, count)
    names = _write(writer, values_of(graph, values))
    if sum(array.nbytes for array in writer.constants.values()) > LARGEST:
        raise GraphError("to_onnx: the parameters take over 2 GB; an ONNX model in one file holds no more")
    content: bytes = _model(onnx, writer, names, batch).SerializeToString(deterministic=True)
    if path is not None:
        write_whole(path, content)
    return content


def _check_forward(graph: Graph) -> None:
    for vertex in graph.vertices:
        what = f"to_onnx: %{vertex.id} {vertex.op or vertex.kind}"
        if vertex.phase != "forward":
            raise GraphError(f"{what} is of a backward pass; only forward graphs are written. Use trace(order=0)")
        if vertex.kind == "module":
            raise GraphError(f"{what} stands for a whole module; write the graph it was made from")
        if vertex.op in _TRAINING:
            raise GraphError(f"{what} {_TRAINING[vertex.op]}; trace the network after eval()")
        if vertex.kind == "op" and vertex.op != ITEM and vertex.op not in RULES:
            raise GraphError(f"{what} has no form in ONNX here; express it in other ops")


def _write(w: Writer, values: Mapping[int, Any]) -> dict[int, Any]:
    """Write every vertex down; the names of their values, several for an op with several outputs."""
    names: dict[int, Any] = {}
    outputs = _output_names(w)
    for vertex in w.graph.vertices:
        source = next((edge.source for edge in w.graph.in_edges(vertex.id)), -1)
        if vertex.kind == "input":
            names[vertex.id] = w.fresh(vertex.name or "input")
        elif vertex.kind == "parameter" or (vertex.kind == "constant" and "value" not in vertex.params):
            names[vertex.id] = w.leaf(vertex.name or "constant", values[vertex.id])
        elif vertex.kind == "output":
            names[vertex.id] = outputs[vertex.id]
            w.nodes.append(Node("Identity", [_single(names[source])], [outputs[vertex.id]], outputs[vertex.id]))
        elif vertex.op == ITEM:
            place: Any = vertex.params["index"]
            names[vertex.id] = names[source][place + bool(vertex.params.get("residual"))]
        elif vertex.kind == "op":
            w.begin(vertex)
            arguments = [_argument(w, vertex, edge.source, names, values) for edge in w.graph.in_edges(vertex.id)]
            names[vertex.id] = RULES[vertex.op](w, vertex, arguments)
    _without_identities(w)
    return names


def _single(made: Any) -> str:
    """The name of a value; that of the result, where residuals follow it."""
    return str(made[0] if isinstance(made, tuple) else made)


def _without_identities(w: Writer) -> None:
    """Let ops that make an output have its name, instead of a node that only renames."""
    made = {name for node in w.nodes if node.op != "Identity" for name in node.outputs}
    renamed: dict[str, str] = {}
    for node in w.nodes:
        if node.op == "Identity" and node.inputs[0] in made and node.inputs[0] not in renamed:
            renamed[node.inputs[0]] = node.outputs[0]
    gone = set(renamed.items())
    w.nodes = [n for n in w.nodes if n.op != "Identity" or (n.inputs[0], n.outputs[0]) not in gone]
    for node in w.nodes:
        node.inputs = [renamed.get(name, name) for name in node.inputs]
        node.outputs = [renamed.get(name, name) for name in node.outputs]


def _output_names(w: Writer) -> dict[int, str]:
    """Names for the outputs, before anything else can take them."""
    single = len(w.graph.outputs) == 1
    return {
        number: w.fresh(w.graph.vertices[number].name or ("output" if single else f"output{place}"))
        for place, number in enumerate(w.graph.outputs)
    }


def _argument(w: Writer, user: Vertex, source: int, names: Mapping[int, Any], values: Mapping[int, Any]) -> str:
    """The name of an argument: a number in the dtype of what it stands beside, one row of what is alike in all."""
    vertex = w.graph.vertices[source]
    if vertex.kind == "constant" and "value" in vertex.params:
        beside = [s.dtype for s in w.sources(user) if "value" not in s.params]
        dtype = user.dtype if user.dtype != "bool" or not beside else beside[0]
        return w.constant(vertex.params["value"], dtype)
    name, free = _single(names[source]), w.free[user.id]
    if free is None or w.free[source] is not None or user.op not in POINTWISE | {"cat", "stack"}:
        return name
    axis = free - (len(user.shape) - len(vertex.shape))
    if user.op == "stack":
        axis = free - (user.params["dim"] < free)  # type: ignore[operator]
    if user.params.get("dim") == free or axis < 0 or w.batch in (None, 1) or vertex.shape[axis] != w.batch:
        return name
    return _one_row(w, user, vertex, axis, name, values)


def _one_row(w: Writer, user: Vertex, vertex: Vertex, axis: int, name: str, values: Mapping[int, Any]) -> str:
    """A constant that has a row for each image, cut down to the one row that they all are."""
    if vertex.op in ("broadcast_to", "channel_spread"):
        return str(w.node("Slice", name, *[w.constant([part]) for part in (0, 1, axis)]))
    array = values.get(vertex.id)
    if array is not None:
        row = array.take([0], axis)
        if np.array_equal(array, np.broadcast_to(row, array.shape)):
            return w.constant(row, str(array.dtype))
    raise free_axis(user, f"takes %{vertex.id}, a constant with {w.batch} rows")


def _model(onnx: Any, w: Writer, names: Mapping[int, Any], batch: str | None) -> Any:
    helper = onnx.helper
    nodes = [
        helper.make_node(node.op, node.inputs, node.outputs, name=node.name, **node.attributes) for node in w.nodes
    ]
    used = {name for node in w.nodes for name in node.inputs}
    ends = [
        [_value_info(helper, w, i, names[i], batch) for i in part] for part in (w.graph.inputs, w.graph.outputs)
    ]
    constants = [
        onnx.numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        for name, array in w.constants.items()
        if name in used
    ]
    return helper.make_model(
        helper.make_graph(nodes, "autocnn", *ends, initializer=constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="autocnn",
    )


def _value_info(helper: Any, w: Writer, number: int, name: str, batch: str | None) -> Any:
    vertex = w.graph.vertices[number]
    free = w.free[number]
    sizes: list[Any] = list(vertex.shape)
    if free is not None:
        sizes[free] = batch if sizes[free] == w.batch else None
    return helper.make_tensor_value_info(name, dtype_code(vertex.dtype), sizes)
