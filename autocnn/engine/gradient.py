"""The gradient as an algebra of the sweep: on bare arrays (`Plain`), or on Tensors (`Recorded`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autocnn.backend import kernels
from autocnn.backend.aligned import is_whole
from autocnn.backend.arrays import CPU, is_writable, namespace, owner
from autocnn.engine import slots, tape
from autocnn.engine.primitive import item, residual_tensor
from autocnn.engine.tape import Context, Node, local
from autocnn.engine.tensor import Retain, Tensor, apart, as_tensor
from autocnn.errors import GradientError, InPlaceError, ReleasedGraphError

_SMALL = 4096
_NUMBERS = (int, float, bool)


class Parts:
    """Cotangents of a node with several outputs, by output.

    Each output has one `item` node, which hands its cotangent on when it is complete: parts never overlap.
    """

    __slots__ = ("values",)
    size = 1 << 62  # never a small array

    def __init__(self, index: int, g: Any) -> None:
        self.values = {index: g}

    def joined(self, new: Parts) -> Parts:
        """These parts and others, at a cost that does not grow with the number of outputs."""
        self.values.update(new.values)
        return self


class Released:
    """What stands in a node in place of its saved arrays once a backward pass has used them."""

    __slots__ = ("by",)

    def __init__(self, by: str) -> None:
        self.by = by


class Gradient:
    """What the two gradient algebras share: which nodes matter, hooks, and where gradients are kept."""

    def __init__(self, useful: set[int] | None, wanted: dict[int, Any], retain: bool, by: str) -> None:
        """`useful` numbers the nodes that matter (None: all), `wanted` those whose gradients are asked for."""
        self.useful = useful
        self.wanted = wanted
        self.retain = retain
        self.released = Released(by)
        self.every = bool(wanted)
        self.leaves: list[tuple[Any, Any]] = []
        """Leaves and their gradients, to be added to `.grad` when the sweep is over."""
        self.kept: list[tuple[Retain, Tensor]] = []
        """Gradients that `retain_grad` asked for: kept back until nothing can fail any more."""
        self.last_write = tape.last_write()
        self.watch = local.context.watch

    def needed(self, node: Node) -> tuple[bool, ...]:
        """Which inputs of a node need a cotangent."""
        useful = self.useful
        if useful is None:
            return tuple([e.requires_grad for e in node.edges])
        return tuple([e.requires_grad and e.serial in useful for e in node.edges])

    def unpack(self, node: Node) -> tuple[Any, ...]:
        """The saved arrays of a node, checked; released unless they are retained."""
        saved: Any = node.saved
        if type(saved) is not tuple:
            if isinstance(saved, Released):
                raise ReleasedGraphError(
                    f"backward: the arrays of {node.name} were released by {saved.by}; "
                    "call that one with retain_graph=True"
                )
            saved = saved.refill(node)
        if self.last_write > node.serial:
            check_versions(node, saved)
        if self.watch is not None:
            self.watch.used(node, saved)
        if not self.retain and saved:
            node.saved = self.released  # type: ignore[assignment]
        return saved  # type: ignore[no-any-return]

    def hooked(self, node: Node, g: Tensor) -> Tensor:
        """A gradient after the hooks of its node, in memory of its own: a hook may keep it, or write to it."""
        g = apart(g)
        for hook in node.hooks or ():
            if isinstance(hook, Retain):
                self.kept.append((hook, apart(g)))
                continue
            answer = hook(g)
            if answer is not None:
                g = _fitting(node, answer, g)
        self.last_write = tape.last_write()
        return g

    def hooked_parts(self, node: Node, parts: Parts) -> Parts:
        """Hooks of a node with several outputs get a tuple: a gradient for each, None where nothing arrived."""
        values = parts.values
        given = tuple([apart(as_tensor(values[i])) if i in values else None for i in range(len(node.shape))])
        for hook in node.hooks or ():
            answer = hook(given)
            if answer is not None:
                pairs = zip(answer, given, strict=True)
                given = tuple([new if new is None or g is None else _fitting(node, new, g) for new, g in pairs])
        self.last_write = tape.last_write()
        plain = not any(isinstance(g, Tensor) for g in values.values())
        parts.values = {i: g._array if plain else g for i, g in enumerate(given) if g is not None}
        return parts


def check_versions(node: Node, saved: tuple[Any, ...]) -> None:
    """Raise if an array was overwritten after its node had saved it."""
    for array in saved:
        if array is not None and not isinstance(array, (int, float)) and tape.version(array) > node.serial:
            raise InPlaceError(
                f"backward: {node.name} saved an array of shape {array.shape} that {tape.writer(array)} "
                "has overwritten since; clone it before, or write to a copy"
            )


class Addition(NamedTuple):
    """The cotangent of a part of a tensor: it adds itself into that of the whole."""

    rule: Any
    g: Any
    inputs: Sequence[Any]
    params: dict[str, Any]


class Ahead:
    """A cotangent that has yet to pass the op it comes from: the node that gets it has a kernel for both."""

    __slots__ = ("g", "rule", "z")
    size = 1 << 62

    def __init__(self, g: Any, rule: Any, z: Any) -> None:
        self.g, self.rule, self.z = g, rule, z

    def passed(self) -> Any:
        """The cotangent behind that op."""
        return self.rule(self.g, self.z, None)


class Plain(Gradient):
    """Gradients as bare arrays: fast rules where there are any, nothing recorded."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.owned: set[int] = set()
        """Serial numbers of nodes whose cotangent is an array of this sweep's own."""
        self.touched: set[int] = set()
        """Serial numbers of leaves that a large part has reached."""
        self.begun: set[int] = set()
        """Serial numbers of nodes that the cotangent of a part of them has reached."""
        self.around: tuple[Any, Sequence[Any], Sequence[Any]] = (None, (), ())
        """The cotangent that the last rule on large arrays got, what was saved for it, and what it made."""

    def apply(self, node: Node, g: Any) -> Sequence[Any]:
        p: Any = node.primitive
        if p.single and p.fast_rule is None and p.add_rule is None:
            return self._through_one(node, p, g)
        if not p.pair or self.useful is not None:
            return self._general(node, p, g)
        # two inputs: the commonest case, written out
        x, y = node.edges
        saved = node.saved
        a, b, z = x, y, node
        if saved:
            if type(saved) is not tuple or self.last_write > node.serial:
                saved = self.unpack(node)
            elif not self.retain:
                node.saved = self.released  # type: ignore[assignment]
            u, v, w = saved
            if u is not None:
                a = u
            if v is not None:
                b = v
            if w is not None:
                z = w
        left, right = p.rules
        params = node.params
        if not y.requires_grad:
            parts = (left(g, z, a, b, **params), None)
        elif not x.requires_grad:
            parts = (None, right(g, z, a, b, **params))
        else:
            parts = (left(g, z, a, b, **params), right(g, z, a, b, **params))
        if g.size > _SMALL or params:  # weights may be large where images are small
            self.around = (g, saved, parts)
            self._adopt(parts, node.edges)
        return parts

    def _through_one(self, node: Node, p: Any, g: Any) -> Sequence[Any]:
        """`apply` for one input and no residuals."""
        edges = node.edges
        x: Any = edges[0]
        z: Any = node
        if not x.requires_grad or (self.useful is not None and x.serial not in self.useful):
            return ()
        saved = node.saved
        if saved:
            saved = self.unpack(node)
            if saved[1] is not None:
                z = saved[1]
            if saved[0] is not None:
                x = saved[0]
        if g.size > _SMALL and _goes_through(edges[0], p):
            self.around = (g, saved, ())
            return (Ahead(g, p.rules[0], z),)
        parts = (p.rules[0](g, z, x, **node.params),)
        if g.size > _SMALL:
            self.around = (g, saved, parts)
            if edges[0].primitive is None:
                self._adopt(parts, edges)
        return parts

    def _general(self, node: Node, p: Any, g: Any) -> Sequence[Any]:
        edges = node.edges
        if p is item:
            return (_into_parts(node, g),)
        saved = self.unpack(node)
        inputs, z, extra = operands(node, saved) if saved else (edges, node, node.params)
        if type(g) is Parts:
            g = filled(node, g)
        need = self.needed(node)
        parts: Sequence[Any]
        if p.add_rule is not None and need[0]:
            if edges[0].serial in self.begun:
                return (Addition(p.add_rule, g, inputs, extra),)
            self.begun.add(edges[0].serial)
        if p.fast_rule is not None:
            parts = p.fast_rule(g, z, *inputs, need=need, **extra)
        elif p.each is not None:
            each = p.each
            parts = [each(i, g, z, *inputs, **extra) if n else None for i, n in enumerate(need)]
        else:
            parts = [
                rule(g, z, *inputs, **extra) if n and rule is not None else None
                for rule, n in zip(p.rules, need, strict=True)
            ]
        self.around = (g.g if type(g) is Ahead else g, saved, parts)
        self._adopt(parts, edges)
        return parts

    def _adopt(self, parts: Sequence[Any], edges: Sequence[Node]) -> None:
        """A large array that a rule made for a leaf, and that shares memory with nothing, need not be copied."""
        for part, edge in zip(parts, edges, strict=True):
            if part is None or edge.primitive is not None or part.size <= _SMALL:
                continue
            if edge.serial in self.touched:
                continue
            self.touched.add(edge.serial)
            if self._is_fresh(part):
                self.owned.add(edge.serial)

    def _is_fresh(self, part: Any) -> bool:
        """Whether what the last rule made is whole, and shares memory with nothing that it was given or made."""
        g, saved, parts = self.around
        memory, count = owner(part), 0
        if not is_whole(part, memory):  # spread out, or a part of something
            return False
        for x in (*(g if isinstance(g, tuple) else (g,)), *saved, *parts):
            if x is part:
                count += 1
            elif x is not None and type(x) not in _NUMBERS and owner(x) is memory:
                return False
        return count == 1

    def join(self, old: Any, new: Any, edge: Node) -> Any:
        if type(new) is Addition:
            total = old if edge.serial in self.owned else old.copy(order="K")
            self.owned.add(edge.serial)
            new.rule(namespace(total), total, new.g, *new.inputs, **new.params)
            return total
        if type(old) is Ahead:
            old = old.passed()
        if type(new) is Ahead:
            new = new.passed()
        if old.size <= _SMALL:  # NumPy adds small arrays in place three times slower than into a new one
            return plus(old, new)
        if edge.serial in self.owned:
            return kernels.add_into(namespace(old), old, new)
        if type(old) is Parts:
            return old.joined(new)
        self.owned.add(edge.serial)
        if old.shape == new.shape and self._is_fresh(new) and is_writable(new):
            return kernels.add_into(namespace(new), new, old)
        return plus(old, new)

    def done(self, node: Node, g: Any) -> Any:
        owned = node.serial in self.owned
        if type(g) is Parts:
            return self.hooked_parts(node, g) if node.hooks is not None else g
        if type(g) is Ahead:
            if node.hooks is None and node.serial not in self.wanted:
                return g
            g = g.passed()
        if node.hooks is not None:
            g = self.hooked(node, Tensor(g))._array
            owned = False  # a hook may have kept it
        if node.serial in self.wanted:
            self.wanted[node.serial] = Tensor(g if owned else g.copy(order="K"))
        elif node.primitive is None and not self.wanted:
            self.leaves.append((node, g if owned else g.copy(order="K")))
        return g


