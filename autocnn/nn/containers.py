"""Modules made of modules: chains, lists, dictionaries, and the skip around a module."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, overload

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, OperandError
from autocnn.nn.module import Module
from autocnn.nn.parameter import Parameter

Chain = TypeVar("Chain", bound="_Row")


class Identity(Module):
    """x as it is; arguments are taken and ignored.

    >>> Identity(54, any=1)(Tensor([1.0])).tolist()
    [1.0]
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def forward(self, input: Any) -> Any:
        """x."""
        return input


class _Row(Module):
    """Modules under running numbers."""

    def _fill(self: Chain, modules: Iterable[Module | None]) -> Chain:
        """Number the modules from zero, in place of what was there."""
        listed = list(modules)
        for name in list(self._modules):
            del self._modules[name]
        for i, module in enumerate(listed):
            self.add_module(str(i), module)
        return self

    def _key(self, index: int) -> str:
        n = len(self._modules)
        if not -n <= index < n:
            raise IndexError(f"{self._get_name()}: index is {index}; it has {n} modules")
        return list(self._modules)[index]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._modules.values()))

    @overload
    def __getitem__(self: Chain, index: slice) -> Chain: ...

    @overload
    def __getitem__(self, index: int) -> Any: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self._slice(index)
        return self._modules[self._key(index)]

    def _slice(self: Chain, index: slice) -> Chain:
        chain: Chain = type(self).__new__(type(self))  # type: ignore[assignment]
        return chain._fill(list(self._modules.values())[index])

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._key(index), module)

    def __delitem__(self, index: int | slice) -> None:
        names = list(self._modules)
        gone = names[index] if isinstance(index, slice) else [self._key(index)]
        self._fill([m for name, m in self._modules.items() if name not in gone])

    def append(self: Chain, module: Module) -> Chain:
        """Put a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self: Chain, modules: Iterable[Module]) -> Chain:
        """Put several modules at the end."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self: Chain, index: int, module: Module) -> Chain:
        """Put a module before the one of an index."""
        rest = list(self._modules.values())
        rest.insert(index, module)
        return self._fill(rest)

    def pop(self, key: int | slice = -1) -> Any:
        """Take a module out and return it."""
        module = self[key]
        del self[key]
        return module

    def __dir__(self) -> Iterable[str]:
        return [name for name in super().__dir__() if not name.isdigit()]


class Sequential(_Row):
    """Modules one after the other: the result of each is the input of the next.

    Takes modules, or one mapping of names to modules; slices are chains of the same modules.

    >>> Sequential(Identity(), Identity())[:1]
    Sequential(
      (0): Identity()
    )
    """

    def __init__(self, *modules: Any) -> None:
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            self._fill(modules)

    def forward(self, input: Any) -> Any:
        """x through every module in turn."""
        for module in self._modules.values():
            input = module(input)  # type: ignore[misc]
        return input

    def _slice(self, index: slice) -> Any:
        """A plain chain: a network that is one, and makes its own modules, is not that network in part."""
        return Sequential(dict(list(self._modules.items())[index]))

    def insert(self, index: int, module: Module) -> Sequential:
        """Put a module before the one of an index, or at the end."""
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Sequential: index is {index}; it has {len(self)} modules")
        return super().insert(index, module)

    def extend(self, sequential: Iterable[Module]) -> Sequential:
        """Put the modules of another chain at the end."""
        return super().extend(sequential)

    def __add__(self, other: Sequential) -> Sequential:
        return Sequential(*self, *other)

    def __iadd__(self, other: Sequential) -> Sequential:
        return self.extend(other)

    def __mul__(self, times: int) -> Sequential:
        return Sequential(*list(self) * self._times(times))

    def __rmul__(self, times: int) -> Sequential:
        return self * times

    def __imul__(self, times: int) -> Sequential:
        return self._fill(list(self) * self._times(times))

    def _times(self, times: int) -> int:
        if not isinstance(times, int):
            raise OperandError(f"Sequential: * takes a whole number, not a {type(times).__name__}")
        if times < 1:
            raise ArgumentError(f"Sequential: * {times}; a chain is repeated at least once")
        return times


class ModuleList(_Row):
    """A list whose modules belong to the module that holds it.

    >>> len(ModuleList([Identity()]).append(Identity()))
    2
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        self._fill(modules or ())

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> ModuleList:
        return self.extend(other)


class ModuleDict(Module):
    """A dictionary whose modules belong to the module that holds it.

    >>> list(ModuleDict({"stem": Identity()}).keys())
    ['stem']
    """

    def __init__(
        self, modules: Mapping[str, Module] | ModuleDict | Iterable[tuple[str, Module]] | None = None
    ) -> None:
        self.update(modules or ())

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Any]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and modules."""
        return self._modules.items()

    def clear(self) -> None:
        """Take all modules out."""
        for name in list(self._modules):
            del self._modules[name]

    def pop(self, key: str) -> Any:
        """Take a module out and return it."""
        module = self._modules[key]
        del self._modules[key]
        return module

    def update(self, modules: Mapping[str, Module] | ModuleDict | Iterable[tuple[str, Module]]) -> None:
        """Put modules in by name; those of the same name give way."""
        for name, module in modules.items() if isinstance(modules, Mapping | ModuleDict) else modules:
            self[name] = module


