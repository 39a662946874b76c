"""From running code to a Graph: `trace` watches a function run, `graph_of` reads what has already run."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any, NamedTuple

from autocnn.engine import Tensor, as_tensor, enable_grad, grad, primitive, scope, slots, tape
from autocnn.engine.debug import user_line
from autocnn.engine.tape import Leaf, Node, Number, Place, Watcher, watching
from autocnn.errors import GraphError
from autocnn.graph.data import PHASES, SEVERAL, Edge, Graph, Vertex
from autocnn.graph.params import plain
from autocnn.graph.transform import ancestors, subgraph

Parameters = Mapping[str, Tensor] | Iterable[tuple[str, Tensor]]
Penalty = Callable[[dict[str, Tensor]], Tensor]


def trace(
    function: Callable[..., Any],
    *inputs: Any,
    order: int = 0,
    parameters: Parameters | None = None,
    loss: Callable[[Any], Tensor] | None = None,
    penalty: Penalty | None = None,
    lines: bool = False,
) -> Graph:
    """Run a function, or a module, once, and return what it computed as a Graph.

    ``order=1`` adds the backward pass, with the kernels that training runs: of ``loss(outputs)``, or of the sum
    of the outputs. Its gradients follow the outputs: of inputs and parameters that require one. ``order=2`` adds
    the derivative of that: the backward pass runs with ``create_graph``, ``penalty`` makes one number of the
    gradients by name (by default the sum of all their squares), and its gradients follow the first ones.
    ``parameters`` names tensors; by default those of ``function.named_parameters()``. ``lines`` notes the user's
    source lines.
    The graph holds what the outputs depend on; arrays of parameters and constants are in ``graph.values``. Where
    a value was detached, and its gradient stops, stands a ``detach``.
    Raises GraphError for an order or an output that it cannot record, and where nothing can be differentiated.

    >>> import autocnn as ac
    >>> from autocnn.graph import listing
    >>> print(listing(trace(lambda x: x * x + 1, ac.Tensor([1.0, 2.0]))))
    %0: f32[2] = input "x"
    %1: f32[2] = mul(%0, %0)
    %3: f32[2] = add(%1, 1)
    %4: f32[2] = output(%3)
    """
    if order not in (0, 1, 2):
        raise GraphError(
            f"trace: order is {order}; 0 (forward), 1 (forward and backward) or 2 (the backward of gradients too)"
        )
    if not callable(function):
        raise GraphError(
            f"trace: function is a {type(function).__name__}; a function or a module is needed, and its inputs "
            "after it. For what has already run there is graph_of"
        )
    if penalty is not None and order < 2:
        raise GraphError(f"trace: order is {order}; a penalty on the gradients needs order=2")
    buffers = _named(function, "named_buffers") if parameters is None else {}
    recorder = _Recorder({**buffers, **_names(function, parameters)}, lines, frozenset(buffers))
    operands = [_operand(x) for x in inputs]
    for place, (name, x) in enumerate(zip(_argument_names(function, len(inputs)), operands, strict=True)):
        if isinstance(x, Tensor):
            recorder.give(place, name, x)
    with _no_collector(), enable_grad() if order else nullcontext(), watching(recorder):
        result = function(*operands)
        marked = list(_outputs(result))
        roots = [x for _, x in marked] if loss is None else [_loss(loss, result)]
        marked += [("loss", x) for x in roots if loss is not None]
        ends = [_End(recorder.find(x), name) for name, x in marked]
        if order == 1:
            ends += _gradients(recorder, roots)[1]
        elif order == 2:
            ends += _second(recorder, roots, penalty)
        return recorder.graph(ends)


def graph_of(*tensors: Tensor, parameters: Parameters | None = None) -> Graph:
    """The graph that made tensors that already exist, from what was recorded for their gradients.

    Leaves that require a gradient, or are named by ``parameters``, are parameters, others inputs. Code that ran
    without recording has no graph: its results are inputs.

    >>> import autocnn as ac
    >>> x = ac.Tensor([2.0]).requires_grad_()
    >>> len(graph_of(x * x))
    3
    """
    return recorded(*tensors, parameters=parameters).graph


class Recording(NamedTuple):
    """A graph of what has run, and behind each vertex what the engine holds of it."""

    graph: Graph
    leaves: dict[int, Tensor]
    """The tensors of the leaves, as far as they are still alive."""
    nodes: dict[int, Node]
    """The nodes of all vertices but numbers and outputs."""


def recorded(
    *tensors: Tensor, parameters: Parameters | None = None, inputs: Mapping[str, Tensor] | None = None
) -> Recording:
    """What `graph_of` gives, with the tensors of its leaves and all nodes; `inputs` names the arguments."""
    for place, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise GraphError(f"graph_of: argument {place} is a {type(tensor).__name__}; a Tensor is needed")
    recorder = _Recorder(_names(None, parameters), lines=False)
    for place, (name, x) in enumerate((inputs or {}).items()):
        recorder.give(place, name, x)
    nodes: dict[int, Node] = {}
    todo = [tensor.node() for tensor in tensors]
    with _no_collector():
        while todo:
            node = todo.pop()
            if node.serial not in nodes:
                nodes[node.serial] = node
                todo.extend(edge for edge in node.edges if type(edge) is not Number)
        for serial in sorted(nodes.keys() - recorder.place_of.keys()):
            recorder.read(nodes[serial])
        graph = recorder.graph([_End(recorder.place_of[tensor.node().serial]) for tensor in tensors])
    known = {number: nodes[serial] for serial, number in recorder.place_of.items() if serial in nodes}
    return Recording(graph, recorder.leaves, known)  # all that was read is needed: no vertex got another number


@contextmanager
def _no_collector() -> Iterator[None]:
    """Without the cyclic collector, which would walk a growing graph, without cycles, again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@primitive(differentiable=False)
