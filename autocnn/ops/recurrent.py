"""Recurrent layers: all steps of one layer in one direction, as one op."""

from __future__ import annotations

from typing import Any

from autocnn.backend import kernels
from autocnn.backend.arrays import namespace
from autocnn.engine import Tensor, as_tensor, primitive
from autocnn.errors import ShapeError
from autocnn.ops.broadcast import _sum_to
from autocnn.ops.channels import check_dtypes
from autocnn.ops.elementwise.arithmetic import _add, _mul, _sub
from autocnn.ops.elementwise.casts import quiet
from autocnn.ops.elementwise.trigonometry import _sigmoid, _sigmoid_backward, _tanh, _tanh_backward
from autocnn.ops.linalg.products import _linear, _linear_w, _matmul, _project
from autocnn.ops.precision import adding
from autocnn.ops.shape.joining import _cat, _split, _stack, _unbind

# Long short-term memory ----------------------------------------------------------------------------------------


def lstm_layer(
    x: Any, h: Any, c: Any, w: Any, v: Any, b: Any = None, reverse: bool = False
) -> tuple[Tensor, Tensor]:
    """x (T, N, I), first states h and c (N, H), weights w (4H, I) and v (4H, H) -> all h (T, N, H), the last c.

    At each step i, f, g, o = w x + v h + b, squashed; c <- f c + i g; h <- o tanh c. From the last step to the
    first where `reverse`.
    Raises ShapeError, DTypeError for what does not go with x.

    >>> y, c = lstm_layer(*[Tensor(v) for v in ([[[1.0]]], [[0.0]], [[0.0]], [[1.0]] * 4, [[0.0]] * 4)])
    >>> round(c.item(), 4), round(y.item(), 4)
    (0.5568, 0.3696)
    """
    operands = _checked("lstm_layer", 4, {"x": x, "h": h, "c": c, "w": w, "v": v, "b": b})
    return _lstm(*operands, reverse=reverse)


def _checked(op: str, gates: int, given: dict[str, Any]) -> list[Tensor]:
    """Operands as tensors of one dtype and of shapes that go together; a bias that is None is zeros."""
    x, w = as_tensor(given["x"]), as_tensor(given["w"])
    if x.ndim != 3 or w.ndim != 2:
        raise ShapeError(f"{op}: x is {x.shape}, w {w.shape}; they must be (T, N, I) and ({gates} H, I)")
    (_, n, inputs), width = x.shape, w.shape[0] // gates
    rows = gates * width
    needed = {
        "w": (rows, inputs),
        "v": (rows, width),
        "b": (rows,),
        "d": (rows,),
        "h": (n, width),
        "c": (n, width),
    }
    xp = namespace(x.array)
    operands = {
        name: Tensor(xp.zeros(rows, dtype=x.dtype)) if value is None else as_tensor(value)
        for name, value in given.items()
    }
    for name, shape in needed.items():
        if name in operands and operands[name].shape != shape:
            raise ShapeError(f"{op}: {name} is {operands[name].shape}; it must be {shape}, as x is {x.shape}")
    check_dtypes(op, **operands)
    return list(operands.values())


@primitive(
    saves=("x", "h", "c", "w", "v", "b", "gates", "states", "cells"),
    residuals=("gates", "states", "cells"),
    outputs=True,
)
@quiet
@adding
def _lstm(xp: Any, x: Any, h: Any, c: Any, w: Any, v: Any, b: Any, *, reverse: bool) -> Any:
    return kernels.lstm(xp, x, h, c, w, v, b, reverse=reverse)


@primitive(outputs=True, differentiable=False)
@quiet
@adding
def _lstm_backward(
    xp: Any, gy: Any, gc: Any, x: Any, h: Any, c: Any, w: Any, v: Any, b: Any, gates: Any, states: Any, cells: Any,
    *, reverse: bool,
) -> Any:  # fmt: skip
    return kernels.lstm_backward(xp, gy, gc, x, h, c, w, v, b, gates, states, cells, reverse=reverse)


def _lstm_definition(g: Any, *inputs: Any, reverse: bool) -> tuple[Any, ...]:
    """All cotangents by primitives: the steps once more, then back through each of them."""
    x, h, c, w, v, b = inputs
    dh, dc = _mul(h, 0.0), g[1]
    steps, back = [], []
    for share in _in_order(_linear(x, w, b), reverse):
        i, f, k, o = _split(_add(share, _project(h, v)), sizes=(h.shape[1],) * 4, dim=1)
        i, f, k, o = _sigmoid(i), _sigmoid(f), _tanh(k), _sigmoid(o)
        after = _add(_mul(f, c), _mul(i, k))
        squashed = _tanh(after)
        steps.append((h, c, i, f, k, o, squashed))
        h, c = _mul(o, squashed), after
    for gy, (_, c, i, f, k, o, squashed) in zip(_in_order(g[0], not reverse), reversed(steps), strict=True):
        dh = _add(dh, gy)
        dc = _add(dc, _tanh_backward(_mul(dh, o), squashed))
        parts = (
            _sigmoid_backward(_mul(dc, k), i),
            _sigmoid_backward(_mul(dc, c), f),
            _tanh_backward(_mul(dc, i), k),
            _sigmoid_backward(_mul(dh, squashed), o),
        )
        back.append(_cat(*parts, dim=1))
        dh, dc = _matmul(back[-1], v), _mul(dc, f)
    gates = _stack(*(back if reverse else back[::-1]), dim=0)
    states = _stack(*[step[0] for step in (steps[::-1] if reverse else steps)], dim=0)
    return _matmul(gates, w), dh, dc, _linear_w(gates, x), _linear_w(gates, states), _sum_to(gates, shape=b.shape)


