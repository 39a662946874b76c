"""Primitives: a name, a pure forward on arrays, one rule per input, and what it keeps for them.

    @primitive(saves=("x", "y"))
    def _mul(xp, x, y):
        return xp.multiply(x, y)

    _mul.vjp(lambda g, z, x, y: unbroadcast(_mul(g, y), x),
             lambda g, z, x, y: unbroadcast(_mul(g, x), y))

Parameters before the ``*`` are arrays (tensors, or Python numbers); keyword-only ones are fixed values. A rule
gets an input as an array (a Tensor when the backward pass is itself recorded) if the primitive saves it, and
otherwise a node that knows only shape, dtype and device.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from autocnn.backend.arrays import CPU, device_of, is_array, namespace, to_device
from autocnn.engine import guests
from autocnn.engine.tape import FLOATS, NO_PARAMS, Context, Node, local, number
from autocnn.engine.tensor import Tensor, as_tensor, promote
from autocnn.engine.views import link_views
from autocnn.errors import ArgumentError, DeviceError, DTypeError, OperandError, ShapeError
from autocnn.types import Array

Rule = Callable[..., Any]
_ndarray = np.ndarray


class Primitive:
    """One op of the compute graph. Calling it runs it: Tensors in, a Tensor out; arrays in, an array out."""

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        saves: Sequence[str] | Sequence[Sequence[str]],
        residuals: Sequence[str],
        outputs: bool,
        differentiable: bool,
        view: bool,
    ) -> None:
        parameters = list(inspect.signature(forward).parameters.values())[1:]
        positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        self.name = forward.__name__.strip("_")
        self.forward = forward
        self.inputs = tuple(positional)
        self.keywords = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.residuals = tuple(residuals)
        self.outputs = outputs
        self.differentiable = differentiable
        self.view = view
        self.saves = (saves,) if isinstance(saves, str) else saves
        known = [*([p.name for p in parameters if p.kind is p.VAR_POSITIONAL] or self.inputs), "z", *residuals]
        guests.check_saves(self.name, self.saves, known)
        self.guest = guests.is_guest(forward)
        self.rules: tuple[Rule | None, ...] = (guests.no_rule(self.name),) * len(self.inputs)
        self.each: Rule | None = guests.no_rule(self.name) if self.variadic else None
        self.fast_rule: Rule | None = None
        self.add_rule: Rule | None = None
        self.goes_on_to: Primitive | None = None
        """The op behind it that a kernel may do as well, which shows in the last residual; its fast rule takes an
        `Ahead` then."""
        self._keep: dict[tuple[bool, ...], Any] = {}
        self.single = False
        """Whether it has one input, one output and no residuals."""
        self.single_keep = (False, False)
        """Whether that input, and that output, are kept."""
        self.pair = False
        """Whether it has two inputs, a rule for each, one output, and neither residuals nor a fused rule."""
        self.pair_keep: tuple[tuple[bool, bool, bool], ...] = ()
        """Whether x, y and z are kept, by which inputs require a gradient: neither, x, y, both."""
        self.__doc__ = forward.__doc__
        _register(self)

    def vjp(self, *rules: Rule | None) -> None:
        """Give the rule of each input: `rule(g, z, *inputs, **params)` is the cotangent of that input."""
        if len(rules) != len(self.inputs):
            raise TypeError(f"{self.name}: {len(rules)} rules for {len(self.inputs)} inputs")
        if self.guest:
            rules = tuple([guests.held(self.name, i, rule) for i, rule in enumerate(rules)])
        self.rules = rules
        two = len(rules) == 2 and not self.residuals
        self.pair = two and None not in rules and self.fast_rule is None and not self.outputs
        self.single = len(rules) == 1 and not self.residuals and not self.outputs
        if self.single:
            slots = self._slots((True,))
            self.single_keep = (0 in slots, 1 in slots)
        if two:
            kept = [self._slots((n & 1 > 0, n & 2 > 0)) for n in range(4)]
            self.pair_keep = tuple((0 in slots, 1 in slots, 2 in slots) for slots in kept)

    def vjp_each(self, rule: Rule) -> None:
        """Give the rule of a primitive with any number of inputs: `rule(i, g, z, *inputs, **params)`."""
        self.each = guests.held_each(self.name, rule) if self.guest else rule

    def fast(self, rule: Rule) -> None:
        """Give the fused rule: `rule(g, z, *inputs, need, **params)` is every cotangent that is needed."""
        self.fast_rule = guests.held_fast(self.name, rule) if self.guest else rule
        self.pair = False

    def adds(self, rule: Rule) -> None:
        """Give the rule of a part of input 0: `rule(xp, total, g, *inputs, **params)` adds g where it belongs.

        The sweep then needs no array of zeros for each part that was taken from one tensor.
        """
        self.add_rule = rule
        self.pair = False

    def rule(self, i: int) -> Rule | None:
        """The rule of input `i`."""
        if self.each is not None:
            each = self.each
            return lambda *args, **params: each(i, *args, **params)
        return self.rules[i] if i < len(self.rules) else None

    # Running ------------------------------------------------------------------------------------------------

    def __call__(self, *inputs: Any, **params: Any) -> Any:
        """Run on operands: recorded where one of them is a Tensor."""
        if len(inputs) == 1 and self.single and isinstance(inputs[0], Tensor):
            return self._of_one(inputs[0], params)
        for x in inputs:
            if type(x) is not _ndarray:
                break
        else:  # NumPy arrays alone: the way of every plain backward pass
            try:
                z = self.forward(np, *inputs, **params)
            except (ValueError, TypeError) as error:
                _explain(self, inputs, error)
                raise
            if self.residuals:
                z = z[0]
            return z if type(z) is _ndarray or self.outputs else _as_array(z)
        for x in inputs:
            if isinstance(x, Tensor):
                return self.record(inputs, params)
        return self.run(inputs, params)[0]

    def _of_one(self, x: Tensor, params: dict[str, Any]) -> Tensor:
        """`record` for one input and one output, written out: most ops of a network are of this kind."""
        context = local.context
        a = x._array
        if context.watch is not None or type(a) is not _ndarray:
            return self.record((x,), params)  # type: ignore[no-any-return]
        try:
            z = self.forward(np, a, **params)
        except (ValueError, TypeError) as error:
            _explain(self, (a,), error)
            raise
        if type(z) is not _ndarray:
            z = _as_array(z)
        return self.noted_of_one(x, a, z, params)

    def noted_of_one(self, x: Tensor, a: Any, z: Any, params: dict[str, Any]) -> Tensor:
        """`note` for one input, of array a, and one output z, where nobody watches."""
        context, u = local.context, x._node
        wanted = u is not None and u.requires_grad and context.recording and self.differentiable
        if u is None or not wanted or z.dtype.kind != "f":
            made = Tensor(z)
        else:
            saved = (a if self.single_keep[0] else None, z if self.single_keep[1] else None) if self.saves else ()
            place = context.place
            made = Tensor(
                z, Node(self, (u,), params or NO_PARAMS, z.shape, z.dtype, device_of(z), saved, place, True)
            )
        if self.view and z.base is not None:
            link_views(made, x, self, params)
        return made

    def run(self, arrays: Sequence[Any], params: dict[str, Any]) -> tuple[Any, tuple[Array, ...]]:
        """The outputs and the residuals, on bare arrays."""
        try:
            z = self.forward(_namespace(arrays), *arrays, **params)
        except (ValueError, TypeError) as error:
            _explain(self, arrays, error)
            raise
        residuals: tuple[Array, ...] = ()
        if self.residuals:
            z, residuals = z
        if not self.outputs and type(z) is not _ndarray:
            z = _as_array(z)
        return z, residuals

    def record(self, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        """Run on Tensors and write the node down, if somebody will want it."""
        tensors, arrays = inputs, [x._array for x in inputs if isinstance(x, Tensor)]
        if len(arrays) < len(inputs) or set(map(type, arrays)) != _PLAIN:
            tensors, arrays = _settled(self, inputs)
        z, residuals = self.run(arrays, params)
        return self.note(tensors, params, z, residuals)

    def note(self, tensors: Sequence[Any], params: dict[str, Any], z: Any, residuals: tuple[Array, ...]) -> Any:
        """Write the node of what was just run, if somebody will want it; the output as a Tensor, or several."""
        context = local.context
        needs: tuple[bool, ...] = ()
        requires = False
        if context.recording:
            needs = tuple(
                [isinstance(x, Tensor) and x._node is not None and x._node.requires_grad for x in tensors]
            )
            requires = self.differentiable and True in needs and (self.outputs or z.dtype.kind == "f")
        watch = context.watch
        if watch is not None and (other := watch.instead(self, tuple(tensors), context.place)) is not None:
            return other
        if not requires and (watch is None or not watch.notes):
            made: Any = tuple(map(Tensor, z)) if self.outputs else Tensor(z)
        else:
            made = self._noted(tensors, params, z, residuals, needs, requires, context)
        if self.view:
            link_views(made, tensors[0], self, params)
        return made

    def _noted(
        self, tensors: Sequence[Any], params: dict[str, Any], z: Any, residuals: tuple[Array, ...],
        needs: tuple[bool, ...], requires: bool, context: Context,
    ) -> Any:  # fmt: skip
        place = context.place if context.watch is None else context.watch.place(context.place)
        edges = tuple([x._node or x._leaf(False) if isinstance(x, Tensor) else number(x) for x in tensors])
        arrays = [x._array if isinstance(x, Tensor) else x for x in tensors]
        saved = self.keep(arrays, z, residuals, needs) if requires else ()
        several = z if self.outputs else (z,)
        first = several[0]
        shape = tuple([y.shape for y in several]) if self.outputs else first.shape
        node = Node(
            self, edges, params or NO_PARAMS, shape, first.dtype, device_of(first), saved, place, requires
        )  # fmt: skip
        if context.watch is not None:
            context.watch.seen(node, tuple(tensors), several)
        if self.outputs:
            return tuple([Tensor(y, _item(node, i, y, context)) for i, y in enumerate(several)])
        return Tensor(first, node)

    def keep(
        self, arrays: Sequence[Any], z: Any, residuals: tuple[Array, ...], needs: tuple[bool, ...]
    ) -> tuple[Any, ...]:
        """What the node holds on to: inputs, output, residuals, each None where no rule asks for it."""
        if needs not in self._keep:
            self._keep[needs] = self._picker(needs)
        pick = self._keep[needs]
        return () if pick is None else pick((*arrays, z, *residuals, None))

    def _picker(self, needs: tuple[bool, ...]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]] | None:
        """What picks from inputs, output, residuals and a last None those that are kept, None for the others."""
        slots, count = self._slots(needs), len(needs) + 1 + len(self.residuals)
        return itemgetter(*[i if i in slots else -1 for i in range(count)]) if slots else None

    def _slots(self, needs: tuple[bool, ...]) -> tuple[int, ...]:
        count = len(needs)
        per_rule = [(name,) if isinstance(name, str) else name for name in self.saves]
        if self.saves and not isinstance(self.saves[0], str):
            names = {name for names, need in zip(per_rule, needs, strict=True) if need for name in names}
        else:
            names = {name for names in per_rule for name in names}
        order = list(self.inputs) if not self.variadic else [f"x{i}" for i in range(count)]
        order += ["z", *self.residuals]
        if self.variadic and "xs" in names:
            names |= set(order[:count])
        return tuple(i for i, name in enumerate(order) if name in names)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


def _register(p: Primitive) -> None:
    """Make a primitive known by its name, by which stored graphs find it. Defining it again replaces it."""
    taken = _REGISTRY.get(p.name)
    module = p.forward.__module__
    if taken is not None and taken.forward.__module__ != module:
        raise ArgumentError(
            f"primitive: name is {p.name!r}, which {taken.forward.__module__} has taken; "
            "graphs are stored by these names. Choose another"
        )
    _REGISTRY[p.name] = p


_REGISTRY: dict[str, Primitive] = {}
_NUMBERS = frozenset((int, float, bool))
_PLAIN = {np.ndarray}


def primitive(
    *,
    saves: Sequence[str] | Sequence[Sequence[str]] = (),
    residuals: Sequence[str] = (),
    outputs: bool = False,
    differentiable: bool = True,
    view: bool = False,
) -> Callable[[Callable[..., Any]], Primitive]:
    """Make a pure function on arrays a primitive.

    `saves` names what the rules read: inputs, ``"z"``, residuals; for all rules, or a tuple of names for each.
    `residuals` names the extra arrays of a forward that returns ``(z, residuals)``. `outputs` says that it
    returns several arrays; `differentiable=False` that it has no derivative; `view` that z may share x's memory.

    >>> @primitive(saves=("z",))
    ... def _double_exp(xp, x):
    ...     return xp.exp(2 * x)
    >>> _double_exp.name
    'double_exp'
    """

    def make(forward: Callable[..., Any]) -> Primitive:
        return Primitive(
            forward, saves=saves, residuals=residuals, outputs=outputs,
            differentiable=differentiable, view=view,
        )  # fmt: skip

    return make


def primitives() -> dict[str, Primitive]:
    """Every primitive by its name."""
    return dict(_REGISTRY)


def binary(p: Primitive, x: Any, y: Any) -> Tensor:
    """Run a primitive of two operands after promotion: `p.record`, written out for the commonest cases."""
    context = local.context
    try:
        a = x._array
        u = x._node
        if type(y) is float:  # weak: it takes the dtype of x, if that is floating point
            b = np.array(y, a.dtype) if a.dtype.kind == "f" else None
            v = None
        else:
            b = y._array
            v = y._node
        common = type(a) is _ndarray and type(b) is _ndarray and a.dtype is b.dtype and context.watch is None
    except AttributeError:  # a number, an array, a list
        common = False
    if not common:
        return p.record(promote(x, y), NO_PARAMS)  # type: ignore[no-any-return]
    try:
        z = p.forward(np, a, b)
    except (ValueError, TypeError) as error:
        _explain(p, (a, b), error)
        raise
    if type(z) is not _ndarray:
        z = np.asarray(z)
    needs = (u is not None and u.requires_grad) + 2 * (v is not None and v.requires_grad)
    if not needs or not context.recording or not p.differentiable:
        return Tensor(z)
    if u is None:
        u = x._leaf(False)
    if v is None:
        v = FLOATS.get(y) or number(y) if type(y) is float else y._leaf(False)
    saved: tuple[Any, ...] = ()
    if p.saves:
        keep = p.pair_keep[needs]
        saved = (a if keep[0] else None, b if keep[1] else None, z if keep[2] else None)
    shape = z.shape
    if shape == u.shape:
        shape = u.shape  # one tuple for all: a long chain keeps a million of them
    return Tensor(z, Node(p, (u, v), NO_PARAMS, shape, z.dtype, CPU, saved, context.place, True))


# The outputs of a primitive that has several, and its residuals ------------------------------------------------


def _item_forward(xp: Any, x: Any, *, index: int, residual: bool = False) -> Any:
    return x[index]


item = Primitive(_item_forward, saves=(), residuals=(), outputs=False, differentiable=True, view=True)
item.name = "item"
"""The i-th output, or residual, of the one node that made several."""


def _item(node: Node, i: int, array: Array, context: Context, residual: bool = False) -> Node:
    params = {"index": i, "residual": True} if residual else {"index": i}
    requires = node.requires_grad and array.dtype.kind == "f" and not residual
    made = Node(
        item, (node,), params, array.shape, array.dtype, device_of(array), (), node.place, requires
    )  # fmt: skip
    if context.watch is not None:
        context.watch.seen(made, (), (array,))
    return made


def residual_tensor(node: Node, i: int, array: Array) -> Tensor:
    """A residual of a recorded node, as a Tensor that says where it came from."""
    return Tensor(array, _item(node, i, array, local.context, residual=True))


def _operand(p: Primitive, x: Any) -> Tensor:
    if isinstance(x, Node):
        raise TypeError(f"{p.name}: an input of shape {x.shape} was not saved; declare it in `saves`")
    return as_tensor(x)


def _explain(p: Primitive, operands: Sequence[Any], error: Exception) -> None:
    """Raise in the library's words where an array library refused operands by their shapes or dtypes."""
    arrays = [a for a in operands if is_array(a)]
    try:
        np.broadcast_shapes(*[a.shape for a in arrays])
    except ValueError:
        if "broadcast" in str(error):
            shapes = " and ".join(str(a.shape) for a in arrays)
            raise ShapeError(f"{p.name}: shapes {shapes} do not broadcast") from error
    if isinstance(error, TypeError) and ("ufunc" in str(error) or "boolean" in str(error)):
        dtypes = " and ".join(dict.fromkeys(str(a.dtype) for a in arrays))
        raise DTypeError(f"{p.name}: dtype is {dtypes}; it is not defined for that") from error