def _detach(xp: Any, x: Any) -> Any:
    return x


class _End(NamedTuple):
    """An output to be: the vertex whose value it is, what it is called, and the leaf that it is a gradient of."""

    source: int
    name: str | None = None
    phase: str = "forward"
    leaf: int | None = None


class _Recorder(Watcher):
    """A watcher that writes vertices and edges down."""

    def __init__(self, names: Mapping[int, str], lines: bool, buffers: frozenset[int] = frozenset()) -> None:
        self.names = names
        self.buffers = buffers
        """Of what is named, that which is no parameter but a constant, such as running statistics."""
        self.lines = lines
        self.order = 0
        """The pass that runs: 0 forward, 1 backward, 2 the backward pass of that."""
        self.place_of: dict[int, int] = {}
        """The vertex of each node, by serial number."""
        self.vertices: list[Vertex] = []
        self.edges: list[Edge] = []
        self.inputs: list[int] = []
        self.values: dict[int, Any] = {}
        self.leaves: dict[int, Tensor] = {}
        """The tensors of parameters and inputs, by vertex."""
        self._differentiable: set[int] = set()
        """The vertices of the forward pass that require a gradient."""
        self._arrays: dict[int, tuple[Any, int, int]] = {}
        """By the identity of an array: the array, kept alive, its vertex, and when that was made."""

    # What a watcher does ------------------------------------------------------------------------------------

    def place(self, place: Place) -> Place:
        """The place of an op; whatever runs during a backward pass belongs to it."""
        if place.order < self.order:
            place = place._replace(order=self.order)
        if self.lines and not place.order:
            place = place._replace(line=user_line())
        return place

    def seen(self, node: Node, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
        """Write an op down, and the leaves that it is the first to use."""
        if inputs:
            operands = list(zip(node.edges, inputs, strict=True))
            sources = [
                self._number(edge, node) if type(edge) is Number else self.find(x, node) for edge, x in operands
            ]
        else:
            sources = [self.place_of[edge.serial] for edge in node.edges]
        number = self._op(node, sources)
        if len(outputs) == 1:
            self._arrays[id(outputs[0])] = outputs[0], number, node.serial

    # Vertices -----------------------------------------------------------------------------------------------

    def give(self, place: int, name: str, tensor: Tensor) -> None:
        """Note an argument of the function."""
        node = tensor.node()
        if node.serial in self.place_of:
            first = self.place_of[node.serial]
            raise GraphError(
                f"trace: input {place} is the same tensor as input {first}; a graph has one vertex for each. "
                "Pass a clone"
            )
        self.inputs.append(self._leaf(node, tensor, "input", name))

    def find(self, tensor: Tensor, user: Node | None = None) -> int:
        """The vertex of a tensor: of its node, of whatever made its very array, or a new leaf."""
        node = tensor.node()
        number = self.place_of.get(node.serial)
        if number is None:
            number = self._by_array(tensor, user)
        if number is None:
            named = node.serial in self.names and node.serial not in self.buffers
            kind = "parameter" if named or _wants(node) else "constant"
            number = self._leaf(node, tensor, kind, self.names.get(node.serial), user)
        return number

    def _by_array(self, tensor: Tensor, user: Node | None) -> int | None:
        """The vertex of a detached tensor: it has no node, but the array of one that has."""
        entry = self._arrays.get(id(tensor.array))
        if entry is None or tape.version(tensor.array) > entry[2]:
            return None
        node, source = tensor.node(), entry[1]
        if not node.requires_grad and source in self._differentiable:
            place = Place() if user is None else user.place
            number = len(self.vertices)
            self._add(node, _detach.name, "op", {}, scope=place.scope, phase=_phase(place))
            self.edges.append(Edge(source, number, 0))
            source = number
        self.place_of[node.serial] = source
        return source

    def _leaf(
        self, node: Node, tensor: Tensor | None, kind: str, name: str | None, user: Node | None = None
    ) -> int:
        number = self.place_of[node.serial] = len(self.vertices)
        place = Place(order=self.order) if user is None else user.place
        phase = _phase(place) if kind == "constant" else "forward"
        scope = place.scope if kind != "input" else ""
        self._add(node, "", kind, {}, scope=scope, phase=phase, name=name)
        if tensor is not None:
            self._arrays[id(tensor.array)] = tensor.array, number, node.serial
            self.leaves[number] = tensor
            if node.requires_grad:
                self._differentiable.add(number)
            if kind != "input":
                self.values[number] = tensor.array.copy() if kind == "constant" else tensor.array
        return number

    def _number(self, number: Number, user: Node) -> int:
        """A Python number that stands where a tensor could: a constant without an array."""
        value, place = number.value, len(self.vertices)
        scope, phase = user.place.scope, _phase(user.place)
        self.vertices.append(
            Vertex(place, "", "constant", {"value": value}, (), type(value).__name__, "cpu", scope, phase)
        )
        return place

    def _op(self, node: Node, sources: list[int]) -> int:
        number = self.place_of[node.serial] = len(self.vertices)
        assert node.primitive is not None  # leaves are not run
        place, saved = node.place, node.saved if type(node.saved) is tuple else ()
        count = len(node.edges)
        kept = tuple([i if i < count else count - 1 - i for i, x in enumerate(saved) if x is not None])
        sizes = tuple([getattr(x, "nbytes", 0) for x in saved if x is not None])
        twin = self.place_of.get(place.twin) if place.twin is not None else None
        phase = _phase(place)
        if twin is not None and phase == "backward" and self.vertices[twin].phase != "forward":
            phase = "second"
        scope = place.scope  # where gradients meet, none was open: they belong to what they are the gradient of
        if not scope and twin is not None:
            scope = self.vertices[twin].scope
        self._add(
            node, node.primitive.name, "op", plain(node.params), scope=scope, phase=phase,
            twin=twin, saved=kept, saved_sizes=sizes, line=place.line,
        )  # fmt: skip
        self.edges.extend([Edge(source, number, position) for position, source in enumerate(sources)])
        if node.requires_grad and phase == "forward":
            self._differentiable.add(number)
        return number

    def _add(self, node: Node, op: str, kind: str, params: Mapping[str, object], **more: Any) -> None:
        several = node.primitive is not None and node.primitive.outputs
        shape, dtype = ((), SEVERAL) if several else (tuple(node.shape), _text(node.dtype))
        self.vertices.append(
            Vertex(len(self.vertices), op, kind, params, shape, dtype, _text(node.device), **more)
        )  # fmt: skip

    def read(self, node: Node) -> None:
        """Write down a node that ran before."""
        if node.primitive is None:
            tensor = node.tensor() if isinstance(node, Leaf) else None
            kind = "parameter" if node.requires_grad or node.serial in self.names else "input"
            number = self._leaf(node, tensor, kind, self.names.get(node.serial))
            if kind == "input":
                self.inputs.append(number)
            return
        sources = [
            self._number(edge, node) if type(edge) is Number else self.place_of[edge.serial] for edge in node.edges
        ]
        self._op(node, sources)

    # The whole ----------------------------------------------------------------------------------------------

    def graph(self, ends: list[_End]) -> Graph:
        """The graph of what the outputs, and the gradients among them, depend on."""
        numbers = [self._end(end) for end in ends]
        whole = Graph(
            tuple(self.vertices),
            tuple(self.edges),
            inputs=tuple(self.inputs),
            outputs=tuple(numbers),
            values=self.values,
        )
        return subgraph(whole, ancestors(whole, *numbers, *self.inputs))

    def _end(self, end: _End) -> int:
        made = self.vertices[end.source]
        number = len(self.vertices)
        scope = "" if end.leaf is None else self.vertices[end.leaf].scope
        self.vertices.append(
            Vertex(
                number, "", "output", {}, made.shape, made.dtype, made.device, scope, end.phase, end.leaf, end.name
            )
        )
        self.edges.append(Edge(end.source, number, 0))
        return number

    def called(self, leaf: int) -> str:
        """The name of a parameter or input, or its vertex."""
        return self.vertices[leaf].name or f"%{leaf}"


# Backward passes ----------------------------------------------------------------------------------------------


def _gradients(
    recorder: _Recorder, outputs: list[Tensor], *, create_graph: bool = False
) -> tuple[dict[int, Tensor], list[_End]]:
    """Run the backward pass of outputs: the gradients by the vertex of their leaf, and the ends that they are."""
    roots = [x for x in outputs if x.requires_grad]
    wanted = [
        (number, leaf)
        for number, leaf in recorder.leaves.items()
        if leaf.requires_grad and recorder.place_of.get(leaf.node().serial) == number  # not overwritten since
    ]
    if not roots or not wanted:
        raise GraphError(
            "trace: no output depends on anything that requires a gradient, so there is no backward pass; "
            "use order=0, or requires_grad_() on an input or parameter"
        )
    with tape.context(watch=None):
        seeds = [slots.ones_like(x.detach()) for x in roots]
    recorder.order += 1
    for seed in seeds:
        recorder._leaf(seed.node(), seed, "constant", "seed")
    found = grad(roots, [leaf for _, leaf in wanted], seeds, create_graph=create_graph, allow_unused=True)
    known = {number: g for (number, _), g in zip(wanted, found, strict=True) if g is not None}
    phase, order = PHASES[recorder.order], "" if recorder.order == 1 else "second "
    ends = [
        _End(recorder.find(g), f"{order}grad {recorder.called(leaf)}", phase, leaf) for leaf, g in known.items()
    ]
    return known, ends


def _second(recorder: _Recorder, outputs: list[Tensor], penalty: Penalty | None) -> list[_End]:
    """Run the backward pass so that it can be differentiated, then that of a penalty on the gradients."""
    found, ends = _gradients(recorder, outputs, create_graph=True)
    named = {recorder.called(leaf): g for leaf, g in found.items()}
    if len(named) < len(found):
        names = [recorder.called(leaf) for leaf in found]
        twice = next(name for name in names if names.count(name) > 1)
        raise GraphError(f"trace: two tensors are named {twice!r}; order=2 tells gradients by name. Rename one")
    value = _sum_of_squares(recorder, found) if penalty is None else penalty(named)
    if not isinstance(value, Tensor) or not value.requires_grad:
        raise GraphError(
            "trace: the penalty on the gradients depends on nothing that requires a gradient, so there is no "
            "second backward pass; use order=1"
        )
    ends.append(_End(recorder.find(value), "penalty", PHASES[1]))
    return ends + _gradients(recorder, [value])[1]


def _sum_of_squares(recorder: _Recorder, gradients: dict[int, Tensor]) -> Tensor:
    """The squared length of the whole gradient. Its own gradient is twice the Hessian times it.

    Each square is computed in the module that its gradient belongs to, the last module's first.
    """
    total: Any = None
    for leaf, g in reversed(gradients.items()):
        place = recorder.vertices[leaf].scope
        with scope(place) if place else nullcontext():
            square: Any = (g * g).sum()
            total = square if total is None else total + square
    return total  # type: ignore[no-any-return]


# Names, places, arguments -------------------------------------------------------------------------------------


@cache
def _text(value: Any) -> str:
    """The name of a dtype or device; NumPy takes its time to spell one."""
    return str(value)


def _phase(place: Place) -> str:
    return PHASES[min(place.order, 2)]


def _wants(node: Node) -> bool:
    return node.primitive is None and node.requires_grad


def _operand(value: Any) -> Any:
    """Arrays and lists become tensors; numbers, texts, None and the like are passed on as they are."""
    return as_tensor(value) if hasattr(value, "__array__") or isinstance(value, list) else value


def _argument_names(function: Any, count: int) -> list[str]:
    called = getattr(function, "forward", function)
    try:
        parameters = list(inspect.signature(called).parameters.values())
    except (TypeError, ValueError):  # a builtin that does not say
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "input")
    return [names[place] if place < len(names) else f"{rest}{place}" for place in range(count)]


