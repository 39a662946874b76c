"""What every optimiser shares: groups of parameters, their state, and the walk over both."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any, Protocol, TypeAlias

from autocnn.backend.kernels.descent import blend
from autocnn.engine import Tensor, enable_grad, namespace, taps
from autocnn.engine.tape import written
from autocnn.engine.tensor import as_array, as_tensor
from autocnn.errors import ArgumentError, GradientError, InPlaceError, OperandError, StateError
from autocnn.types import Array, Namespace

Group: TypeAlias = dict[str, Any]
Parameters: TypeAlias = Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[Group]


class Onlooker(Protocol):
    """Whoever wants to see parameters before and after a step."""

    def before_step(self, optimizer: Optimizer) -> None:
        """An optimiser is about to move its parameters; their gradients are what it will move them by."""

    def after_step(self, optimizer: Optimizer) -> None:
        """It has moved them."""


_lock = threading.Lock()
_onlookers: tuple[Onlooker, ...] = ()


@contextmanager
def onlooking(onlooker: Onlooker) -> Iterator[None]:
    """Show somebody every step of every optimiser during a ``with`` block; it is not to change anything.

    >>> class Loud:
    ...     def before_step(self, optimizer):
    ...         print("from", optimizer.param_groups[0]["params"][0].tolist())
    ...     def after_step(self, optimizer):
    ...         print("to", optimizer.param_groups[0]["params"][0].tolist())
    >>> from autocnn.optim import SGD
    >>> w = Tensor([1.0]).requires_grad_()
    >>> w.grad = Tensor([2.0])
    >>> with onlooking(Loud()):
    ...     SGD([w], lr=0.25).step()
    from [1.0]
    to [0.5]
    """
    global _onlookers
    with _lock:
        _onlookers = (*_onlookers, onlooker)
    try:
        yield
    finally:
        with _lock:
            _onlookers = tuple(each for each in _onlookers if each is not onlooker)


class Optimizer:
    """Changes parameters in place by their gradients; the base of all optimisers.

    `params` are tensors, (name, tensor) pairs, or dicts with "params" and the options of their own; `defaults`
    are the options of every other group. A subclass says how one parameter moves, in `_update`. PyTorch's
    `foreach`, `fused` and `capturable` say how it computes and change nothing here.

    Raises OperandError for what is no tensor, GradientError for a tensor that an op made, InPlaceError for one
    that cannot be written to, ArgumentError if there are no parameters, one comes twice, or `differentiable`
    asks for steps that are recorded.
    """

    _numbers: tuple[str, ...] = ("step",)
    """What of a parameter's state is a number, also where PyTorch keeps a tensor without axes."""

    def __init__(self, params: Parameters, defaults: Mapping[str, Any]) -> None:
        self.defaults: dict[str, Any] = dict(defaults)
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._scratch: dict[Any, Array] = {}
        for group in self._groups(params):
            self.add_param_group(group)

    def _groups(self, params: Parameters) -> list[Group]:
        if isinstance(params, Tensor):
            raise OperandError(f"{self._name}: params is one tensor {params.shape}; it is a list of them")
        given = list(params)
        if not given:
            raise ArgumentError(f"{self._name}: params is empty; there is nothing to optimise")
        if isinstance(given[0], dict):
            return [dict(group) for group in given if isinstance(group, dict)]
        return [{"params": given}]

    @property
    def _name(self) -> str:
        return type(self).__name__

    def add_param_group(self, param_group: Group) -> None:
        """Optimise more parameters: a dict with "params", and the options in which they differ."""
        listed = param_group["params"]
        tensors = [listed] if isinstance(listed, Tensor) else list(listed)
        group = {"params": [], **self.defaults, **param_group}
        if isinstance(group.get("lr"), Tensor):  # steps are made by numbers
            group["lr"] = group["lr"].item()
        if tensors and isinstance(tensors[0], tuple):
            group["param_names"] = [name for name, _ in tensors]
            tensors = [tensor for _, tensor in tensors]
        known = {id(tensor) for tensor in self._parameters()}
        for position, tensor in enumerate(tensors):
            self._check(tensor, f"params[{position}]")
            if id(tensor) in known:
                raise ArgumentError(f"{self._name}: params[{position}] {tensor.shape} comes twice")
            known.add(id(tensor))
        group["params"] = tensors
        if group.get("differentiable"):
            raise ArgumentError(f"{self._name}: differentiable is True; steps are not recorded. Leave it out")
        self._check_options(group)
        self.param_groups.append(group)

    def _check(self, tensor: Any, which: str) -> None:
        if not isinstance(tensor, Tensor):
            raise OperandError(f"{self._name}: {which} is {type(tensor).__name__}; only tensors are optimised")
        if not tensor.is_leaf:
            raise GradientError(
                f"{self._name}: {which} {tensor.shape} was made by {tensor.node().name}; "
                "only leaves are optimised. Use detach()"
            )
        if getattr(tensor.array.flags, "writeable", True) is False:
            raise InPlaceError(
                f"{self._name}: {which} {tensor.shape} is read-only; a step writes to it. Clone it first"
            )

    def _check_options(self, group: Group) -> None:
        """Raise ArgumentError where an option has a value that makes no sense."""

    def _at_least(self, group: Group, *names: str) -> None:
        for name in names:
            if not group[name] >= 0:  # NaN too
                raise ArgumentError(f"{self._name}: {name} is {group[name]}; it is at least 0")

    def _check_betas(self, group: Group) -> None:
        betas = tuple(group["betas"])
        if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
            raise ArgumentError(f"{self._name}: betas is {betas}; both are at least 0 and less than 1")

    def _parameters(self) -> Iterable[Tensor]:
        return chain.from_iterable(group["params"] for group in self.param_groups)

    # A step -------------------------------------------------------------------------------------------------

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or with `set_to_none=False` fill them with zeros."""
        for parameter in self._parameters():
            if set_to_none or parameter.grad is None:
                parameter.grad = None
                continue
            parameter.grad = parameter.grad.detach()
            parameter.grad.array[...] = 0
            written(parameter.grad.array, "zero_grad")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient; returns what `closure` does, which is called first."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for each in _onlookers:
            each.before_step(self)
        self._move()
        for each in _onlookers:
            each.after_step(self)
        return loss

    def _move(self) -> None:
        name, state, update = f"{self._name}.step", self.state, self._update
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    p, g, began = parameter.array, parameter.grad.array, taps.begin()
                    update(namespace(p), p, g, state[parameter], group)
                    if began:
                        taps.ended(began, name, "optimizer", (p, g), (p,))
                    written(p, name)

    def _update(self, xp: Namespace, p: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        """Write the new value into `p`; `g` is not to be written to."""
        raise TypeError(f"{self._name}: _update is missing; every optimiser says how one parameter moves")

    def _room(self, xp: Namespace, p: Array, use: str) -> Array:
        """An array like `p` with any values in it, the same one at every step, for one use at a time."""
        key = use, type(p), p.shape, p.strides, p.dtype
        room = self._scratch.get(key)
        if room is None:
            room = self._scratch[key] = xp.empty_like(p)
        return room

    def _descent(self, xp: Namespace, p: Array, g: Array, group: Group, decay: float) -> Array:
        """The gradient to go down by: negated to maximise, with the derivative of the L2 penalty."""
        if not group["maximize"] and not decay:
            return g
        room = self._room(xp, p, "descent")
        if decay:
            sign = -1 if group["maximize"] else 1
            return blend(xp, p, g, decay, sign, out=room, room=self._room(xp, p, "step"))
        return xp.negative(g, out=room)

    # State --------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The options of every group and the state of every parameter, which is named by its number.

        -> {"state": {number: {...}}, "param_groups": [{..., "params": [numbers]}]}
        """
        numbers = {id(parameter): number for number, parameter in enumerate(self._parameters())}
        groups = [
            {**group, "params": [numbers[id(parameter)] for parameter in group["params"]]}
            for group in self.param_groups
        ]
        state = {numbers[id(parameter)]: dict(values) for parameter, values in self.state.items() if values}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over options and state; arrays are copied, to the dtype and device of their parameters.

        Raises StateError if groups or parameters are not those of the state.
        """
        for key in ("state", "param_groups"):
            if key not in state_dict:
                raise StateError(f"{self._name}.load_state_dict: state_dict lacks {key!r}")
        saved = state_dict["param_groups"]
        sizes, expected = ([len(group["params"]) for group in groups] for groups in (saved, self.param_groups))
        if sizes != expected:
            raise StateError(
                f"{self._name}.load_state_dict: groups of {expected} parameters, the state has {sizes}. "
                "Make the optimiser as it was then"
            )
        owners = dict(
            zip(chain.from_iterable(group["params"] for group in saved), self._parameters(), strict=True)
        )
        fresh: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        for number, values in state_dict["state"].items():
            if int(number) not in owners:
                raise StateError(f"{self._name}.load_state_dict: state of parameter {number}, which no group has")
            owner = owners[int(number)]
            fresh[owner] = {name: self._adopt(name, value, owner) for name, value in values.items()}
        for group, options in zip(self.param_groups, saved, strict=True):
            group.update({name: value for name, value in options.items() if name != "params"})
        self.state = fresh

    def _adopt(self, name: str, value: Any, owner: Tensor) -> Any:
        """A loaded value as the optimiser keeps it: a copied Tensor like its parameter, or a number."""
        if value is None or isinstance(value, int | float):
            return value
        array = as_array(value)
        if name in self._numbers:
            return int(array) if name == "step" else float(array)
        if array.shape != owner.shape:
            raise StateError(
                f"{self._name}.load_state_dict: {name} has shape {array.shape}, its parameter {owner.shape}"
            )
        copied = namespace(owner.array).empty_like(owner.array)
        copied[...] = as_tensor(array, owner).array  # on the parameter's device
        return Tensor(copied)

    def __repr__(self) -> str:
        groups = []
        for number, group in enumerate(self.param_groups):
            options = [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
            groups.append("\n".join([f"Parameter Group {number}", *options]))
        return "\n".join([f"{self._name} (", "\n\n".join(groups), ")"])


def like(xp: Namespace, p: Array, state: dict[str, Any], *names: str) -> list[Array]:
    """The arrays of a parameter's state under these names; zeros in the layout of `p` where there are none."""
    for name in names:
        if name not in state:
            state[name] = Tensor(xp.zeros_like(p))
    return [state[name].array for name in names]