def _namespace(arrays: Sequence[Any]) -> Any:
    xp = None
    for a in arrays:
        if type(a) is _ndarray:
            if xp is None:
                xp = np
            elif xp is not np:
                raise _two_devices(arrays)
        elif type(a) not in _NUMBERS and a is not None:
            if isinstance(a, Node):
                raise TypeError(f"an input of shape {a.shape} was not saved; declare it in `saves`")
            if not is_array(a):
                raise OperandError(f"{type(a).__name__} is no array or number")
            found = namespace(a)
            if xp is not None and found is not xp:
                raise _two_devices(arrays)
            xp = found
    return xp if xp is not None else np


def _as_array(z: Any) -> Array:
    """What a forward returned: an array of some library as it is, a NumPy scalar as a 0-d array."""
    return z if is_array(z) else np.asarray(z)


def _settled(p: Primitive, inputs: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Operands of any kind as tensors and numbers, and their arrays."""
    tensors = [x if type(x) in _NUMBERS else _operand(p, x) for x in inputs]
    if len({type(x._array) for x in tensors if isinstance(x, Tensor)}) > 1:
        tensors = _beside(tensors)
    return tensors, [x._array if isinstance(x, Tensor) else x for x in tensors]


def _beside(tensors: Sequence[Any]) -> list[Any]:
    """Operands, those moved that hold one number on the host, as PyTorch allows: a number is nowhere."""
    devices = {x.device for x in tensors if isinstance(x, Tensor)} - {CPU}
    if len(devices) != 1:
        return list(tensors)
    home = devices.pop()
    return [
        Tensor(to_device(x._array, home)) if isinstance(x, Tensor) and not x.shape and not x.requires_grad else x
        for x in tensors
    ]


def _two_devices(arrays: Sequence[Any]) -> DeviceError:
    places = ", ".join(f"{device_of(a)} {a.shape}" for a in arrays if is_array(a))
    return DeviceError(f"arrays are on different devices: {places}; move them with to(device)")
