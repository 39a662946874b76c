"""The state of a module: its parameters and lasting buffers by name, given out and taken in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from autocnn.engine import Tensor, no_grad
from autocnn.engine.inplace import write
from autocnn.errors import StateError
from autocnn.ops import as_tensor

if TYPE_CHECKING:
    from autocnn.nn.module import Module


class Mismatch(NamedTuple):
    """What `load_state_dict` did not find, and what it did not expect."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not any(self):
            return "<All keys matched successfully>"
        return f"Mismatch(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def entries(module: Module, prefix: str = "") -> Iterator[tuple[str, Module, str, Tensor]]:
    """(key, owner, name in the owner, tensor) of everything that belongs to the state, shared ones each time."""
    for path, part in module.named_modules(prefix=prefix.rstrip("."), remove_duplicate=False):
        for name, tensor in (*part._parameters.items(), *part._lasting_buffers()):
            if tensor is not None:
                yield (f"{path}.{name}" if path else name), part, name, tensor


def load(module: Module, state: Mapping[str, Any], strict: bool, assign: bool) -> Mismatch:
    """Take values in by key. Everything is checked before anything is written."""
    own = {key: (part, name, tensor) for key, part, name, tensor in entries(module)}
    mismatch = Mismatch([key for key in own if key not in state], [key for key in state if key not in own])
    given = {key: _fit(as_tensor(state[key]), own[key][2]) for key in own if key in state}
    shapes = [
        f"{key} is {own[key][2].shape} here and {value.shape} there"
        for key, value in given.items()
        if value.shape != own[key][2].shape
    ]
    if shapes or (strict and any(mismatch)):
        raise StateError(_complaint(module._get_name(), mismatch if strict else Mismatch([], []), shapes))
    with no_grad():
        for key, value in given.items():
            part, name, tensor = own[key]
            if assign:
                _assign(part, name, tensor, value)
            else:
                write(tensor, as_tensor(value, tensor.dtype, tensor.device), "load_state_dict")
    return mismatch


def _fit(value: Tensor, own: Tensor) -> Tensor:
    """One number is taken in as a single element too: old states of PyTorch have no tensors without axes."""
    return value[0] if own.shape == () and value.shape == (1,) else value


def _assign(part: Module, name: str, old: Tensor, value: Tensor) -> None:
    if name in part._parameters:
        kind: Any = type(old)
        part._parameters[name] = value if isinstance(value, kind) else kind(value, old.requires_grad)
    else:
        part._buffers[name] = value


def _complaint(name: str, mismatch: Mismatch, shapes: list[str]) -> str:
    said = []
    if mismatch.missing_keys:
        said.append(f"missing {', '.join(mismatch.missing_keys)}")
    if mismatch.unexpected_keys:
        said.append(f"unexpected {', '.join(mismatch.unexpected_keys)}")
    remedy = ". strict=False loads what fits" if said and not shapes else ""
    return f"load_state_dict: the state is not one of {name}: {'; '.join([*said, *shapes])}{remedy}"