def _names(function: Any, parameters: Parameters | None) -> dict[int, str]:
    """Names of parameters by the serial number of their node."""
    if parameters is None:
        return _named(function, "named_parameters")
    pairs = parameters.items() if isinstance(parameters, Mapping) else parameters
    return {tensor.node().serial: name for name, tensor in pairs}


def _named(function: Any, method: str) -> dict[int, str]:
    """What a module names by one of its methods, if it has it."""
    pairs = getattr(function, method)() if hasattr(function, method) else ()
    return {tensor.node().serial: name for name, tensor in pairs}


def _loss(loss: Callable[[Any], Tensor], result: Any) -> Tensor:
    value = loss(result)
    if not isinstance(value, Tensor):
        raise GraphError(f"trace: the loss is a {type(value).__name__}; a tensor is needed, made of the outputs")
    return value


def _outputs(result: Any) -> Iterable[tuple[str | None, Tensor]]:
    """The tensors that a function returned: one, several, by name, or any nest of these."""
    if isinstance(result, Tensor):
        return [(None, result)]
    if isinstance(result, Mapping):
        inner = [(str(key), name, value) for key, part in result.items() for name, value in _inside(part)]
        return [(key if name is None else f"{key}.{name}", value) for key, name, value in inner]
    if isinstance(result, tuple | list):
        return [named for part in result for named in _inside(part)]
    raise GraphError(f"trace: the function returned {type(result).__name__}; a tensor, several, or a dict of them")


def _inside(part: Any) -> Iterable[tuple[str | None, Tensor]]:
    """The tensors in a part of a result, which may hold other things too."""
    return _outputs(part) if isinstance(part, Tensor | Mapping | tuple | list) else ()