class ParameterList(Module):
    """A list whose parameters belong to the module that holds it; tensors become parameters.

    >>> len(ParameterList([Parameter([1.0])]).append(Tensor([2.0])))
    2
    """

    def __init__(self, values: Iterable[Tensor] | None = None) -> None:
        self.extend(values or ())

    def append(self, value: Tensor) -> ParameterList:
        """Put a parameter at the end."""
        self.register_parameter(str(len(self)), _as_parameter(value))
        return self

    def extend(self, values: Iterable[Tensor]) -> ParameterList:
        """Put several parameters at the end."""
        for value in list(values):
            self.append(value)
        return self

    def __iadd__(self, values: Iterable[Tensor]) -> ParameterList:
        return self.extend(values)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return ParameterList(list(self)[index])
        return self._parameters[self._at(index)]

    def __setitem__(self, index: int, value: Tensor) -> None:
        self._parameters[self._at(index)] = _as_parameter(value)

    def _at(self, index: int) -> str:
        n = len(self)
        if not -n <= index < n:
            raise IndexError(f"ParameterList: index is {index}; it has {n} parameters")
        return str(index % n)

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Parameter]:
        return iter(list(self._parameters.values()))  # type: ignore[arg-type]


class ParameterDict(Module):
    """A dictionary whose parameters belong to the module that holds it; tensors become parameters.

    >>> ParameterDict({"scale": Tensor([1.0])})["scale"].requires_grad
    True
    """

    def __init__(
        self, parameters: Mapping[str, Tensor] | ParameterDict | Iterable[tuple[str, Tensor]] | None = None
    ) -> None:
        self.update(parameters or ())

    def __getitem__(self, key: str) -> Parameter:
        return self._parameters[key]  # type: ignore[return-value]

    def __setitem__(self, key: str, value: Tensor | None) -> None:
        self.register_parameter(key, None if value is None else _as_parameter(value))

    def __delitem__(self, key: str) -> None:
        del self._parameters[key]

    def clear(self) -> None:
        """Take all parameters out."""
        self._parameters.clear()

    def pop(self, key: str) -> Parameter:
        """Take a parameter out and return it."""
        return self._parameters.pop(key)  # type: ignore[return-value]

    def get(self, key: str, default: Any = None) -> Any:
        """The parameter of a name, or the default where there is none."""
        return self._parameters.get(key, default)

    def setdefault(self, key: str, default: Tensor | None = None) -> Any:
        """The parameter of a name, put in where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, parameters: Mapping[str, Tensor] | ParameterDict | Iterable[tuple[str, Tensor]]) -> None:
        """Put parameters in by name; those of the same name give way. A plain dict is sorted, as PyTorch does."""
        pairs = parameters.items() if isinstance(parameters, Mapping | ParameterDict) else parameters
        plain = isinstance(parameters, Mapping) and not isinstance(parameters, OrderedDict)
        for name, value in sorted(pairs, key=lambda pair: pair[0]) if plain else pairs:
            self[name] = value

    def copy(self) -> ParameterDict:
        """Another dictionary of the same parameters."""
        return ParameterDict(self)

    def __or__(self, other: ParameterDict) -> ParameterDict:
        both = self.copy()
        both.update(other)
        return both

    def __ior__(self, other: ParameterDict) -> ParameterDict:
        self.update(other)
        return self

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __contains__(self, key: object) -> bool:
        return key in self._parameters

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._parameters.keys()

    def values(self) -> Iterable[Any]:
        """The parameters."""
        return self._parameters.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and parameters."""
        return self._parameters.items()


def _as_parameter(value: Tensor) -> Parameter:
    return value if isinstance(value, Parameter) else Parameter(value)


class Residual(Module):
    """A skip around any module: y = activation(body(x) + shortcut(x)).

    Without a shortcut x itself is added, without an activation the sum is the result.
    Raises ArgumentError where body and shortcut give different shapes: a sum that broadcasts is no skip.
    Source: He, Zhang, Ren and Sun (2016), equation 1.

    >>> Residual(Identity())(Tensor([1.0, 2.0])).tolist()
    [2.0, 4.0]
    """

    def __init__(self, body: Module, shortcut: Module | None = None, activation: Module | None = None) -> None:
        for name, module in (("body", body), ("shortcut", shortcut), ("activation", activation)):
            if not isinstance(module, Module) and (module is not None or name == "body"):
                raise OperandError(f"Residual: {name} is a {type(module).__name__}; a Module is needed")
        self.body = body
        self.shortcut = shortcut
        self.activation = activation

    def forward(self, x: Tensor) -> Any:
        """The sum of body and shortcut, through the activation."""
        y = self.body(x)
        skip = x if self.shortcut is None else self.shortcut(x)
        if y.shape != skip.shape:
            raise ArgumentError(
                f"Residual: body gives {y.shape}, the shortcut {skip.shape}; they are added element by element. "
                "Give a shortcut that changes the shape as the body does"
            )
        y = y + skip
        return y if self.activation is None else self.activation(y)
