"""Functions of PyTorch's that are a line of others."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from autocnn import ops
from autocnn.engine import Tensor, as_tensor
from autocnn.errors import AutocnnError
from autocnn.nn import functional
from autocnn.ops.reduce.norms import vector_norm
from autocnn.optim import lr_scheduler

ger = ops.outer
asarray = ops.as_tensor
det, inverse = ops.linalg.det, ops.linalg.inv
linalg = SimpleNamespace(
    det=ops.linalg.det, inv=ops.linalg.inv, norm=ops.norm, solve=ops.linalg.solve, vector_norm=vector_norm
)
"""What of `torch.linalg` there is."""
schedules = SimpleNamespace(_LRScheduler=lr_scheduler.LRScheduler)
"""The base of learning rate schedules under its older name."""


def _assert(condition: Any, message: str) -> None:
    if not condition:
        raise AutocnnError(message)


def atleast_1d(input: Any) -> Tensor:
    """input with one axis at least.

    >>> atleast_1d(3.0).tolist()
    [3.0]
    """
    x = as_tensor(input)
    return x if x.ndim else ops.reshape(x, (1,))


def batch_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: float,
    eps: float, cudnn_enabled: bool = True,
) -> Tensor:  # fmt: skip
    """`nn.functional.batch_norm`, its arguments in the order that they have at PyTorch's top.

    >>> batch_norm([[1.0], [3.0]], None, None, None, None, True, 0.1, 0.0).tolist()
    [[-1.0], [1.0]]
    """
    return functional.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def atleast_2d(input: Any) -> Tensor:
    """input with two axes at least, the first ones of length 1.

    >>> atleast_2d([3.0]).tolist()
    [[3.0]]
    """
    x = atleast_1d(input)
    return x if x.ndim > 1 else ops.reshape(x, (1, -1))


def cross(input: Any, other: Any, dim: int | None = None) -> Tensor:
    """Products of vectors in three dimensions, along an axis: the first that has three places.

    >>> cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]).tolist()
    [0.0, 0.0, 1.0]
    """
    x, y = ops.broadcast_tensors(as_tensor(input), as_tensor(other))
    dim = x.shape.index(3) if dim is None else dim
    after, before = ops.roll(x, -1, dim), ops.roll(x, 1, dim)
    return ops.sub(ops.mul(after, ops.roll(y, 1, dim)), ops.mul(before, ops.roll(y, -1, dim)))


def broadcast_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape that shapes have together.

    >>> broadcast_shapes((3, 1), (2,))
    (3, 2)
    """
    return np.broadcast_shapes(*map(tuple, shapes))


def constant_pad_nd(input: Any, pad: Sequence[int], value: float = 0) -> Tensor:
    """input with a border of one value.

    >>> constant_pad_nd([1.0], (1, 0), 5).tolist()
    [5.0, 1.0]
    """
    return functional.pad(input, pad, "constant", value)


def scalar_tensor(s: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """A tensor without axes.

    >>> scalar_tensor(2).dtype
    dtype('float32')
    """
    return ops.tensor(float(s), dtype=dtype, device=device)


def set_printoptions(**settings: Any) -> None:
    """Nothing: tensors are printed so that they fit the screen.

    >>> set_printoptions(precision=3)
    """


def typename(obj: Any) -> str:
    """What PyTorch calls the type of a tensor, or the name of another's.

    >>> typename(Tensor([1.0])), typename([])
    ('torch.FloatTensor', 'builtins.list')
    """
    from autocnn.compat import kinds

    if isinstance(obj, Tensor):
        return next(f"torch.{name}" for name in kinds.__all__ if isinstance(obj, getattr(kinds, name)))
    return f"{type(obj).__module__}.{type(obj).__qualname__}"


__all__ = [
    "asarray", "atleast_1d", "atleast_2d", "batch_norm", "broadcast_shapes", "constant_pad_nd", "cross",
    "det", "ger", "inverse", "scalar_tensor", "set_printoptions", "typename",
]  # fmt: skip
