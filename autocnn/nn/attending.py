"""Attention: means of values, weighted by how well their keys answer a query."""

from __future__ import annotations

import math
from typing import Any

from autocnn import ops
from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError, ShapeError


def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False,
    scale: float | None = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """The mean of the values, weighted by softmax(q k^T scale): q (..., L, E), k (..., S, E), values (..., S, V).

    scale is 1 / sqrt(E) by default. attn_mask (..., L, S) is added, or says by True what may be looked at;
    is_causal is a mask that lets nothing look ahead. With enable_gqa several heads (axis -3) of q share one of
    k and v. Source: Vaswani et al. (2017), equation 1.

    >>> scaled_dot_product_attention([[0.0]], [[1.0], [2.0]], [[4.0], [6.0]]).tolist()
    [[5.0]]
    """
    q, k, v = as_tensor(query), as_tensor(key), as_tensor(value)
    if enable_gqa:
        k, v = (ops.repeat_interleave(x, q.shape[-3] // x.shape[-3], -3) for x in (k, v))
    scores = ops.mul(
        ops.matmul(q, ops.transpose(k, -2, -1)), 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    )
    if is_causal:
        attn_mask = ops.tril(ops.ones(q.shape[-2], k.shape[-2], dtype="bool", device=q.device))
    if attn_mask is not None:
        mask = as_tensor(attn_mask)
        hidden = ops.logical_not(mask) if mask.dtype.kind == "b" else mask
        scores = _masked(scores, hidden)
    weights = ops.softmax(scores, -1)
    return ops.matmul(ops.dropout(weights, dropout_p) if dropout_p else weights, v)


def multi_head_attention_forward(
    query: Any, key: Any, value: Any, embed_dim_to_check: int, num_heads: int, in_proj_weight: Any,
    in_proj_bias: Any, bias_k: Any, bias_v: Any, add_zero_attn: bool, dropout_p: float, out_proj_weight: Any,
    out_proj_bias: Any, training: bool = True, key_padding_mask: Any = None, need_weights: bool = True,
    attn_mask: Any = None, use_separate_proj_weight: bool = False, q_proj_weight: Any = None,
    k_proj_weight: Any = None, v_proj_weight: Any = None, static_k: Any = None, static_v: Any = None,
    average_attn_weights: bool = True, is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """Attention by several heads, each on its own projection of query (L, N, E), key and value (S, N, ...).

    -> the outputs (L, N, E), and how much each looked at what (N, L, S): of the mean head or (N, heads, L, S) of
    each, or None. The axis N may be left out everywhere. `attn_mask` (L, S) or (N heads, L, S) and
    `key_padding_mask` (N, S) are added to the scores, or say by True what may not be looked at.
    Source: Vaswani et al. (2017), section 3.2.2.

    >>> one = [[1.0]]
    >>> y, weights = multi_head_attention_forward(
    ...     one, one, one, 1, 1, [[1.0], [1.0], [2.0]], None, None, None, False, 0.0, [[3.0]], None
    ... )
    >>> y.tolist(), weights.tolist()
    ([[6.0]], [[1.0]])
    """
    inputs, padding = [as_tensor(x) for x in (query, key, value)], key_padding_mask
    alone = inputs[0].ndim == 2
    if alone:
        inputs = [ops.unsqueeze(x, 1) for x in inputs]
        padding = None if padding is None else ops.unsqueeze(padding, 0)
    length, batch, width = inputs[0].shape
    if width != embed_dim_to_check or width % num_heads:
        raise ShapeError(
            f"multi_head_attention: query has shape {inputs[0].shape}; "
            f"its last axis must be {embed_dim_to_check}, a multiple of the {num_heads} heads"
        )
    if is_causal and attn_mask is None:
        raise ArgumentError("multi_head_attention: is_causal is True without attn_mask; give the mask too")
    separate = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else None
    q, k, v = _projected(inputs, separate or ops.chunk(in_proj_weight, 3), in_proj_bias)
    k, v = (x if bias is None else _longer(x, bias, 0) for x, bias in ((k, bias_k), (v, bias_v)))
    q, k, v = (_heads(x, num_heads) for x in (q, k, v))
    k, v = (x if static is None else as_tensor(static) for x, static in ((k, static_k), (v, static_v)))
    more = int(bias_k is not None) + int(add_zero_attn)
    if add_zero_attn:
        k, v = (ops.cat([x, ops.zeros_like(ops.narrow(x, 1, 0, 1))], 1) for x in (k, v))
    scores = ops.matmul(ops.mul(q, 1 / math.sqrt(q.shape[-1])), ops.transpose(k, -2, -1))
    scores = ops.reshape(scores, batch, num_heads, length, k.shape[1])
    weights = ops.dropout(ops.softmax(_under(scores, attn_mask, padding, more), -1), dropout_p, training)
    mixed = ops.matmul(weights, ops.reshape(v, batch, num_heads, *v.shape[1:]))
    mixed = ops.reshape(ops.permute(mixed, 2, 0, 1, 3), length, batch, width)
    y = ops.linear(mixed, out_proj_weight, out_proj_bias)
    looked: Tensor | None = None
    if need_weights:
        looked = ops.mean(weights, 1) if average_attn_weights else weights
    if alone:
        y = ops.squeeze(y, 1)
        looked = None if looked is None else ops.squeeze(looked, 0)
    return y, looked


def _projected(inputs: list[Tensor], weights: Any, bias: Any) -> list[Tensor]:
    biases = (None, None, None) if bias is None else ops.chunk(bias, 3)
    return [ops.linear(x, w, b) for x, w, b in zip(inputs, weights, biases, strict=True)]


def _longer(x: Tensor, one: Any, axis: int) -> Tensor:
    """x (S, N, E) with a learned element (1, 1, E) more."""
    return ops.cat([x, ops.expand(one, 1, *x.shape[1:])], axis)


def _heads(x: Tensor, heads: int) -> Tensor:
    """x (S, N, E) as (N heads, S, E / heads)."""
    split = ops.reshape(x, x.shape[0], x.shape[1] * heads, x.shape[2] // heads)
    return ops.transpose(split, 0, 1)


def _under(scores: Tensor, attn_mask: Any, padding: Any, more: int) -> Tensor:
    """Scores (N, heads, L, S) under both kinds of mask."""
    if attn_mask is not None:
        mask = as_tensor(attn_mask)
        shape = scores.shape[:2] if mask.ndim == 3 and mask.shape[0] != 1 else (1, 1)
        scores = _masked(scores, _open(ops.reshape(mask, *shape, *mask.shape[-2:]), more))
    if padding is not None:
        scores = _masked(scores, _open(ops.reshape(padding, scores.shape[0], 1, 1, -1), more))
    return scores


def _open(mask: Tensor, more: int) -> Tensor:
    """A mask that lets so many further elements be looked at."""
    return ops.pad(mask, (0, more)) if more else mask


def _masked(scores: Tensor, mask: Tensor) -> Tensor:
    """Scores with a mask added to them, or hidden where it is True."""
    return ops.masked_fill(scores, mask, -math.inf) if mask.dtype.kind == "b" else ops.add(scores, mask)
