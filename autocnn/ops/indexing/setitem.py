"""`x[key] = v`: in place, as every op whose name ends in an underscore."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, as_tensor, method, primitive, slots
from autocnn.engine.inplace import write
from autocnn.errors import ShapeError
from autocnn.ops.broadcast import broadcast_to, unbroadcast
from autocnn.ops.dtypes import fitting
from autocnn.ops.indexing.getitem import _index, _slice, advanced, check_positions, key_of
from autocnn.ops.indexing.key import parse
from autocnn.ops.shape.views import reshape
from autocnn.types import Shape


@method("__setitem__")
def setitem(input: Tensor, key: Any, value: Any) -> None:
    """input[key] = value, broadcast; the tensor gets the graph of what it now holds.

    Raises ShapeError where the value does not fit, InPlaceError where input must not be written.

    >>> x = Tensor([1.0, 2.0, 3.0])
    >>> setitem(x, slice(1, None), 0.0)
    >>> x.tolist()
    [1.0, 0.0, 0.0]
    """
    where = parse("setitem", key, input.shape)
    if type(value) in (int, float):
        value = fitting("setitem", "value", value, input.dtype)
    v = as_tensor(value, input)
    v = v if v.dtype == input.dtype else slots.cast(v, input.dtype)
    region = input if where.advanced and where.plain else _slice(input, index=where.basic)
    if not where.advanced:
        write(region, _fitted(v, region.shape), "setitem")
        return
    axes, positions = advanced("setitem", where)
    lead = axes[0] if axes == tuple(range(axes[0], axes[0] + len(axes))) else 0
    rest = [n for i, n in enumerate(region.shape) if i not in axes]
    v = _fitted(v, (*rest[:lead], *positions.shape[1:], *rest[lead:]))
    check_positions("setitem", region, positions, axes)
    write(region, _put(region, v, positions, axes=axes), "setitem")


def _fitted(v: Tensor, shape: Shape) -> Tensor:
    extra = v.ndim - len(shape)
    if extra > 0 and v.shape[:extra] == (1,) * extra:
        v = reshape(v, v.shape[extra:])
    try:
        return broadcast_to(v, shape)
    except ShapeError:
        raise ShapeError(f"setitem: value is {v.shape}; must broadcast to {shape}, what the index names") from None


@primitive(saves=(("positions",), ("positions",), ()))
def _put(xp: Any, x: Any, v: Any, positions: Any, *, axes: tuple[int, ...]) -> Any:
    """A copy of x with v at positions (axes, *shape)."""
    z = x.copy(order="K")
    z[key_of(positions, axes)] = v
    return z


_put.vjp(
    lambda g, z, x, v, positions, axes: _put(g, 0.0, positions, axes=axes),
    lambda g, z, x, v, positions, axes: unbroadcast(_index(g, positions, axes=axes, unique=False), v),
    None,
)
