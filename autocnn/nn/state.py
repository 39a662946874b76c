"""The state of a module: its parameters and lasting buffers by name, given out and taken in."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from autocnn.engine import Tensor, no_grad
from autocnn.engine.inplace import write
from autocnn.errors import StateError
from autocnn.nn.hooks import Hook, Hooks, RemovableHandle
from autocnn.ops import as_tensor

if TYPE_CHECKING:
    from autocnn.nn.module import Module
    from autocnn.nn.parameter import Parameter

EXTRA = "_extra_state"


class Mismatch(NamedTuple):
    """What `load_state_dict` did not find, and what it did not expect."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not any(self):
            return "<All keys matched successfully>"
        return f"Mismatch(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class Arriving(OrderedDict[str, Any]):
    """A state on its way in: values by key, and what is to be done with them once all are known to fit."""

    def __init__(self, values: Mapping[str, Any], deeds: list[Callable[[], None]]) -> None:
        super().__init__(values)
        self.deeds = deeds

    def below(self, prefix: str) -> Arriving:
        """What of it belongs to a part."""
        return Arriving({key: value for key, value in self.items() if key.startswith(prefix)}, self.deeds)


class Stateful:
    """What a module has to do with its state. Subclasses may change any part of it, as PyTorch's do."""

    _version: int = 1
    """Written down beside the state, for modules whose state has changed since."""
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _transient: set[str]
    _hooks: Hooks | None
    _all_hooks: Callable[[], Hooks]

    def _lasting(self) -> Iterator[tuple[str, Tensor]]:
        """(name, tensor) of what belongs to the state of the module itself."""
        for name, tensor in (*self._parameters.items(), *self._buffers.items()):
            if tensor is not None and name not in self._transient:
                yield name, tensor

    def get_extra_state(self) -> Any:
        """What else belongs to the state; subclasses that have such define this and `set_extra_state`."""
        raise StateError(f"{type(self).__name__}: it has no extra state; define get_extra_state(self)")

    def set_extra_state(self, state: Any) -> None:
        """Take in what `get_extra_state` gave."""
        raise StateError(f"{type(self).__name__}: it has no extra state; define set_extra_state(self, state)")

    def _has(self, method: str) -> bool:
        return getattr(type(self), method) is not getattr(Stateful, method)

    # Out ----------------------------------------------------------------------------------------------------

    def state_dict(
        self, *args: Any, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Parameters and lasting buffers by path, on the same memory; detached unless `keep_vars`."""
        for name, value in zip(("destination", "prefix", "keep_vars"), args, strict=False):  # PyTorch's old order
            destination = value if name == "destination" else destination
            prefix = value if name == "prefix" else prefix
            keep_vars = value if name == "keep_vars" else keep_vars
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()  # type: ignore[attr-defined]
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook in self._called("saving"):
            hook.function(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, part in self._modules.items():
            if part is not None:
                part.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._called("saved"):
            answer = hook.function(self, destination, prefix, metadata)
            destination = destination if answer is None else answer
        return destination

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """Put the module's own tensors, without those of its parts, into a state."""
        for name, tensor in self._lasting():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if self._has("get_extra_state"):
            destination[prefix + EXTRA] = self.get_extra_state()

    # In -----------------------------------------------------------------------------------------------------

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Mismatch:
        """Take parameters and buffers in by path: tensors, or arrays; written in place, or put in place.

        Raises StateError, before anything is changed, where a shape differs, or, if `strict`, where a key is
        missing or not expected.
        """
        deeds: list[Callable[[], None]] = []
        mismatch, shapes = Mismatch([], []), list[str]()
        metadata = getattr(state_dict, "_metadata", None)
        after = self._load(Arriving(state_dict, deeds), "", metadata, strict, assign, mismatch, shapes)
        wrong = strict and any(mismatch) and not after
        if shapes or wrong:
            raise self._refused(mismatch if wrong else Mismatch([], []), shapes)
        with no_grad():
            for deed in deeds:
                deed()
        for module, hook in after:
            hook.function(module, mismatch)
        if strict and any(mismatch):
            raise self._refused(mismatch, [])
        return mismatch

    def _load(
        self, state: Arriving, prefix: str, metadata: Mapping[str, Any] | None, strict: bool, assign: bool,
        mismatch: Mismatch, wrong: list[str],
    ) -> list[tuple[Stateful, Hook]]:  # fmt: skip
        """Take in the state of the module and its parts; -> what is to be called afterwards, innermost first."""
        own = {} if metadata is None else dict(metadata.get(prefix[:-1], {}))
        if assign:
            own["assign_to_params_buffers"] = True
        self._load_from_state_dict(state, prefix, own, True, *mismatch, wrong)  # all is noted, as PyTorch does
        after = []
        for name, part in self._modules.items():
            if part is not None:
                path = f"{prefix}{name}."
                after += part._load(state.below(path), path, metadata, strict, assign, mismatch, wrong)
        return after + [(self, hook) for hook in self._called("loaded")]

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        """Take in the module's own tensors from a state: at once, or when all of a whole state is known to fit."""
        for hook in self._called("loading"):
            whose = (self,) if hook.with_kwargs else ()
            hook.function(
                *whose, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
            )
        deeds, assign = [], bool(local_metadata.get("assign_to_params_buffers"))
        expected = dict(self._lasting())
        for name, own in expected.items():
            key = prefix + name
            if key not in state_dict:
                missing_keys.append(key)
                continue
            value = _fit(as_tensor(state_dict[key]), own)
            if value.shape == own.shape:
                deeds.append(_deed(self, name, own, value, assign))
            else:
                error_msgs.append(f"{key} is {own.shape} here and {value.shape} there")
        extra, key = self._has("set_extra_state"), prefix + EXTRA
        if extra and key in state_dict:
            deeds.append(lambda state=state_dict[key]: self.set_extra_state(state))  # type: ignore[misc]
        elif extra:
            missing_keys.append(key)
        known = {*expected, EXTRA} if extra else expected.keys()
        unexpected_keys.extend(self._unknown(state_dict, prefix, known))
        if isinstance(state_dict, Arriving):
            state_dict.deeds.extend(deeds)
        else:
            with no_grad():
                for deed in deeds:
                    deed()

    def _unknown(self, state: Mapping[str, Any], prefix: str, known: Any) -> Iterator[str]:
        """The keys that are neither the module's own nor a part's."""
        for key in state:
            name, dot, _ = key[len(prefix) :].partition(".")
            if key.startswith(prefix) and name not in (self._modules if dot else known):
                yield key

    def _refused(self, mismatch: Mismatch, shapes: list[str]) -> StateError:
        said = []
        if mismatch.missing_keys:
            said.append(f"missing {', '.join(mismatch.missing_keys)}")
        if mismatch.unexpected_keys:
            said.append(f"unexpected {', '.join(mismatch.unexpected_keys)}")
        remedy = ". strict=False loads what fits" if said and not shapes else ""
        name = type(self).__name__
        return StateError(
            f"load_state_dict: the state is not one of {name}: {'; '.join([*said, *shapes])}{remedy}"
        )

    # Hooks --------------------------------------------------------------------------------------------------

    def _called(self, kind: str) -> list[Hook]:
        return [] if self._hooks is None else list(self._hooks.state[kind].values())

    def _register(self, kind: str, hook: Callable[..., Any], with_module: bool = False) -> RemovableHandle:
        hooks = self._all_hooks()
        return hooks.add(hooks.state[kind], Hook(hook, with_module), False)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before the module's state is given out."""
        return self._register("saving", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, metadata)` after it; it may change the state in place."""
        return self._register("saved", hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, metadata, strict, missing, unexpected, errors)` before loading.

        It may change the state in place: rename its keys, for one.
        """
        return self._register("loading", hook, True)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, mismatch)` after loading; keys that it removes from `mismatch` count as found."""
        return self._register("loaded", hook)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        return self._register("loading", hook, with_module)

    _register_state_dict_hook = register_state_dict_post_hook


def _fit(value: Tensor, own: Tensor) -> Tensor:
    """One number is taken in as a single element too: old states of PyTorch have no tensors without axes."""
    return value[0] if own.shape == () and value.shape == (1,) else value


def _deed(module: Stateful, name: str, own: Tensor, value: Tensor, assign: bool) -> Callable[[], None]:
    """Write a value into a tensor of a module, or put it in its place."""

    def put() -> None:
        if not assign:
            write(own, as_tensor(value, own.dtype, own.device), "load_state_dict")
        elif name in module._parameters:
            kind: Any = type(own)
            module._parameters[name] = value if isinstance(value, kind) else kind(value, own.requires_grad)
        else:
            module._buffers[name] = value

    return put
