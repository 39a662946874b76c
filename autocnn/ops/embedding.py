"""Rows of a table by number, and one class drawn by its score."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.activation import softmax
from autocnn.ops.axes import as_int, one_axis
from autocnn.ops.elementwise import add, cast, clamp_min, eq, log, mul, neg, sub, where
from autocnn.ops.indexing import index_select, one_hot
from autocnn.ops.indexing.select import _positions
from autocnn.ops.random import rand
from autocnn.ops.reduce import argmax
from autocnn.ops.shape import flatten, movedim, reshape, unsqueeze


def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of weight (V, D) at input (...), whole numbers: -> (..., D). Row `padding_idx` gets no gradient.

    Gradients are dense arrays, also with `sparse`.
    Raises ArgumentError for max_norm and scale_grad_by_freq, which there is nothing for; OutOfRangeError for a row
    that is not there.

    >>> embedding(Tensor([1, 0]), Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[3.0, 4.0], [1.0, 2.0]]
    """
    if max_norm is not None or scale_grad_by_freq:
        raise ArgumentError(
            f"embedding: max_norm is {max_norm}, scale_grad_by_freq {scale_grad_by_freq}; leave them out"
        )
    table = as_tensor(weight)
    places = _positions("embedding", input, table)
    if table.ndim != 2:
        raise ShapeError(f"embedding: weight is {table.shape}; it must be (V, D)")
    rows = reshape(index_select(table, 0, flatten(places)), (*places.shape, table.shape[1]))
    if padding_idx is None:
        return rows
    count = table.shape[0]
    padding = as_int("embedding", "padding_idx", padding_idx)
    if not -count <= padding < count:
        raise ArgumentError(f"embedding: padding_idx is {padding}; must be from {-count} to {count - 1}")
    return where(unsqueeze(eq(places, padding % count), -1), rows.detach(), rows)


def gumbel_softmax(logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """Shares of classes, drawn: softmax((logits + noise) / tau); `hard`: 1 for one class, gradients as without.

    The class of the largest share is class i with probability softmax(logits)[i].
    Source: Jang, Gu and Poole (2017), "Categorical reparameterization with Gumbel-softmax", equation 2.

    >>> gumbel_softmax(Tensor([100.0, 0.0]), hard=True).tolist()
    [1.0, 0.0]
    """
    x = as_tensor(logits)
    axis = one_axis("gumbel_softmax", dim, x.ndim)
    drawn = rand(x.shape, dtype=x.dtype, device=str(x.device))
    tiny = float(np.finfo(x.dtype).tiny)
    noise = neg(log(clamp_min(neg(log(clamp_min(drawn, tiny))), tiny)))
    soft = softmax(mul(add(x, noise), 1 / tau), axis)
    if not hard:
        return soft
    one = cast(one_hot(argmax(soft, axis), x.shape[axis]), x.dtype)
    return add(sub(movedim(one, -1, axis), soft.detach()), soft)