def _goes_through(node: Node, p: Any) -> bool:
    """Whether a node's kernel went on to the op p behind it, and so its fast rule comes back through both."""
    made = node.primitive
    if made is None or made.goes_on_to is not p:
        return False
    saved = node.saved
    return type(saved) is tuple and len(saved) > 0 and saved[-1] is not None


def plus(a: Any, b: Any) -> Any:
    """The sum of two arrays, an array also where they hold one number."""
    total = a + b
    return total if type(total) is type(a) else np.asarray(total)  # NumPy makes scalars of 0-d sums


class Recorded(Gradient):
    """Gradients as Tensors: what runs is written down.

    With `create_graph` the definitions run, so that every order follows. Without it, because somebody watches,
    the very kernels of `Plain` run: what is drawn is what training runs.
    """

    def __init__(self, *args: Any, create_graph: bool, order: int) -> None:
        super().__init__(*args)
        self.create_graph = create_graph
        self.order = order
        """1 for a backward pass, 2 for that of a gradient, and so on."""

    def apply(self, node: Node, g: Any) -> Sequence[Any]:
        p = node.primitive
        if p is item:
            return (_into_parts(node, g),)
        assert p is not None  # leaves have no edges
        saved = self.unpack(node)
        count = len(node.edges)
        outer = local.context
        local.context = self._inside(outer, node)
        try:
            inputs: list[Any] = list(node.edges)
            z: Any = node
            extra = node.params
            if saved:
                inputs = [
                    e if s is None else s if isinstance(s, _NUMBERS) else Tensor(s, e)
                    for s, e in zip(saved, node.edges, strict=False)
                ]
                if saved[count] is not None:
                    z = Tensor(saved[count], node)
                if len(saved) > count + 1:
                    kept = [
                        None
                        if r is None or (r.dtype.kind == "f" and self.create_graph)
                        else residual_tensor(node, i, r)
                        for i, r in enumerate(saved[count + 1 :])
                    ]
                    extra = _with_residuals(node, kept)
            if type(g) is Parts:
                g = tuple(map(as_tensor, filled(node, g)))
            need = self.needed(node)
            if p.fast_rule is not None and not self.create_graph:
                return p.fast_rule(g, z, *inputs, need=need, **extra)  # type: ignore[no-any-return]
            rules = [p.rule(i) for i in range(count)]
            return [
                rule(g, z, *inputs, **extra) if wanted and rule is not None else None
                for rule, wanted in zip(rules, need, strict=True)
            ]
        finally:
            local.context = outer

    def _inside(self, outer: Context, node: Node) -> Context:
        place = node.place._replace(twin=node.serial, order=self.order)
        return outer._replace(recording=self.create_graph, place=place)

    def join(self, old: Any, new: Any, edge: Node) -> Any:
        if type(old) is Parts:
            return old.joined(new)
        outer = local.context
        local.context = self._inside(outer, edge)
        try:
            return slots.add(old, new)
        finally:
            local.context = outer

    def done(self, node: Node, g: Any) -> Any:
        if node.hooks is not None:
            with tape.context(place=self._inside(local.context, node).place):
                g = self.hooked_parts(node, g) if type(g) is Parts else self.hooked(node, g)
        if type(g) is Parts:
            return g
        if node.serial in self.wanted:
            self.wanted[node.serial] = apart(g)
        elif node.primitive is None and not self.wanted:
            self.leaves.append((node, apart(g)))
        return g


