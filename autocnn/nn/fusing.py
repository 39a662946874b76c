"""A batch norm in use, taken into the layer before it."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from autocnn import ops
from autocnn.engine import no_grad
from autocnn.errors import ArgumentError
from autocnn.nn.module import Module
from autocnn.nn.parameter import Parameter

M = TypeVar("M", bound=Module)


def fuse_conv_bn_weights(
    conv_w: Any, conv_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any, transpose: bool = False
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a convolution that does what one and a batch norm in use did together.

    >>> weight, bias = fuse_conv_bn_weights(ops.ones(1, 1, 1, 1), None, [2.0], [4.0], 0.0, [3.0], [5.0])
    >>> weight.tolist(), bias.tolist()
    ([[[[1.5]]]], [2.0])
    """
    with no_grad():
        before = ops.zeros_like(bn_rm) if conv_b is None else conv_b
        scale = ops.rsqrt(ops.add(bn_rv, bn_eps))
        if bn_w is not None:
            scale = ops.mul(scale, bn_w)
        shape = [1] * ops.as_tensor(conv_w).ndim
        shape[1 if transpose else 0] = -1
        weight = ops.mul(conv_w, ops.reshape(scale, *shape))
        bias = ops.mul(ops.sub(before, bn_rm), scale)
        return Parameter(weight), Parameter(bias if bn_b is None else ops.add(bias, bn_b))


def fuse_conv_bn_eval(conv: M, bn: Any, transpose: bool = False) -> M:
    """A copy of a convolution that does what it and the batch norm behind it do in use.

    Raises ArgumentError where one of them is in training.

    >>> from autocnn import nn
    >>> fuse_conv_bn_eval(nn.Conv2d(1, 2, 3, bias=False).eval(), nn.BatchNorm2d(2).eval()).bias.tolist()
    [0.0, 0.0]
    """
    if conv.training or bn.training:
        raise ArgumentError("fuse_conv_bn_eval: a module is in training; call eval() on both first")
    fused: Any = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose
    )
    return fused  # type: ignore[no-any-return]


def fuse_linear_bn_eval(linear: M, bn: Any) -> M:
    """A copy of a linear layer that does what it and the batch norm behind it do in use.

    >>> from autocnn import nn
    >>> fuse_linear_bn_eval(nn.Linear(1, 2).eval(), nn.BatchNorm1d(2).eval()).weight.shape
    (2, 1)
    """
    return fuse_conv_bn_eval(linear, bn)


__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval"]
