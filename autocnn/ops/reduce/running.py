"""Running products."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, method, primitive
from autocnn.ops.axes import one_axis
from autocnn.ops.elementwise.arithmetic import _mul
from autocnn.ops.elementwise.casts import quiet
from autocnn.ops.precision import adding
from autocnn.ops.reduce.axes import numpy_names
from autocnn.ops.reduce.sums import _kept, _sum_dtype, _typed
from autocnn.ops.shape.padding import _crop, _pad
from autocnn.ops.shape.views import reshape


@method("cumprod")
@numpy_names
def cumprod(input: Any, dim: int, *, dtype: Any = None) -> Tensor:
    """The products of all elements up to each one along an axis; integers and bools as int64.

    The derivative is right where elements are 0.

    >>> cumprod(Tensor([1.0, 2.0, 3.0]), dim=0).tolist()
    [1.0, 2.0, 6.0]
    """
    x = _typed("cumprod", input, dtype)
    axis = one_axis("cumprod", dim, x.ndim)
    z = _cumprod(x if x.ndim else reshape(x, (1,)), axis=axis)
    return _kept(z if x.ndim else reshape(z, ()), x, dtype)


@primitive(saves=("x", "z"))
@quiet
@adding
def _cumprod(xp: Any, x: Any, *, axis: int) -> Any:
    return xp.cumprod(x, axis=axis, dtype=_sum_dtype(x))


@primitive(saves=(("x",), ("x", "z")))
@quiet
@adding
def _recurrence(xp: Any, g: Any, x: Any, *, axis: int, reverse: bool) -> Any:
    """z[i] = g[i] + x[i] z[i - 1] along an axis; in reverse its adjoint, z[i] = g[i] + x[i + 1] z[i + 1]."""
    z = xp.moveaxis(g.copy(), axis, 0)
    rates = xp.moveaxis(x, axis, 0)
    for i in range(1, len(z)):
        if reverse:
            z[-i - 1] += rates[-i] * z[-i]
        else:
            z[i] += rates[i] * z[i - 1]
    return xp.moveaxis(z, 0, axis)


def _behind(v: Any, axis: int, first: float) -> Any:
    """Each element one place on, `first` in front of them."""
    if not v.shape[axis]:
        return v
    widths = [[(int(i == axis), 0) if front else (0, int(i == axis)) for i in range(v.ndim)] for front in (1, 0)]
    return _pad(_crop(v, widths=tuple(widths[1])), widths=tuple(widths[0]), value=first)


def _recurrence_rates(h: Any, z: Any, g: Any, x: Any, *, axis: int, reverse: bool) -> Any:
    across = _recurrence(h, x, axis=axis, reverse=not reverse)
    return _mul(_behind(across, axis, 0.0), z) if reverse else _mul(across, _behind(z, axis, 0.0))


_cumprod.vjp(lambda g, z, x, axis: _mul(_behind(z, axis, 1.0), _recurrence(g, x, axis=axis, reverse=True)))
_recurrence.vjp(
    lambda h, z, g, x, axis, reverse: _recurrence(h, x, axis=axis, reverse=not reverse), _recurrence_rates
)
