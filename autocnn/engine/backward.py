"""The backward pass as users call it: `autograd.grad` and `Tensor.backward`."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autocnn.backend.arrays import is_writable
from autocnn.engine import slots, tape
from autocnn.engine.gradient import Gradient, Recorded
from autocnn.engine.sweep import sweep
from autocnn.engine.tape import Node, local
from autocnn.engine.taps import plain
from autocnn.engine.tensor import Tensor, as_tensor, method
from autocnn.engine.witness import plain_pass, recorded_pass, tell_finished
from autocnn.errors import ArgumentError, GradientError, ShapeError


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """Gradients of outputs (their sum, weighted by `grad_outputs`) with respect to inputs; `.grad` stays as it is.

    For an input that the outputs do not depend on there is None if `allow_unused`, zeros if `materialize_grads`,
    else GradientError. `only_inputs` has no meaning. Raises ArgumentError for `is_grads_batched`.

    >>> import autocnn as ac
    >>> x = ac.tensor(3.0, requires_grad=True)
    >>> (dy,) = grad(x * x, x, create_graph=True)
    >>> grad(dy, x)[0].item()
    2.0
    """
    if is_grads_batched:
        raise ArgumentError("grad: is_grads_batched is True; must be False. Use autocnn.func.jacobian")
    roots = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    sources = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    for x in sources:
        if not x.requires_grad:
            raise GradientError(f"grad: an input of shape {x.shape} does not require a gradient")
    wanted: dict[int, Any] = {x.node().serial: None for x in sources}
    useful = nodes_between([t.node() for t in roots], set(wanted))
    _run(roots, _seeds(roots, grad_outputs), wanted, useful, retain_graph, create_graph, "autograd.grad")
    found = tuple([wanted[x.node().serial] for x in sources])
    if materialize_grads:
        found = tuple([_zeros(x) if g is None else g for x, g in zip(sources, found, strict=True)])
    elif not allow_unused and any(g is None for g in found):
        missing = next(x for x, g in zip(sources, found, strict=True) if g is None)
        raise GradientError(
            f"grad: the outputs do not depend on an input of shape {missing.shape}; "
            "set allow_unused=True to get None for it"
        )
    return found


def _zeros(x: Tensor) -> Tensor:
    return Tensor(slots.zeros(x.shape, x.dtype, x.device))


@method("backward")
def backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the gradient of this tensor to `.grad` of every leaf that it was computed from, or of `inputs` alone.

    Raises ShapeError unless the tensor has one element or a gradient of its shape is given.

    >>> import autocnn as ac
    >>> x = ac.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).backward(ac.tensor([1.0, 10.0]))
    >>> x.grad.tolist()
    [2.0, 40.0]
    """
    reached: Iterable[tuple[Tensor | None, Any]]
    if inputs is not None:
        several = [inputs] if isinstance(inputs, Tensor) else list(inputs)
        found = grad(self, several, gradient, retain_graph, create_graph, allow_unused=True)
        reached = zip(several, found, strict=True)
    else:
        seeds = _seeds([self], None if gradient is None else [gradient])
        algebra = _run([self], seeds, {}, None, retain_graph, create_graph, "backward")
        reached = [(leaf.tensor(), g) for leaf, g in algebra.leaves]
    with _delivery:
        for tensor, g in reached:
            if tensor is not None and g is not None:
                if not isinstance(g, Tensor):
                    g = Tensor(g)
                elif not create_graph:
                    g = g.detach()
                _accumulate(tensor, g)
    tell_finished(self)


_delivery = threading.Lock()
"""Held while gradients are added to `.grad`: two threads may reach one parameter at once."""


