"""Broadcasting and its adjoint, the sum over what was broadcast."""

from __future__ import annotations

import math
from operator import index
from typing import Any

import numpy as np

from autocnn.backend import kernels
from autocnn.engine import Tensor, as_tensor, method, primitive, slots
from autocnn.errors import ShapeError
from autocnn.ops.precision import adding
from autocnn.types import Shape


@method("broadcast_to")
def broadcast_to(input: Any, size: Shape) -> Tensor:
    """input (any shape) as a view of shape `size`, its axes of length 1 repeated without a copy.

    Raises ShapeError if the shapes do not broadcast.

    >>> import autocnn as ac
    >>> broadcast_to(ac.tensor([1.0, 2.0]), (3, 2)).sum().item()
    9.0
    """
    input = as_tensor(input)
    size = tuple(map(index, size))
    lead = len(size) - input.ndim
    if lead < 0 or any(n not in (1, m) for n, m in zip(input.shape, size[lead:], strict=True)):
        raise ShapeError(f"broadcast_to: x {input.shape} does not broadcast to {size}")
    return input if input.shape == size else _broadcast_to(input, shape=size)


@primitive(view=True)
def _broadcast_to(xp: Any, x: Any, *, shape: Shape) -> Any:
    return xp.broadcast_to(x, shape)


@primitive()
@adding
def _sum_to(xp: Any, x: Any, *, shape: Shape) -> Any:
    lead = x.ndim - len(shape)
    repeated = [i + lead for i, n in enumerate(shape) if n == 1 and x.shape[i + lead] != 1]
    return kernels.total(xp, x, (*range(lead), *repeated), keepdims=True).reshape(shape)


_broadcast_to.vjp(lambda g, z, x, shape: _sum_to(g, shape=x.shape))
_sum_to.vjp(lambda g, z, x, shape: _broadcast_to(g, shape=x.shape))


def unbroadcast(g: Any, x: Any) -> Any:
    """The cotangent of an operand x from that of the broadcast result: itself, or summed to x's shape."""
    return g if g.shape == x.shape else _sum_to(g, shape=x.shape)


def broadcast_shapes(name: str, *shapes: Shape) -> Shape:
    """The common shape of operands; raises ShapeError, in the op's name, where there is none."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " and ".join(map(str, shapes))
        raise ShapeError(f"{name}: shapes {listed} do not broadcast") from None


def size_of(shape: Shape) -> int:
    """Number of elements of a shape."""
    return math.prod(shape)


slots.broadcast_to = broadcast_to
