"""A forward pass kept for study: its graph, its nodes, and as many backward sweeps over it as one likes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from autocnn.backend.arrays import namespace
from autocnn.backend.random import get_states, set_states
from autocnn.engine import Tensor, as_tensor, enable_grad
from autocnn.engine.tape import Node, Watcher, version, watching
from autocnn.errors import ArgumentError, GraphError, ShapeError
from autocnn.flow.cotangents import Exact, Rescaled, Scaled, carry
from autocnn.graph.data import Graph
from autocnn.graph.trace import recorded
from autocnn.ops.loss import cross_entropy
from autocnn.types import Array

Loss = Callable[[Any, Tensor], Tensor]


@dataclass(frozen=True)
class Run:
    """One forward pass up to the loss, with all that backward sweeps over it need."""

    graph: Graph
    """What was computed, the input named ``x``, parameters by their names, modules as scopes."""
    nodes: Mapping[int, Node] = field(repr=False)
    """The engine's node of each vertex; numbers and the marked output have none."""
    loss: Tensor = field(repr=False)
    images: int
    """N: the loss is a mean over that many images."""
    training: bool
    """Whether the model was in train mode, where batch statistics couple the images of a batch."""
    values: Mapping[int, Array] = field(default_factory=dict, repr=False)
    """Outputs of ops by vertex, if they were asked for; those of leaves always."""

    @property
    def input(self) -> int:
        """The vertex of the images."""
        return self.graph.inputs[0]

    @property
    def end(self) -> int:
        """The vertex of the loss."""
        return self.graph.in_edges(self.graph.outputs[0])[0].source

    def vertex_of(self, node: Node) -> int:
        """The vertex of a node."""
        return self._vertices[node.serial]

    def vertex(self, path: str) -> int:
        """The last vertex of a module's forward pass, by its path: ``layer1.0`` or ``layer1/0``.

        Raises ArgumentError if nothing ran there, and names what is near.
        """
        scope = path.replace(".", "/")
        inside = [v.id for v in self.graph.vertices if v.kind == "op" and f"{v.scope}/".startswith(f"{scope}/")]
        if not inside or not scope:
            known = dict.fromkeys(v.scope for v in self.graph.vertices if v.scope)
            known |= {s.rpartition("/")[0]: None for s in known if "/" in s}
            near = difflib.get_close_matches(scope, known, n=3, cutoff=0.3) or list(known)[:3]
            raise ArgumentError(f"vertex: nothing ran in a module {path!r}; there is {', '.join(near) or 'none'}")
        return inside[-1]

    def parameters(self) -> dict[str, int]:
        """Vertices of parameters by name."""
        return {str(v.name or f"%{v.id}"): v.id for v in self.graph.vertices if v.kind == "parameter"}

    def value(self, vertex: int) -> Array:
        """The array of a vertex.

        Raises GraphError if it was not kept.
        """
        if vertex in self.values:
            return self.values[vertex]
        raise GraphError(f"value: that of %{vertex} was not kept; make the run with values=True")

    def differentiable(self) -> list[int]:
        """The vertices that a gradient can reach, in the order of the forward pass."""
        return [number for number, node in sorted(self.nodes.items()) if node.requires_grad]

    def gradients(self, vertices: Iterable[int] | None = None) -> dict[int, Array]:
        """dL/dv of some vertices, or of all, exactly as a backward pass computes it; zeros where none arrives.

        >>> import autocnn as ac
        >>> from autocnn import nn
        >>> r = run(nn.Linear(2, 2), ac.ones(1, 2), ac.tensor([0]))
        >>> round(float(abs(r.gradients([r.end])[r.end])), 2)
        1.0
        """
        return self._collected(Exact, self._chosen(vertices))

    def scaled_gradients(self, vertices: Iterable[int] | None = None) -> dict[int, Scaled]:
        """dL/dv as float32 arrays beside a power of two: nothing underflows on the way that float32 could hold.

        A forward pass that underflowed, or a seed that is exactly 0, cannot be recovered.
        """
        return self._collected(Rescaled, self._chosen(vertices))

    def sweep(self, algebra: Any, targets: Iterable[int] | None = None) -> Any:
        """Carry an algebra's seed from the loss back to some vertices, or to all; returns the algebra."""
        wanted = None if targets is None else [self.node(v) for v in targets]
        return carry(algebra, self.loss.node(), wanted)

    def node(self, vertex: int) -> Node:
        """The engine's node of a vertex.

        Raises GraphError for a number or an output, which have none.
        """
        if vertex not in self.nodes:
            raise GraphError(f"node: %{vertex} has none; ops, inputs and parameters do")
        return self.nodes[vertex]

    def _chosen(self, vertices: Iterable[int] | None) -> list[int]:
        return self.differentiable() if vertices is None else list(vertices)

    def _collected(self, make: Callable[..., Any], chosen: Sequence[int]) -> dict[int, Any]:
        found: dict[int, Any] = {}
        places = {self.node(v).serial: v for v in chosen}

        def keep(node: Node, g: Any) -> None:
            if node.serial in places:
                found[places[node.serial]] = g

        algebra = self.sweep(make(seen=keep), chosen)
        for v in chosen:
            if v not in found:
                found[v] = algebra.nothing(self.node(v))
        return {v: found[v] for v in chosen}

    @property
    def _vertices(self) -> dict[int, int]:
        return {node.serial: number for number, node in self.nodes.items()}


