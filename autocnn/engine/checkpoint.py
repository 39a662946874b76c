"""Activation checkpointing: keep a function's inputs only, and recompute the rest when the gradient needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from autocnn.engine import tape
from autocnn.engine.primitive import Primitive, item
from autocnn.engine.tape import Node, Number, Watcher, watching
from autocnn.errors import InPlaceError
from autocnn.types import Array


def checkpoint(function: Callable[..., Any], *inputs: Any) -> Any:
    """What `function(*inputs)` returns, without keeping the arrays that its backward pass will need.

    They are recomputed, once, from the recorded nodes: the function itself never runs twice, so draws and
    running statistics are what they were, and gradients are equal to the bit.

    >>> import autocnn as ac
    >>> x = ac.tensor([1.0, 2.0], requires_grad=True)
    >>> checkpoint(lambda v: (v * v * v).sum(), x).backward()
    >>> x.grad.tolist()
    [3.0, 12.0]
    """
    segment = Segment()
    with watching(segment):
        outputs = function(*inputs)
    segment.close()
    return outputs


class Call(NamedTuple):
    """One op to run again: numbers of nodes in place of nodes, so that nothing points forward."""

    serial: int
    primitive: Primitive
    operands: tuple[Any, ...]
    params: dict[str, Any]
    needs: tuple[bool, ...]


class Segment(Watcher):
    """The ops of one checkpointed call: a watcher while they run, and afterwards what recomputes them."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._given: dict[int, tuple[Array, int]] = {}
        """Arrays from outside by the number of their node, each with that of the call that first read it."""
        self._made: set[int] = set()
        self._nodes: list[Node] = []
        self._saved: dict[int, tuple[Any, ...]] = {}
        self._refilling = threading.Lock()

    def seen(self, node: Node, inputs: tuple[Any, ...], outputs: tuple[Array, ...]) -> None:
        """Write a call down; arrays from outside are kept."""
        if node.place.order:
            return
        operands: list[Any] = []
        for x, edge in zip(inputs, node.edges, strict=False):
            if type(edge) is Number:
                operands.append(x)
            else:
                operands.append(_Number(edge.serial))
                if edge.serial not in self._made:
                    self._given.setdefault(edge.serial, (x._array, node.serial))
        if node.primitive is item:
            operands = [_Number(node.edges[0].serial)]
        self._made.add(node.serial)
        assert node.primitive is not None  # only ops are seen
        needs = tuple([edge.requires_grad for edge in node.edges])
        self._calls.append(Call(node.serial, node.primitive, tuple(operands), node.params, needs))
        if node.saved:
            self._nodes.append(node)

    def close(self) -> None:
        """Let go of everything that can be recomputed, and of what no gradient will ask for."""
        for node in self._nodes:
            node.saved = self  # type: ignore[assignment]
        self._nodes = []
        read: set[int] = set()
        calls = []
        for call in reversed(self._calls):
            if any(call.needs) or call.serial in read:
                calls.append(call)
                read.update(x.serial for x in call.operands if isinstance(x, _Number))
        self._calls = calls[::-1]
        self._given = {serial: given for serial, given in self._given.items() if serial in read}

    def refill(self, node: Node) -> tuple[Any, ...]:
        """The saved arrays of a node, recomputed together with those of all others on the first demand."""
        with self._refilling:
            if node.serial not in self._saved:  # on the first demand, or after a pass that retained the graph
                self._recompute()
            return self._saved.pop(node.serial)

    def _recompute(self) -> None:
        values: dict[int, Any] = {}
        for serial, (array, reader) in self._given.items():
            if tape.version(array) > reader:
                raise InPlaceError(
                    f"backward: an input of a checkpoint, of shape {array.shape}, was overwritten by "
                    f"{tape.writer(array)} since; clone it before"
                )
            values[serial] = array
        for call in self._calls:
            arrays = [values[x.serial] if isinstance(x, _Number) else x for x in call.operands]
            if call.primitive is item:  # of a tuple: there is nothing to run
                values[call.serial] = arrays[0][call.params["index"]]
                continue
            z, residuals = call.primitive.run(arrays, call.params)
            values[call.serial] = z
            if any(call.needs):
                kept = call.primitive.keep(arrays, z, residuals, call.needs)
                if kept:
                    self._saved[call.serial] = kept


class _Number(NamedTuple):
    serial: int
