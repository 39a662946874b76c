"""Values divided by a size: RMS norm, local response norm, unit vectors, cosines and distances."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.axes import as_int
from autocnn.ops.channels import check_dtypes
from autocnn.ops.elementwise import add, cast, clamp_min, div, mul, pow, rsqrt, square, sub
from autocnn.ops.elementwise.casts import floating
from autocnn.ops.pool import avg_pool2d
from autocnn.ops.reduce import mean, sum, vector_norm
from autocnn.ops.shape import pad, reshape
from autocnn.types import Axes


def rms_norm(
    input: Any, normalized_shape: int | Sequence[int], weight: Any = None, eps: float | None = None
) -> Tensor:
    """Each item divided by the root of its mean square over the last axes: input (..., *normalized_shape).

    z = x / sqrt(mean(x ** 2) + eps) weight; eps is that of the dtype unless given.
    Raises ShapeError unless x ends in, and weight has, that shape.
    Source: Zhang and Sennrich (2019), equation 4.

    >>> rms_norm(Tensor([[3.0, 4.0]]), 2, eps=12.5).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    x = as_tensor(input)
    shape = tuple(normalized_shape) if isinstance(normalized_shape, Sequence) else (int(normalized_shape),)
    if not shape or x.shape[x.ndim - len(shape) :] != shape:
        raise ShapeError(f"rms_norm: x is {x.shape}; its last axes must be normalized_shape {shape}")
    small = float(np.finfo(x.dtype).eps if eps is None else eps)
    single = np.dtype("float32")
    wide = cast(x, single) if x.dtype == "float16" else x  # squares leave the range of half precision
    axes = tuple(range(x.ndim - len(shape), x.ndim))
    z = cast(mul(wide, rsqrt(add(mean(square(wide), axes, keepdim=True), small))), x.dtype)
    if weight is None:
        return z
    w = as_tensor(weight)
    if w.shape != shape:
        raise ShapeError(f"rms_norm: weight is {w.shape}; it must be {shape}")
    check_dtypes("rms_norm", x=x, weight=w)
    return mul(z, w)


def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Each value divided by what the `size` channels around it hold together: input (N, C, ...) -> the same.

    z = x / (k + alpha mean(x ** 2)) ** beta, the mean over the channels from c - size // 2 on, with zeros beyond
    the first and last. (The paper has alpha times the sum: its alpha is this one over `size`.)
    Raises ArgumentError for sizes below 1.
    Source: Krizhevsky, Sutskever and Hinton (2012), section 3.3.

    >>> local_response_norm(Tensor([[[2.0]]]), 1, alpha=3.0, beta=0.5, k=4.0).tolist()
    [[[0.5]]]
    """
    x, size = as_tensor(input), as_int("local_response_norm", "size", size)
    if x.ndim < 3:
        raise ShapeError(f"local_response_norm: x is {x.ndim}-d {x.shape}; it must be (N, C, ...)")
    if size < 1:
        raise ArgumentError(f"local_response_norm: size is {size}; it must be at least 1")
    n, c, *space = x.shape
    if not prod(x.shape):
        return mul(x, 1.0)
    squares = reshape(square(x), (n, 1, c, prod(space)))
    around = avg_pool2d(pad(squares, (0, 0, size // 2, (size - 1) // 2)), (size, 1), 1)
    return div(x, pow(add(mul(reshape(around, x.shape), alpha), k), beta))


def normalize(input: Any, p: float = 2.0, dim: Axes = 1, eps: float = 1e-12) -> Tensor:
    """input over its p-norm along axes, or over eps where that is larger.

    >>> normalize(Tensor([[3.0, 4.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    x = as_tensor(input)
    return div(x, clamp_min(vector_norm(x, p, dim, keepdim=True), eps))


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along an axis, broadcast; norms count as eps at least.

    >>> cosine_similarity(Tensor([[1.0, 0.0]]), Tensor([[3.0, 4.0]])).tolist()
    [0.6000000238418579]
    """
    a, b = (normalize(floating(x), 2.0, dim, eps) for x in (x1, x2))
    return sum(mul(a, b), dim)


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last axis.

    >>> pairwise_distance(Tensor([[3.0, 4.0]]), Tensor([[0.0, 0.0]]), eps=0.0).tolist()
    [5.0]
    """
    return vector_norm(add(sub(x1, x2), eps), p, -1, keepdim)