def _in_order(x: Any, reverse: bool) -> tuple[Any, ...]:
    """The steps of x (T, ...) in the order of time, or in the other one."""
    parts: tuple[Any, ...] = _unbind(x, dim=0)
    return parts[::-1] if reverse else parts


def _lstm_rule(i: int) -> Any:
    return lambda g, z, *inputs, reverse, **_: _lstm_definition(g, *inputs, reverse=reverse)[i]


_lstm.vjp(*map(_lstm_rule, range(6)))
_lstm.fast(
    lambda g, z, *inputs, need, reverse, gates, states, cells: _lstm_backward(
        *g, *inputs, gates, states, cells, reverse=reverse
    )
)


# Gated recurrent units -----------------------------------------------------------------------------------------


def gru_layer(x: Any, h: Any, w: Any, v: Any, b: Any = None, d: Any = None, reverse: bool = False) -> Tensor:
    """x (T, N, I), the first state h (N, H), weights w (3H, I) and v (3H, H) -> all h (T, N, H).

    At each step r, z = w x + b + v h + d, squashed; n = tanh(w x + b + r (v h + d)); h <- (1 - z) n + z h. From
    the last step to the first where `reverse`.
    Raises ShapeError, DTypeError for what does not go with x.

    >>> round(gru_layer(*[Tensor(v) for v in ([[[1.0]]], [[0.0]], [[1.0]] * 3, [[0.0]] * 3)]).item(), 4)
    0.2048
    """
    operands = _checked("gru_layer", 3, {"x": x, "h": h, "w": w, "v": v, "b": b, "d": d})
    return _gru(*operands, reverse=reverse)


@primitive(
    saves=("x", "h", "w", "v", "b", "d", "gates", "shares", "states"), residuals=("gates", "shares", "states")
)
@quiet
@adding
def _gru(xp: Any, x: Any, h: Any, w: Any, v: Any, b: Any, d: Any, *, reverse: bool) -> Any:
    return kernels.gru(xp, x, h, w, v, b, d, reverse=reverse)


@primitive(outputs=True, differentiable=False)
@quiet
@adding
def _gru_backward(
    xp: Any, g: Any, x: Any, h: Any, w: Any, v: Any, b: Any, d: Any, gates: Any, shares: Any, states: Any,
    *, reverse: bool,
) -> Any:  # fmt: skip
    return kernels.gru_backward(xp, g, x, h, w, v, b, d, gates, shares, states, reverse=reverse)


def _gru_definition(g: Any, *inputs: Any, reverse: bool) -> tuple[Any, ...]:
    """All cotangents by primitives: the steps once more, then back through each of them."""
    x, h, w, v, b, d = inputs
    dh = _mul(h, 0.0)
    sizes, steps, back, hidden = (h.shape[1],) * 3, [], [], []
    for share in _in_order(_linear(x, w, b), reverse):
        (r, z, n), (hr, hz, hn) = (_split(s, sizes=sizes, dim=1) for s in (share, _linear(h, v, d)))
        r, z = _sigmoid(_add(r, hr)), _sigmoid(_add(z, hz))
        n = _tanh(_add(n, _mul(r, hn)))
        steps.append((h, r, z, n, hn))
        h = _add(n, _mul(z, _sub(h, n)))
    for gy, (h, r, z, n, hn) in zip(_in_order(g, not reverse), reversed(steps), strict=True):
        dh = _add(dh, gy)
        dn = _tanh_backward(_mul(dh, _sub(1.0, z)), n)
        dr, dz = _sigmoid_backward(_mul(dn, hn), r), _sigmoid_backward(_mul(dh, _sub(h, n)), z)
        back.append(_cat(dr, dz, dn, dim=1))
        hidden.append(_cat(dr, dz, _mul(dn, r), dim=1))
        dh = _add(_mul(dh, z), _matmul(hidden[-1], v))
    gates, ways = (_stack(*(parts if reverse else parts[::-1]), dim=0) for parts in (back, hidden))
    states = _stack(*[step[0] for step in (steps[::-1] if reverse else steps)], dim=0)
    into_state = (_linear_w(gates, x), _linear_w(ways, states))
    return _matmul(gates, w), dh, *into_state, _sum_to(gates, shape=b.shape), _sum_to(ways, shape=d.shape)


def _gru_rule(i: int) -> Any:
    return lambda g, z, *inputs, reverse, **_: _gru_definition(g, *inputs, reverse=reverse)[i]


_gru.vjp(*map(_gru_rule, range(6)))
_gru.fast(
    lambda g, z, *inputs, need, reverse, gates, shares, states: _gru_backward(
        g, *inputs, gates, shares, states, reverse=reverse
    )
)
