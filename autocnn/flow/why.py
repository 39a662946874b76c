"""Why a gradient is zero or missing: the first place, counting back from the loss, where it died, and how."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from autocnn.backend.arrays import namespace, owner
from autocnn.engine import Tensor, enable_grad
from autocnn.engine.backward import nodes_between
from autocnn.engine.tape import Leaf, watching
from autocnn.errors import ArgumentError
from autocnn.flow.cotangents import carry
from autocnn.flow.deaths import Cotangents, Death, check_kept, where
from autocnn.flow.witness import Witness
from autocnn.graph.data import Graph
from autocnn.graph.trace import Recording, recorded


@dataclass(frozen=True)
class Why:
    """Where a gradient died, and how."""

    kind: str
    """alive, non-finite, frozen, unused, detach, no_grad, integer, no derivative, mask, saturation, zero
    weight, zero input, step, cancelling, overwritten, loss, underflow, hook or zero."""
    place: str
    """The op, and the path of the module that called it: ``relu in layer3/relu``."""
    text: str

    def __str__(self) -> str:
        return self.text

    def rows(self) -> list[dict[str, Any]]:
        """A table of one row."""
        return [asdict(self)]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return asdict(self)


def why(tensor: Tensor, loss: Tensor | Callable[[], Tensor] | None = None) -> Why:
    """Say why a tensor's gradient is zero or missing: the first op, counting back from the loss, that stopped it.

    ``loss`` is what `backward` was called on. A backward pass releases what the answer may need: call it with
    ``retain_graph=True``, or give a function that computes the loss anew, ``why(w, lambda: loss(model(x), y))``.
    With a function `detach`, `no_grad` and argmax are found too, which leave no trace behind.

    Raises ArgumentError if one of the two is no tensor, ReleasedGraphError if saved arrays are gone.

    >>> import autocnn as ac
    >>> w = ac.tensor([1.0, 2.0], requires_grad=True)
    >>> loss = (w - 5).relu().sum()
    >>> loss.backward(retain_graph=True)
    >>> why(w, loss).kind, why(w, loss).place
    ('mask', 'relu (%3)')
    """
    if not isinstance(tensor, Tensor):
        raise ArgumentError(f"why: tensor is a {type(tensor).__name__}; the tensor whose gradient is in question")
    if not tensor.requires_grad:
        return _frozen(tensor)
    if loss is None:
        return _unasked(tensor)
    if isinstance(loss, Tensor):
        return _after(tensor, loss)
    if not callable(loss):
        raise ArgumentError(f"why: loss is a {type(loss).__name__}; a tensor, or a function that computes it")
    witness = Witness()
    witness.know(tensor)
    with enable_grad(), watching(witness):
        value = loss()
    if not isinstance(value, Tensor):
        raise ArgumentError(f"why: loss() is a {type(value).__name__}; a tensor is needed")
    return _watched(tensor, value, witness)


def _frozen(tensor: Tensor) -> Why:
    if tensor.dtype.kind != "f":
        return Why("integer", "", f"It has no gradient: it is {tensor.dtype}, and only floating point has one.")
    text = (
        "It has no gradient: requires_grad is False. A parameter was frozen (requires_grad_() undoes that); a "
        "result was computed under no_grad(), detached, or made of tensors that require no gradient."
    )
    return Why("frozen", "", text)


def _unasked(tensor: Tensor) -> Why:
    if tensor.grad is not None and not bool(namespace(tensor.grad.array).isfinite(tensor.grad.array).all()):
        return Why("non-finite", "", "It has a gradient that is not finite; give the loss, to hear since where.")
    if tensor.grad is not None and bool((tensor.grad.array != 0).any()):
        return Why("alive", "", "It has a gradient, which is not zero.")
    state = "None" if tensor.grad is None else "zero"
    raise ArgumentError(
        f"why: .grad is {state}, and without the loss there is nothing to follow; give it: why(tensor, loss), or "
        "why(tensor, lambda: ...) to compute it anew"
    )


def _watched(tensor: Tensor, loss: Tensor, witness: Witness) -> Why:
    if _leads(tensor, loss):
        return _after(tensor, loss)
    found = witness.cut(tensor.node(), loss.node())
    if found is None:
        return _unused(tensor, recorded(loss))
    kind, node, user = found
    at = f"{node.name} in {node.place.scope}" if node.place.scope else node.name
    before = "the loss" if user is None else f"{user.name}{' in ' + user.place.scope if user.place.scope else ''}"
    how = {
        "detach": f"before {before}, a value of shape {node.shape} was detached (detach(), .data, or its array)",
        "no_grad": f"{at} was computed under no_grad(), and {before} uses its result",
        "no derivative": f"{at} has no derivative, and {before} uses its result",
        "integer": f"{at} gives {node.dtype}, which has no gradient, and {before} uses it",
    }[kind]
    place = before if kind == "detach" else at
    return Why(kind, place, f"The gradient is missing. Counting back from the loss, the record was cut: {how}.")


def _unused(tensor: Tensor, recording: Recording) -> Why:
    memory = owner(tensor.array)
    for number, node in recording.nodes.items():
        alive = node.tensor() if isinstance(node, Leaf) else None
        held = [alive.array] if alive is not None else []
        for array in held:
            if owner(array) is memory and node is not tensor.node():
                at = where(recording.graph, _user(recording.graph, number))
                text = f"its values are used, but detached (detach() or .data), by {at}"
                return Why("detach", at, f"The gradient is missing: {text}.")
    ends = [v for v in recording.graph.vertices if v.kind == "input" and v.dtype.startswith("float")]
    said = ", ".join(f"{v.shape} used by {where(recording.graph, _user(recording.graph, v.id))}" for v in ends[:3])
    text = (
        "The gradient is missing: the loss was not computed from this tensor by anything recorded. A parameter "
        "may belong to a part that was not called, or have been replaced in the model since; or a detach(), "
        "no_grad() or argmax stands between: why(tensor, lambda: ...) computes the loss anew and finds it."
    )
    if said:
        text += f" The record ends, without a gradient, at values of shape {said}."
    return Why("unused", "", text)


def _user(graph: Graph, vertex: int) -> int:
    return next((edge.target for edge in graph.out_edges(vertex)), vertex)


def _leads(tensor: Tensor, loss: Tensor) -> bool:
    """Whether a gradient of the loss, zero or not, is computed for a tensor."""
    root, source = loss.node(), tensor.node().serial
    return source == root.serial or root.serial in nodes_between([root], {source})


def _after(tensor: Tensor, loss: Tensor) -> Why:
    recording = recorded(loss)
    root = loss.node()
    if not _leads(tensor, loss):
        if _leads(loss, tensor):
            raise ArgumentError("why: tensor was computed from the loss; give the tensor first, then the loss")
        return _unused(tensor, recording)
    check_kept(recording.nodes)
    vertices = {node.serial: number for number, node in recording.nodes.items()}
    target = vertices[tensor.node().serial]
    cotangents = Cotangents(
        recording.graph, recording.nodes, lambda algebra: carry(algebra, root, None), vertices[root.serial]
    )
    death = cotangents.death(target)
    if death is not None:
        return told(recording.graph, death)
    return _alive(tensor, cotangents, target) if cotangents.finite(target) else _spoilt(loss, cotangents)


def told(graph: Graph, death: Death) -> Why:
    """A death in a sentence."""
    at = where(graph, death.vertex)
    return Why(death.kind, at, f"The gradient is zero. Counting back from the loss, it died at {at}: {death.how}.")


def _spoilt(loss: Tensor, cotangents: Cotangents) -> Why:
    """Since where a gradient is not finite, counting back; and where the values are not, counting forward."""
    graph = cotangents.graph
    vertex, operand = cotangents.spoiler()
    at, bits = where(graph, vertex), cotangents.bits(operand)
    text = f"The gradient is not finite. Counting back from the loss, it is so since {at}"
    value = float(loss.item())
    if math.isfinite(bits):
        return Why("non-finite", at, f"{text}: its root mean square is 2^{bits:.1f}, too large for {loss.dtype}.")
    first = None if math.isfinite(value) else cotangents.spoilt()
    if first is not None:
        v = graph.vertices[first]
        name = v.name or f"the {v.kind} {v.shape} of {where(graph, _user(graph, first))}"
        text += f". The loss is {value}; counting forward, the first value found not finite is "
        text += f"what {where(graph, first)} makes" if v.kind == "op" else name
    return Why("non-finite", at, f"{text}.")


def _alive(tensor: Tensor, cotangents: Cotangents, target: int) -> Why:
    size = f"its root mean square is 2^{cotangents.bits(target):.1f}"
    if tensor.grad is not None and bool((tensor.grad.array != 0).any()):
        return Why("alive", "", f"It has a gradient, which is not zero: {size}.")
    hooked = [number for number, node in cotangents.nodes.items() if node.hooks]
    if tensor.grad is not None and hooked:
        at = where(cotangents.graph, hooked[-1])
        return Why("hook", at, f"A gradient arrives, {size}; a hook that was registered on {at} changes it.")
    if not tensor.is_leaf:
        rest = ".grad is kept for leaves alone: call retain_grad() before backward()"
    else:
        rest = "backward() has not run since .grad was last set to None or zero"
    return Why("alive", "", f"A gradient arrives, {size}; {rest}.")