def operands(node: Node, saved: Sequence[Any]) -> tuple[list[Any], Any, dict[str, Any]]:
    """What the rules of a node get: its inputs and its output, nodes where no value was saved, and parameters."""
    count = len(node.edges)
    inputs = [edge if value is None else value for value, edge in zip(saved, node.edges, strict=False)]
    z = node if saved[count] is None else saved[count]
    extra = _with_residuals(node, saved[count + 1 :]) if len(saved) > count + 1 else node.params
    return inputs, z, extra


# Several outputs -----------------------------------------------------------------------------------------------


def _into_parts(node: Node, g: Any) -> Parts:
    return Parts(node.params["index"], g)


def filled(node: Node, g: Parts) -> tuple[Any, ...]:
    """One cotangent for each output, zeros where nothing arrived."""
    shapes: Any = node.shape
    return tuple([
        g.values[i] if i in g.values else slots.zeros(shape, node.dtype, node.device)
        for i, shape in enumerate(shapes)
    ])  # fmt: skip


def _with_residuals(node: Node, kept: Sequence[Any]) -> dict[str, Any]:
    assert node.primitive is not None  # only a primitive has residuals
    named = zip(node.primitive.residuals, kept, strict=True)
    return {**node.params, **{name: value for name, value in named if value is not None}}


def _fitting(node: Node, answer: Any, g: Tensor) -> Tensor:
    expected = (g.shape, g.dtype, g.device)
    if not isinstance(answer, Tensor) or (answer.shape, answer.dtype, answer.device) != expected:
        got = _described(answer) if isinstance(answer, Tensor) else type(answer).__name__
        raise GradientError(f"hook of {node.name}: returned {got}, the gradient is {_described(g)}")
    return answer


def _described(x: Tensor) -> str:
    place = "" if x.device == CPU else f" on {x.device}"
    return f"{x.dtype} {x.shape}{place}"
