"""Instance normalisation: every channel of every image alone."""

from __future__ import annotations

from math import prod
from typing import Any

from autocnn.engine import Tensor, as_tensor, no_grad
from autocnn.engine.inplace import write
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.channels import check_dtypes
from autocnn.ops.elementwise import add, mul
from autocnn.ops.norm import _normalize, _scaled, batch_norm
from autocnn.ops.reduce import mean, var


def instance_norm(
    input: Any,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel of each image to mean 0 and variance 1, scaled and shifted: input (N, C, ...) -> the same.

    The running statistics, where given, move in place to the mean over the images; with `use_input_stats` False
    they are what is normalised by, as in `batch_norm`.
    Raises ShapeError if a vector is not (C,), or for a single value per channel.
    Source: Ulyanov, Vedaldi and Lempitsky (2016), equation 1.

    >>> instance_norm(Tensor([[[1.0, 3.0], [5.0, 9.0]]]), eps=0.0).tolist()
    [[[-1.0, 1.0], [-1.0, 1.0]]]
    """
    x = as_tensor(input)
    if x.ndim < 3:
        raise ShapeError(f"instance_norm: x is {x.ndim}-d {x.shape}; it must be (N, C, *spatial)")
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise ArgumentError("instance_norm: use_input_stats is False; running_mean and running_var are needed")
        return batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
    c, count = x.shape[1], prod(x.shape[2:])
    if count == 1:
        raise ShapeError(f"instance_norm: x is {x.shape}; it needs more than 1 value for each channel of an image")
    axes = tuple(range(2, x.ndim))
    _move("running_mean", x, running_mean, lambda: mean(x, axes), momentum)
    _move("running_var", x, running_var, lambda: var(x, axes), momentum)
    z = _normalize(x, axes=axes, eps=float(eps))
    return _scaled("instance_norm", z, weight, bias, (c,), (c, *(1,) * (x.ndim - 2)))


def _move(name: str, x: Tensor, running: Tensor | None, now: Any, momentum: float) -> None:
    """Let a running statistic take in the mean over the images."""
    if running is None:
        return
    if running.shape != (x.shape[1],):
        raise ShapeError(f"instance_norm: {name} is {running.shape}; it must be ({x.shape[1]},)")
    check_dtypes("instance_norm", x=x, **{name: running})
    if not x.shape[0]:
        return
    with no_grad():
        moved = add(mul(running, 1 - momentum), mul(mean(now(), 0), momentum))
        write(running, moved, "instance_norm")
