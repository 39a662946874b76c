"""In-place spellings that change the shape of a tensor and no value: `x.unsqueeze_(1)`."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from autocnn.engine import METHODS, Tensor, is_grad_enabled, method
from autocnn.engine.views import views_of
from autocnn.errors import InPlaceError
from autocnn.ops.shape import views  # noqa: F401 (it fills the table of methods, from which the spellings are made)

_SPELLED = ("squeeze", "swapaxes", "swapdims", "t", "transpose", "unsqueeze")


def reshaped(target: Tensor, change: Callable[[Tensor], Tensor], op: str) -> Tensor:
    """Give a tensor the shape that a view of it has; its memory, and all others that look into it, stay.

    Raises InPlaceError on a leaf that requires a gradient while ops are recorded.

    >>> x = Tensor([1.0, 2.0])
    >>> reshaped(x, lambda y: y.unsqueeze(0), "unsqueeze_") is x, x.tolist()
    (True, [[1.0, 2.0]])
    """
    if is_grad_enabled() and target.requires_grad and target.is_leaf:
        raise InPlaceError(
            f"{op}: the tensor is a leaf that requires a gradient; its shape must survive. "
            "Use the op without underscore"
        )
    before = _as_it_was(target)
    made = change(before)
    target._array, target._node = made._array, made._node
    base = made.__dict__.get("_base")
    if base is not None:
        target.__dict__.update(_base=base, _way=made.__dict__["_way"])
        base.__dict__["_views"].append(weakref.ref(target))
    return target


def _as_it_was(target: Tensor) -> Tensor:
    """What a tensor was before; it takes over as the base of those that look into it."""
    before = Tensor(target._array)
    before._node = target._node
    before.__dict__.update({name: target.__dict__[name] for name in ("_base", "_way") if name in target.__dict__})
    if "_views" in target.__dict__:
        before.__dict__["_views"] = target.__dict__.pop("_views")
        for view in views_of(before):
            view.__dict__["_base"] = before
    return before


def _in_place(pure: Callable[..., Tensor], spelling: str) -> Callable[..., Tensor]:
    def spelled(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return reshaped(self, lambda x: pure(x, *args, **kwargs), spelling)

    spelled.__name__ = spelling
    spelled.__qualname__ = f"Tensor.{spelling}"
    spelled.__doc__ = f"`{pure.__name__}` of the tensor itself; returns it."
    return spelled


for _name in _SPELLED:
    method(f"{_name}_")(_in_place(METHODS[_name], f"{_name}_"))
