"""Module: a part of a network that owns parameters, buffers and further parts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from autocnn.engine import Tensor
from autocnn.engine.inplace import write
from autocnn.engine.tape import local
from autocnn.errors import ArgumentError, AutocnnError, MissingError, OperandError
from autocnn.nn.display import as_text
from autocnn.nn.hooks import Hook, Hooks, RemovableHandle
from autocnn.nn.parameter import Parameter
from autocnn.nn.path import Names, Parts, running, say_where
from autocnn.nn.state import Stateful

Self = TypeVar("Self", bound="Module")


_REGISTRIES = ("_parameters", "_buffers", "_modules")


class Module(Stateful):
    """The base of every layer and network. Write `__init__` to make the parts, and `forward`.

    Parameters, buffers and modules that are set as attributes belong to it. Calling it runs `forward`, with its
    hooks, inside a scope of its path: the graph and every error know that they came from ``layer1/0/conv1``.

    >>> class Twice(Module):
    ...     def __init__(self):
    ...         self.w = Parameter([2.0])
    ...     def forward(self, x):
    ...         return self.w * x
    >>> Twice()(Tensor([3.0])).tolist()
    [6.0]
    """

    training: bool
    stands_still = False
    """Whether the module works as in use when all others are in training: `train.freeze` says so."""
    _names: Names

    def __new__(cls, *args: Any, **kwargs: Any) -> Module:
        """Everything that a module needs, so that no subclass can forget to call `super().__init__()`."""
        module = super().__new__(cls)
        module.__dict__.update(
            training=True, _parameters={}, _buffers={}, _modules=Parts(), _transient=set(),
            _hooks=None, _names=Names(),
        )  # fmt: skip
        return module

    def __init__(self) -> None:
        pass

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass defines its own."""
        raise AutocnnError(f"{self._get_name()}: it has no forward; define forward(self, x)")

    # Calling ------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` and the hooks, under the name that the calling module knows this one by."""
        caller, outside = running.module, local.context
        inside = outside if caller is None else caller._names.context(caller, self, outside)
        local.context = inside
        running.module = self
        try:
            if self._hooks is None:
                return self.forward(*args, **kwargs)
            return self._hooks.run(self, args, kwargs)
        except Exception as error:
            say_where(error, inside.place.scope)
            raise
        finally:
            running.module = caller
            if local.context is inside:
                local.context = outside
            else:  # the module has changed the mode for good
                local.context = local.context._replace(place=outside.place)

    # Attributes ---------------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__
        for registry in _REGISTRIES:
            held = values.get(registry)
            if held and name in held:
                return held[name]
        raise MissingError(self._get_name(), name, lambda: dir(self))

    def __setattr__(self, name: str, value: Any) -> None:
        values = self.__dict__
        if isinstance(value, Parameter):
            self._forget(name, "_parameters")
            values["_parameters"][name] = value
        elif isinstance(value, Module):
            self._forget(name, "_modules")
            values["_modules"][name] = value
        elif name in values["_parameters"]:
            self._only_none(name, value, "Parameter")
            values["_parameters"][name] = None
        elif name in values["_modules"]:
            self._only_none(name, value, "Module")
            values["_modules"][name] = None
        elif name in values["_buffers"]:
            if value is not None and not isinstance(value, Tensor):
                raise self._misplaced(name, value, "Tensor")
            values["_buffers"][name] = value
        else:
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        for registry in _REGISTRIES:
            if name in self.__dict__[registry]:
                del self.__dict__[registry][name]
                self._transient.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> Iterable[str]:
        return sorted({*super().__dir__(), *self._parameters, *self._buffers, *self._modules})

    def _forget(self, name: str, kept: str) -> None:
        """A name means one thing: what else carried it gives way."""
        self.__dict__.pop(name, None)
        for registry in _REGISTRIES:
            if registry != kept and name in self.__dict__[registry]:
                del self.__dict__[registry][name]
        self._transient.discard(name)

    def _only_none(self, name: str, value: Any, kind: str) -> None:
        if value is not None:
            raise self._misplaced(name, value, kind)

    def _misplaced(self, name: str, value: Any, kind: str) -> OperandError:
        return OperandError(
            f"{self._get_name()}: {name} is a {kind}, a {type(value).__name__} cannot take its place. "
            f"Set a {kind} or None, or delete the attribute first"
        )

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Make a parameter, or the place of one, the module's own."""
        self._checked(name, "register_parameter", self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise OperandError(f"register_parameter: {name} is a {type(param).__name__}; wrap it in a Parameter")
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Make a tensor that is not learned the module's own; a persistent one belongs to the state."""
        self._checked(name, "register_buffer", self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise OperandError(f"register_buffer: {name} is a {type(tensor).__name__}; a Tensor or None is needed")
        self._buffers[name] = tensor
        self._transient.discard(name) if persistent else self._transient.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Make a module a part of this one."""
        self._checked(name, "add_module", self._modules)
        if module is not None and not isinstance(module, Module):
            raise OperandError(f"add_module: {name} is a {type(module).__name__}; a Module or None is needed")
        self._modules[name] = module

    register_module = add_module

    def _checked(self, name: str, what: str, registry: Mapping[str, Any]) -> None:
        if not isinstance(name, str):
            raise OperandError(f"{what}: name is {name!r}; a string is needed")
        if not name or "." in name:
            raise ArgumentError(f"{what}: name is {name!r}; it cannot be empty or contain a dot")
        if name not in registry and hasattr(self, name):
            raise ArgumentError(f"{what}: {self._get_name()} has an attribute {name!r} already")

    # Walking ------------------------------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """(path, module) of this one, of path `prefix`, and all below it, each before its parts."""
        seen: set[Module] = set() if memo is None else memo
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if remove_duplicate:
                if module in seen:
                    continue
                seen.add(module)
            yield path, module
            below = [(f"{path}.{n}" if path else n, m) for n, m in module._modules.items() if m is not None]
            stack.extend(reversed(below))

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of the immediate parts, each once."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The immediate parts, each once."""
        return (module for _, module in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """(path, parameter) of everything learned, each once.

        >>> from autocnn import nn
        >>> [name for name, _ in nn.Sequential(nn.Linear(2, 3), nn.ReLU()).named_parameters()]
        ['0.weight', '0.bias']
        """
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Everything learned, each once."""
        return (p for _, p in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """(path, tensor) of all buffers, each once."""
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers, each once."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    def _named(self, registry: str, prefix: str, recurse: bool, once: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        within = self.named_modules(prefix=prefix, remove_duplicate=once) if recurse else [(prefix, self)]
        for path, module in within:
            for name, tensor in module.__dict__[registry].items():
                if tensor is None or (once and id(tensor) in seen):
                    continue
                seen.add(id(tensor))
                yield f"{path}.{name}" if path else name, tensor

    def get_submodule(self, target: str) -> Module:
        """The module at a path such as ``"layer1.0.conv1"``."""
        module = self
        for i, name in enumerate(names := target.split(".") if target else []):
            found = module._modules.get(name)
            if found is None:
                where = f" at {'.'.join(names[:i])!r}" if i else ""
                raise AttributeError(f"{module._get_name()}{where} has no module {name!r}")
            module = found
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module at a path, in place of one that is there; `strict` asks that there be one."""
        if strict:
            self.get_submodule(target)
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if name in parent._modules:
            parent._modules[name] = module
        else:
            parent.add_module(name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as ``"layer1.0.conv1.weight"``."""
        return self._get("_parameters", "parameter", target)  # type: ignore[no-any-return]

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as ``"bn1.running_mean"``."""
        return self._get("_buffers", "buffer", target)  # type: ignore[no-any-return]

    def _get(self, registry: str, kind: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        found = self.get_submodule(path).__dict__[registry].get(name)
        if found is None:
            raise AttributeError(f"{self._get_name()} has no {kind} {target!r}")
        return found

    # Changing all of it -------------------------------------------------------------------------------------

    def apply(self: Self, fn: Callable[[Module], Any]) -> Self:
        """Call a function on every module, parts first."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self: Self, mode: bool = True) -> Self:
        """Behave as in training, or not: dropout and batch norm care. What is frozen stays as in use."""
        if not isinstance(mode, bool):
            raise OperandError(f"train: mode is {mode!r}; True or False is needed")
        self.training = mode and not self.stands_still
        for child in self.children():
            child.train(mode)  # not all modules at once: a part may have a train of its own
        return self

    def eval(self: Self) -> Self:
        """Behave as in use; the same as ``train(False)``."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Ask for, or waive, the gradients of all parameters."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros."""
        for p in self.parameters():
            if p.grad is not None and set_to_none:
                p.grad = None
            elif p.grad is not None:
                write(p.grad, 0.0, "zero_grad")

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Move everything to a device, and what is floating point to a dtype, as `Tensor.to` takes them.

        The parameters stay the same objects, so that an optimiser made before goes on with them.
        """
        return self._apply(lambda t: _moved(t, args, kwargs))

    def float(self: Self) -> Self:
        """Everything in floating point to float32."""
        return self.to("float32")

    def double(self: Self) -> Self:
        """Everything in floating point to float64."""
        return self.to("float64")

    def half(self: Self) -> Self:
        """Everything in floating point to float16."""
        return self.to("float16")

    def type(self: Self, dst_type: Any) -> Self:
        """Everything in floating point to a dtype."""
        return self.to(dst_type)

    def cpu(self: Self) -> Self:
        """Everything to the CPU."""
        return self.to("cpu")

    def cuda(self: Self, device: int | str | None = None) -> Self:
        """Everything to a GPU."""
        return self.to(f"cuda:{device}" if isinstance(device, int) else device or "cuda")

    def _apply(self: Self, change: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        for tensor in itertools.chain(self.parameters(recurse), self.buffers(recurse)):
            tensor.data = change(tensor.detach())
            if tensor.grad is not None:
                tensor.grad = change(tensor.grad.detach())
        return self

    # Copies --------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """What copy, deepcopy and pickle keep: everything but hooks and remembered paths."""
        kept = {k: v for k, v in self.__dict__.items() if k not in ("_hooks", "_names")}
        return kept | {k: dict(kept[k]) for k in _REGISTRIES} | {"_transient": set(self._transient)}

    def __setstate__(self, values: dict[str, Any]) -> None:
        parts = Parts()
        for name, part in values["_modules"].items():
            parts[name] = part
        self.__dict__.update(values, _modules=parts)

    # Hooks --------------------------------------------------------------------------------------------------

    def _all_hooks(self) -> Hooks:
        if self._hooks is None:
            self._hooks = Hooks()
        return self._hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before `forward`; what it returns replaces the arguments."""
        hooks = self._all_hooks()
        return hooks.add(hooks.forward_pre, Hook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:  # fmt: skip
        """Call `hook(module, args, output)` after `forward`; what it returns replaces the output.

        With `always_call` it is called, with None for the output, where forward raises too.
        """
        hooks = self._all_hooks()
        return hooks.add(hooks.forward, Hook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` in the backward pass, with tuples of gradients.

        `grad_input` is what reaches the positional arguments through this module alone, None for those without a
        gradient; what the hook returns replaces it.
        """
        hooks = self._all_hooks()
        return hooks.add(hooks.backward, Hook(hook), prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` before the module's own backward pass; it may replace the gradients."""
        hooks = self._all_hooks()
        return hooks.add(hooks.backward_pre, Hook(hook), prepend)

    # Text ---------------------------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What to print between the brackets; subclasses say their settings here."""
        return ""

    def __repr__(self) -> str:
        return as_text(self)


def _moved(tensor: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """`Tensor.to`, where a dtype only concerns floating point, and kernels choose how weights lie."""
    kwargs = {name: value for name, value in kwargs.items() if name != "memory_format"}
    moved: Tensor = tensor.to(*args, **kwargs)
    if tensor.dtype.kind == "f" or moved.dtype == tensor.dtype:
        return moved
    return tensor.to(moved.device)