def run(model: Callable[..., Any], x: Any, y: Any, loss: Loss = cross_entropy, *, values: bool = False) -> Run:
    """Run a model and its loss once, as training would, and keep everything for study.

    ``loss(model(x), y)`` is the mean over the N images of x, which is one tensor, or a tuple, list or dict of
    them. The model stays as it is: running statistics and the stream of random numbers are put back. ``values``
    keeps the outputs of all ops.
    Raises ShapeError unless the loss is one number and all inputs are of N images, GraphError if the loss depends
    on nothing differentiable.

    >>> import autocnn as ac
    >>> from autocnn import nn
    >>> r = run(nn.Linear(3, 2), ac.ones(4, 3), ac.tensor([0, 1, 0, 1]))
    >>> r.images, sorted(r.parameters())
    (4, ['bias', 'weight'])
    """
    given, inputs = _given(x)
    labels = y if isinstance(y, Mapping) or _is_several(y) else as_tensor(y)
    images = _images(inputs)
    value, keeper = _passed(model, given, labels, loss, _Keeper() if values else None)
    if keeper is not None and keeper.overwritten():
        value, keeper = _passed(model, given, labels, loss, _Keeper(copies=True))
    if not isinstance(value, Tensor) or value.array.size != 1:
        shape = getattr(value, "shape", type(value).__name__)
        raise ShapeError(f"run: the loss has shape {shape}; one number is needed, the mean over the images")
    if not value.requires_grad:
        raise GraphError("run: the loss depends on nothing that requires a gradient")
    named = getattr(model, "named_parameters", dict)
    graph, leaves, nodes = recorded(value, parameters=dict(named()), inputs=inputs)
    kept = {number: leaf.array for number, leaf in leaves.items()}
    made = keeper.made if keeper is not None else {}
    kept |= {number: made[node.serial] for number, node in nodes.items() if node.serial in made}
    return Run(graph, nodes, value, images, bool(getattr(model, "training", False)), kept)


def _given(x: Any) -> tuple[Any, dict[str, Tensor]]:
    """What the model is called with: tensors of our own, which require gradients; and these by name."""
    if isinstance(x, Mapping):
        made = {str(name): _own(part) for name, part in x.items()}
        return {name: made[str(name)] for name in x}, made
    if _is_several(x):
        parts = [_own(part) for part in x]
        return tuple(parts) if isinstance(x, tuple) else parts, {
            f"x{place}": part for place, part in enumerate(parts)
        }
    own = _own(x)
    return own, {"x": own}


def _is_several(x: Any) -> bool:
    """Whether it is a tuple or a list of arrays, and not of numbers."""
    return isinstance(x, tuple | list) and len(x) > 0 and all(hasattr(part, "__array__") for part in x)


def _own(x: Any) -> Tensor:
    tensor = as_tensor(x).detach()
    return tensor.requires_grad_() if tensor.array.dtype.kind == "f" else tensor


def _images(inputs: Mapping[str, Tensor]) -> int:
    """N, which all inputs agree on."""
    for name, tensor in inputs.items():
        if not tensor.shape:
            raise ShapeError(f"run: {name} is one number; a batch (N, ...) is needed")
    counts = {name: tensor.shape[0] for name, tensor in inputs.items()}
    if len(set(counts.values())) != 1:
        said = ", ".join(f"{name} has {count}" for name, count in counts.items()) or "there is no input"
        raise ShapeError(f"run: {said} images; all inputs are of the same N images")
    return next(iter(counts.values()))


class _Keeper(Watcher):
    """Keeps what every op makes; as copies, where a model writes over it."""

    def __init__(self, copies: bool = False) -> None:
        self.copies = copies
        self.made: dict[int, Array] = {}

    def seen(self, node: Node, inputs: tuple[Any, ...], outputs: tuple[Array, ...]) -> None:
        if len(outputs) == 1:
            self.made[node.serial] = outputs[0].copy(order="K") if self.copies else outputs[0]

    def overwritten(self) -> bool:
        """Whether anything that was kept has changed since."""
        return any(version(array) > serial for serial, array in self.made.items())


def _passed(
    model: Callable[..., Any], given: Any, labels: Any, loss: Loss, keeper: _Keeper | None
) -> tuple[Any, _Keeper | None]:  # fmt: skip
    with enable_grad(), untouched(model), watching(keeper) if keeper is not None else nullcontext():
        return loss(model(given), labels), keeper


@contextmanager
def untouched(model: Any) -> Iterator[None]:
    """Leave a model's buffers, and the stream of random numbers, as they were before the ``with`` block."""
    buffers = [b.array for _, b in getattr(model, "named_buffers", dict)()]
    before = [b.copy() for b in buffers]
    states = get_states()
    try:
        yield
    finally:
        set_states(states)
        for array, old in zip(buffers, before, strict=True):
            namespace(array).copyto(array, old)