def _accumulate(tensor: Tensor, g: Tensor) -> None:
    before = tensor.grad
    if before is None:
        tensor.grad = g
        return
    if (before.shape, before.dtype, before.device) != (g.shape, g.dtype, g.device):
        raise GradientError(
            f"backward: .grad is {before.dtype} {before.shape} on {before.device}; the gradient to add to it is "
            f"{g.dtype} {g.shape} on {g.device}. Set .grad to None, or to a tensor like its own"
        )
    array = before._array
    if g.requires_grad or before.requires_grad or not is_writable(array):
        tensor.grad = slots.add(before, g)
    else:
        array += g._array
        tape.written(array, "backward")


def _seeds(roots: Sequence[Tensor], given: Any) -> list[Tensor]:
    gradients = [None] * len(roots) if given is None else [given] if isinstance(given, Tensor) else list(given)
    if len(gradients) != len(roots):
        raise GradientError(f"grad: grad_outputs are {len(gradients)}; the outputs are {len(roots)}, one for each")
    seeds = []
    for root, g in zip(roots, gradients, strict=True):
        if not root.requires_grad:
            raise GradientError(
                f"backward: the tensor of shape {root.shape} has no graph; no input of it requires a gradient"
            )
        if g is None:
            if root._array.size != 1:
                raise ShapeError(
                    f"backward from shape {root.shape} needs a gradient of that shape; "
                    "only a scalar has a default (1)"
                )
            g = slots.ones_like(root.detach())
        g = as_tensor(g)
        if g.shape != root.shape:
            raise ShapeError(f"backward from shape {root.shape} was given a gradient of shape {g.shape}")
        seeds.append(g if g.dtype == root.dtype else slots.cast(g, root.dtype))
    return seeds


def nodes_between(roots: Sequence[Node], targets: set[int]) -> set[int]:
    """The serial numbers of nodes between the roots and the targets."""
    first = min(targets, default=0)
    found: dict[int, Node] = {}
    todo = list(roots)
    while todo:
        node = todo.pop()
        if node.serial not in found and (node.requires_grad and node.serial >= first):
            found[node.serial] = node
            todo.extend(node.edges)
    useful = set(targets)
    for serial in sorted(found):
        if any(e.serial in useful for e in found[serial].edges):
            useful.add(serial)
    return useful


_claim = threading.Lock()
_sweeping: set[int] = set()


def _run(
    roots: Sequence[Tensor], seeds: Sequence[Tensor], wanted: dict[int, Any], useful: set[int] | None,
    retain: bool | None, create_graph: bool, by: str,
) -> Gradient:  # fmt: skip
    retain = create_graph if retain is None else retain
    nodes = [t.node() for t in roots]
    recorded = create_graph or local.context.noted
    if recorded:
        order = 1 + max(node.place.order for node in nodes)
        make: Any = recorded_pass if by == "backward" else Recorded
        algebra: Any = make(useful, wanted, retain, by, create_graph=create_graph, order=order)
    else:
        algebra = (plain_pass if by == "backward" else plain)(useful, wanted, retain, by)
        algebra.touched.update(node.serial for node in nodes)
    given = seeds if recorded else [s._array for s in seeds]
    pairs = [(n, s) for n, s in zip(nodes, given, strict=True) if useful is None or n.serial in useful]
    quiet = np.errstate(all="ignore")  # what overflows is seen in the result, and by debug mode
    with tape.context(recording=create_graph), _claimed(nodes), quiet:
        sweep([n for n, _ in pairs], [s for _, s in pairs], algebra)
    with _delivery:
        for keep, g in algebra.kept:
            keep(g)
    return algebra  # type: ignore[no-any-return]


@contextmanager
def _claimed(roots: Sequence[Node]) -> Iterator[None]:
    """One sweep at a time from the same roots: of two threads, or a pass and its own hooks, the later raises."""
    serials = {root.serial for root in roots}
    with _claim:
        if serials & _sweeping:
            raise GradientError("backward: another pass is sweeping this graph; let it finish first")
        _sweeping.update(serials)
    try:
        yield
    finally:
        with _claim:
            _sweeping.difference_update(serials)
