"""Weights that are computed from other parameters wherever they are read: PyTorch's `nn.utils.parametrize`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autocnn.engine import Tensor, no_grad
from autocnn.errors import ArgumentError, ShapeError
from autocnn.nn.containers import ModuleDict, ModuleList
from autocnn.nn.module import Module
from autocnn.nn.parameter import Parameter


class ParametrizationList(ModuleList):
    """The modules through which a weight is computed, first to last, and what it is computed from.

    That is `original`, or `original0`, `original1` ... where the first module takes several.
    """

    def __init__(self, modules: Sequence[Module], original: Tensor) -> None:
        super().__init__(modules)
        with no_grad():
            start = self._back(original.detach())
        self.is_tensor = isinstance(start, Tensor)
        self.ntensors = 1 if self.is_tensor else len(start)
        for name, tensor in zip(self._names_of_originals(), [start] if self.is_tensor else start, strict=True):
            if not isinstance(original, Parameter):
                self.register_buffer(name, tensor)
            elif tensor.array is original.array:
                self.register_parameter(name, original)  # an optimiser that knows it goes on with it
            else:
                self.register_parameter(name, Parameter(tensor.clone(), original.requires_grad))

    def _names_of_originals(self) -> list[str]:
        return ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]

    def _back(self, value: Any) -> Any:
        for module in reversed(list(self)):
            if hasattr(module, "right_inverse"):
                value = module.right_inverse(value)
        return value

    def right_inverse(self, value: Tensor) -> None:
        """Change what the weight is computed from so that it comes out as `value`, as far as it can."""
        with no_grad():
            start = self._back(value.detach())
            for name, tensor in zip(self._names_of_originals(), [start] if self.is_tensor else start, strict=True):
                getattr(self, name).copy_(tensor)

    def forward(self) -> Any:
        """The weight."""
        first, *rest = self
        value = first(*[getattr(self, name) for name in self._names_of_originals()])
        for module in rest:
            value = module(value)
        return value


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Compute a module's parameter or buffer by another module from now on; several follow each other.

    The class of the module becomes one of its own, whose attribute of that name is computed when it is read.
    With `right_inverse` the other module says what to start from; `unsafe` lets it change the shape.

    Raises ArgumentError where the module has no such tensor, ShapeError where the shape changes.

    >>> from autocnn import nn
    >>> class Doubled(nn.Module):
    ...     def forward(self, x):
    ...         return 2 * x
    >>> layer = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.ones_(layer.weight)
    >>> register_parametrization(layer, "weight", Doubled()).weight.tolist()
    [[2.0]]
    """
    if is_parametrized(module, tensor_name):
        module.parametrizations[tensor_name].append(parametrization)
        return module
    tensor = module._parameters.get(tensor_name, module._buffers.get(tensor_name))
    if tensor is None:
        raise ArgumentError(
            f"register_parametrization: {module._get_name()} has no parameter or buffer {tensor_name!r}"
        )
    chain = ParametrizationList([parametrization], tensor)
    with no_grad():
        made = chain()
    if not unsafe and made.shape != tensor.shape:
        raise ShapeError(
            f"register_parametrization: {tensor_name} has shape {tensor.shape}, the parametrization makes "
            f"{made.shape}. Pass unsafe=True if it is to"
        )
    delattr(module, tensor_name)
    if not is_parametrized(module):
        module.__class__ = _own_class(type(module))
        module.parametrizations = ModuleDict()
    setattr(type(module), tensor_name, _computed(tensor_name))
    module.parametrizations[tensor_name] = chain
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has computed weights, or one of a name.

    >>> from autocnn import nn
    >>> is_parametrized(nn.Linear(1, 1))
    False
    """
    chains = module._modules.get("parametrizations")
    if chains is None:
        return False
    return tensor_name is None or tensor_name in chains._modules


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a computed weight a parameter again, of its value now; or, not `leave_parametrized`, of its original.

    Raises ArgumentError where it is not computed, or has several originals to go back to.
    """
    if not is_parametrized(module, tensor_name):
        raise ArgumentError(f"remove_parametrizations: {module._get_name()} has no computed {tensor_name!r}")
    chain = module.parametrizations[tensor_name]
    if not leave_parametrized and not chain.is_tensor:
        raise ArgumentError(f"remove_parametrizations: {tensor_name} has {chain.ntensors} originals; which one?")
    start = getattr(chain, chain._names_of_originals()[0])
    value = getattr(module, tensor_name) if leave_parametrized else start
    del module.parametrizations._modules[tensor_name]
    delattr(type(module), tensor_name)
    if not module.parametrizations._modules:
        del module.parametrizations
        module.__class__ = type(module).__mro__[1]
    if isinstance(start, Parameter):
        module.register_parameter(tensor_name, Parameter(value.detach().clone(), start.requires_grad))
    else:
        module.register_buffer(tensor_name, value.detach().clone())
    return module


@contextmanager
def cached() -> Iterator[None]:
    """A block; each weight is computed anew in it, which gives the same value.

    >>> with cached():
    ...     pass
    """
    yield


def _own_class(kind: type[Module]) -> type[Module]:
    """A class of one module's own, which may have properties of its own."""
    return type(f"Parametrized{kind.__name__}", (kind,), {"__module__": kind.__module__})


def _computed(name: str) -> property:
    def read(module: Any) -> Any:
        return module.parametrizations[name]()

    def write(module: Any, value: Tensor) -> None:
        module.parametrizations[name].right_inverse(value)

    return property(read, write)
