"""What ops on images share: the batch axis that may be left out, and sums over all axes but the channels'."""

from __future__ import annotations

from typing import Any

from autocnn.backend import kernels
from autocnn.engine import Tensor, as_tensor, primitive
from autocnn.errors import DTypeError, ShapeError
from autocnn.ops.precision import adding
from autocnn.ops.shape import reshape
from autocnn.types import Shape

_AXES = {1: "L", 2: "H, W", 3: "D, H, W"}


def batched(op: str, x: Any, ndim: int) -> tuple[Tensor, bool]:
    """x as (N, C, *spatial), and whether the batch axis had been left out.

    Raises ShapeError unless x has `ndim` spatial axes.

    >>> x, alone = batched("conv1d", Tensor([[1.0, 2.0]]), 1)
    >>> x.shape, alone
    ((1, 1, 2), True)
    """
    x = as_tensor(x)
    if x.ndim == ndim + 2:
        return x, False
    if x.ndim == ndim + 1:
        return reshape(x, (1, *x.shape)), True
    raise ShapeError(f"{op}: x is {x.ndim}-d {x.shape}; it must be (N, C, {_AXES[ndim]}) or (C, {_AXES[ndim]})")


def unbatched(z: Tensor, alone: bool) -> Tensor:
    """z without its batch axis, if the input came without one."""
    return reshape(z, z.shape[1:]) if alone else z


def check_dtypes(op: str, **operands: Tensor | None) -> None:
    """Refuse operands of different dtypes: a silent promotion would cost a copy of every image.

    Raises DTypeError.
    """
    if len({x._array.dtype for x in operands.values() if x is not None}) > 1:
        given = {name: x for name, x in operands.items() if x is not None}
        listed = ", ".join(f"{name} is {x.dtype} {x.shape}" for name, x in given.items())
        raise DTypeError(f"{op}: {listed}; they must agree. Convert one with to(dtype)")


@primitive()
@adding
def _channel_sum(xp: Any, x: Any) -> Any:
    """x (N, C, ...) -> (C,)."""
    return kernels.channel_sum(xp, x)


@primitive(view=True)
def _channel_spread(xp: Any, v: Any, *, shape: Shape) -> Any:
    """v (C,) -> (N, C, ...), the same at every pixel."""
    return xp.broadcast_to(xp.reshape(v, (v.shape[0], *(1,) * (len(shape) - 2))), shape)


_channel_sum.vjp(lambda g, z, x: _channel_spread(g, shape=x.shape))
_channel_spread.vjp(lambda g, z, v, shape: _channel_sum(g))
