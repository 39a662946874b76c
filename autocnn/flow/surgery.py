"""Operations on a network that runs: blocks removed, scaled, cut off from the gradient, swapped, by address."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from autocnn.engine import Tensor, as_tensor, no_grad
from autocnn.engine.primitive import Primitive
from autocnn.engine.tape import Place, Watcher, local, watching
from autocnn.errors import ArgumentError, GraphError, OperandError
from autocnn.flow.blocks import Address, Join, addresses, residual_joins
from autocnn.graph.data import Graph
from autocnn.graph.trace import trace
from autocnn.nn import Module

Action = str | float
"""``"remove branch"``, ``"cut gradient"``, ``"remove skip"``, or a number: the branch times that."""

ACTIONS = ("remove branch", "cut gradient", "remove skip")
HAND_ON = "hand on"
"""To remove a skip where nobody but the join takes the branch: its value, in the very tensor."""


@contextmanager
def lesioned(model: Any, actions: Mapping[Address | Join | str, Action], x: Any = None) -> Iterator[Any]:
    """Operate on residual blocks for the length of a ``with`` block, in every forward pass of a model.

    The keys are joins, their addresses, or paths of blocks such as ``layer1.0``, for which an example input x is
    needed. The actions: ``"remove branch"`` leaves the shortcut; ``"remove skip"`` leaves the branch;
    ``"cut gradient"`` adds the branch's value and lets no gradient into it; a number is a factor of the branch.
    It holds in train and eval mode, for any batch size and thread; the model's code stays as it is.

    Raises GraphError in a forward pass, in eval mode, that does not come by an address.

    >>> import autocnn as ac
    >>> from autocnn import nn
    >>> class Block(nn.Module):
    ...     def forward(self, x):
    ...         return x + (10.0 * x).relu()
    >>> net, x = nn.Sequential(Block(), Block()), ac.ones(1, 1)
    >>> with lesioned(net, {"1": "remove branch"}, x):
    ...     net(x).item()
    11.0
    >>> net(x).item()
    121.0
    """
    check_module("lesioned", model)
    plan = {_address(model, key, x): checked(action) for key, action in actions.items()}
    kind, before = type(model), vars(model).get(LESIONS, {})
    _operate(model, f"Lesioned{kind.__name__}")
    model.__dict__[LESIONS] = {**before, **plan}
    try:
        yield model
    finally:
        model.__class__ = kind
        model.__dict__[LESIONS] = before
        if not before:
            del model.__dict__[LESIONS]


def operate(model: Any, plan: Mapping[Address, Action], name: str) -> None:
    """Let every forward pass of a model, and of its copies, follow a plan from now on, under a new name."""
    _operate(model, name)
    model.__dict__[MADE] = (*vars(model).get(MADE, ()), dict(plan))


def _operate(model: Any, name: str) -> None:
    if "forward" in vars(model):
        raise ArgumentError(
            f"lesioned: {type(model).__name__} has a forward of its own, set on the object; define it in the class"
        )
    if LESIONS not in vars(model) and MADE not in vars(model):
        model.__class__ = _operated(type(model), name)


MADE, LESIONS = "_made", "_lesions"
"""Where a model keeps the plans by which it was made, and that of its lesions; each sees what is left for it."""


def _operated(kind: Any, name: str) -> Any:
    """A class whose forward pass is that of a kind, watched."""

    @functools.wraps(kind.forward)
    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        root = local.context.place.scope
        surgeons = [_Surgeon(plan, root) for plan in (*vars(self).get(MADE, ()), vars(self).get(LESIONS, {}))]
        with ExitStack() as stack:
            for surgeon in surgeons:
                stack.enter_context(watching(surgeon))
            result = kind.forward(self, *args, **kwargs)
        if not self.training:
            for surgeon in surgeons:
                surgeon.check()
        return result

    def reduced(self: Any) -> Any:
        return _unborn, (kind, name), self.__getstate__()

    known = {"__doc__": kind.__doc__, "__module__": kind.__module__}
    return type(name, (kind,), {"forward": forward, "__reduce__": reduced, **known})


def _unborn(kind: Any, name: str) -> Any:
    """What a copy of an operated model begins as, in this process or in another."""
    made = _operated(kind, name)
    return made.__new__(made)


class _Surgeon(Watcher):
    """Counts the additions of one forward pass by module, and replaces the result of those that are meant."""

    notes = False

    def __init__(self, plan: Mapping[Address, Action], root: str) -> None:
        self.plan = {(f"{root}/{a.scope}".strip("/"), a.op, a.call): (a, action) for a, action in plan.items()}
        self.meant = {(scope, op) for scope, op, _ in self.plan}
        self.calls: Counter[tuple[str, str]] = Counter()
        self.met: set[Address] = set()
        self.operating = False

    def instead(self, primitive: Primitive, inputs: tuple[Any, ...], place: Place) -> Any:
        """What becomes of an addition that is meant."""
        at = (place.scope, primitive.name)
        if at not in self.meant or self.operating or place.order or not _are_summands(inputs):
            return None
        self.calls[at] += 1
        address, action = self.plan.get((*at, self.calls[at]), (None, 1.0))
        if address is None:
            return None
        self.met.add(address)
        self.operating = True
        try:
            return _act(action, inputs, address.branch)
        finally:
            self.operating = False

    def check(self) -> None:
        """Raise where an address was not met."""
        missed = [address for address, _ in self.plan.values() if address not in self.met]
        if missed:
            raise GraphError(
                f"lesioned: the forward pass did not come by {missed[0]}; an address is good for the model in "
                "whose graph it was found"
            )


def _are_summands(inputs: tuple[Any, ...]) -> bool:
    if len(inputs) != 2 or not all(isinstance(x, Tensor) for x in inputs):
        return False
    return bool(inputs[0].shape == inputs[1].shape and inputs[0].ndim > 1)


def _act(action: Action, inputs: tuple[Any, ...], place: int) -> Any:
    branch, shortcut = inputs[place], inputs[1 - place]
    if action == HAND_ON:
        return branch if _is_free(branch) else branch.clone()
    if action == "remove branch":
        return shortcut.clone()
    if action == "remove skip":
        return branch.clone()
    changed = branch.detach() if action == "cut gradient" else branch * action
    return changed + shortcut if place == 0 else shortcut + changed


def _is_free(x: Any) -> bool:
    """Whether a later op may write over a tensor: no other shares its memory, and its own op did not save it."""
    node = x._node
    if "_base" in x.__dict__ or (node is not None and node.primitive is None):
        return False
    saved, result = (), 0
    if node is not None and type(node.saved) is tuple:
        saved, result = node.saved, len(node.edges)
    return len(saved) <= result or saved[result] is None


# Which blocks -------------------------------------------------------------------------------------------------


def joins_of(model: Any, x: Any, blocks: Sequence[str] | None = None) -> tuple[Join, ...]:
    """The residual blocks of a model, as `residual_joins` finds them in its forward pass of x in eval mode.

    >>> import autocnn as ac
    >>> joins_of(lambda x: x + x.tanh(), ac.ones(1, 1))[0].kind
    'identity'
    """
    return residual_joins(graph_in_use(model, x), blocks)


def graph_in_use(model: Any, x: Any) -> Graph:
    """The graph of a model's forward pass, in eval mode and without lesions; the model stays as it is.

    Two images of x are enough for it.
    """
    images = as_tensor(x).detach()
    if not images.shape:
        raise ArgumentError("lesioned: x is one number; a batch (N, ...) is needed")
    lesions = vars(model).pop(LESIONS, None) if isinstance(model, Module) else None
    sums = _Sums()
    try:
        with evaluating(model), no_grad(), watching(sums):
            graph = trace(model, images[:2])
    finally:
        if lesions is not None:
            model.__dict__[LESIONS] = lesions
    for scope, count in Counter(address.scope for address in addresses(graph).values()).items():
        if sums.counts[scope] != count:
            raise GraphError(
                f"lesioned: of {sums.counts[scope]} additions in {scope or 'the model itself'} only {count} reach "
                "the output; their calls cannot be numbered by the graph then. Leave out what serves nothing"
            )
    return graph


class _Sums(Watcher):
    """Counts additions of two tensors of one shape by module, also those whose result nobody uses."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def seen(self, node: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
        """Count an addition."""
        if node.name == "add" and _are_summands(inputs):
            self.counts[node.place.scope] += 1


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Eval mode for the length of a ``with`` block; every module then is in the mode that it was in before."""
    modes = [(module, module.training) for module in model.modules()] if isinstance(model, Module) else []
    for module, _ in modes:
        module.training = False
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _address(model: Any, key: Address | Join | str, x: Any) -> Address:
    if isinstance(key, Address):
        return key
    if isinstance(key, Join):
        return key.address
    if x is None:
        raise ArgumentError(f"lesioned: the block {key!r} is to be found in the graph; give an example input x")
    path = key.replace(".", "/")
    found = [join for join in joins_of(model, x) if path in (join.path, join.name)]
    return found[0].address if found else joins_of(model, x, [key])[0].address


def checked(action: Action) -> Action:
    """An action, if it is one."""
    if action in ACTIONS or (isinstance(action, int | float) and not isinstance(action, bool)):
        return action
    raise ArgumentError(f"lesioned: action is {action!r}; one of {', '.join(map(repr, ACTIONS))}, or a number")


def check_module(what: str, model: Any) -> None:
    """Raise OperandError unless a model is a Module."""
    if not isinstance(model, Module):
        raise OperandError(f"{what}: model is a {type(model).__name__}; a Module is needed")


# Modules in other places --------------------------------------------------------------------------------------


@contextmanager
def swapped(model: Any, *pairs: tuple[str, str]) -> Iterator[Any]:
    """Exchange modules, by their paths, for the length of a ``with`` block, one pair after the other.

    >>> from autocnn import nn
    >>> net = nn.Sequential(nn.ReLU(), nn.Tanh())
    >>> with swapped(net, ("0", "1")):
    ...     print(net[0])
    Tanh()
    """
    check_module("swapped", model)
    done = []
    try:
        for pair in pairs:
            _exchange(model, *pair)
            done.append(pair)
        yield model
    finally:
        for pair in reversed(done):
            _exchange(model, *pair)


def _exchange(model: Any, a: str, b: str) -> None:
    a, b = a.replace("/", "."), b.replace("/", ".")
    if f"{a}.".startswith(f"{b}.") or f"{b}.".startswith(f"{a}."):
        raise ArgumentError(f"swapped: {a!r} and {b!r} are one, or one in the other; they cannot change places")
    first, second = model.get_submodule(a), model.get_submodule(b)
    model.set_submodule(a, second)
    model.set_submodule(b, first)


@contextmanager
def bypassed(model: Any, *paths: str) -> Iterator[Any]:
    """Let modules, by their paths, return their input for the length of a ``with`` block.

    >>> import autocnn as ac
    >>> from autocnn import nn
    >>> net = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
    >>> with bypassed(net, "0"):
    ...     net(ac.ones(1, 1)).tolist()
    [[1.0]]
    """
    check_module("bypassed", model)
    with ExitStack() as stack:
        for path in paths:
            module = model.get_submodule(path.replace("/", "."))
            stack.enter_context(module.register_forward_hook(functools.partial(_input_of, path)))
        yield model


def _input_of(path: str, module: Any, args: tuple[Any, ...], output: Any) -> Any:
    if not args or not isinstance(output, Tensor) or args[0].shape != output.shape:
        shapes = f"{getattr(args[0], 'shape', None) if args else None} to {getattr(output, 'shape', None)}"
        raise ArgumentError(f"bypassed: {path!r} maps {shapes}; only what keeps the shape can be left out")
    return args[0].clone()
