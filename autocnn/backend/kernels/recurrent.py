"""All steps of a recurrent layer in one direction, forward and back.

States before, between and behind the steps stand in one array (T + 1, N, H): step t goes from row t to row t + 1,
or from t + 1 to t in reverse. The inputs of all steps are projected by one product ahead of them, and the
gradients of the weights summed by one product behind them.
"""

from __future__ import annotations

from typing import TypeAlias

from autocnn.backend.kernels.products import matmul as _slow
from autocnn.backend.kernels.serving import first
from autocnn.backend.onednn.matmul import matmul as _fast
from autocnn.types import Array, Namespace

Several: TypeAlias = tuple[Array, ...]

_matmul = first(_fast, _slow)


def lstm(
    xp: Namespace, x: Array, h: Array, c: Array, w: Array, v: Array, b: Array, *, reverse: bool
) -> tuple[Several, Several]:
    """x (T, N, I), h and c (N, H), w (4H, I), v (4H, H), b (4H,) -> all h and the last c; what the way back needs.

    That is the gates i, f, g, o side by side (T, N, 4H), and the states h and c.
    """
    steps, gates = len(x), _projected(xp, x, w, b)
    states, cells = _begun(xp, h, steps, reverse), _begun(xp, c, steps, reverse)
    i, f, g, o = _parts(gates, 4)
    for t in _order(steps, reverse):
        before, after = t + reverse, t + 1 - reverse
        gates[t] += _matmul(xp, states[before], v.T)
        candidate = xp.tanh(g[t])
        _squash(xp, gates[t])
        g[t] = candidate
        cells[after] = f[t] * cells[before] + i[t] * candidate
        states[after] = o[t] * xp.tanh(cells[after])
    y, later = _after(states, reverse), _last(cells, reverse)
    return (y, later.copy()), (gates, states, cells)


def lstm_backward(
    xp: Namespace, gy: Array, gc: Array, x: Array, h: Array, c: Array, w: Array, v: Array, b: Array,
    gates: Array, states: Array, cells: Array, *, reverse: bool,
) -> Several:  # fmt: skip
    """The cotangents of x, h, c, w, v and b, from those of all h and of the last c."""
    if gates.ndim < 3:  # kept by another kernel, in its own way
        _, (gates, states, cells) = lstm(xp, x, h, c, w, v, b, reverse=reverse)
    back = xp.empty_like(gates)
    i, f, g, o = _parts(gates, 4)
    di, df, dg, do = _parts(back, 4)
    dh, dc = xp.zeros_like(h), gc.copy()
    for t in _order(len(x), not reverse):
        before, after = t + reverse, t + 1 - reverse
        squashed = xp.tanh(cells[after])
        dh += gy[t]
        dc += dh * o[t] * (1 - squashed * squashed)
        back[t] = gates[t] * (1 - gates[t])
        di[t] *= dc * g[t]
        df[t] *= dc * cells[before]
        dg[t] = dc * i[t] * (1 - g[t] * g[t])
        do[t] *= dh * squashed
        dc *= f[t]
        dh = _matmul(xp, back[t], v)
    dx, dw, db = _through_projection(xp, back, x, w)
    return dx, dh, dc, dw, _of_weight(xp, back, _before(states, reverse)), db


def gru(
    xp: Namespace, x: Array, h: Array, w: Array, v: Array, b: Array, d: Array, *, reverse: bool
) -> tuple[Array, Several]:
    """x (T, N, I), h (N, H), w (3H, I), v (3H, H), b and d (3H,) -> all h; what the way back needs.

    That is the gates r, z, n side by side (T, N, 3H), the state's share of n (T, N, H), and the states.
    """
    steps, width, gates = len(x), h.shape[1], _projected(xp, x, w, b)
    states, shares = _begun(xp, h, steps, reverse), xp.empty((steps, *h.shape), dtype=h.dtype)
    r, z, n = _parts(gates, 3)
    for t in _order(steps, reverse):
        before, after = t + reverse, t + 1 - reverse
        share = _matmul(xp, states[before], v.T) + d
        gates[t, :, : 2 * width] += share[:, : 2 * width]
        _squash(xp, gates[t, :, : 2 * width])
        shares[t] = share[:, 2 * width :]
        n[t] = xp.tanh(n[t] + r[t] * shares[t])
        states[after] = n[t] + z[t] * (states[before] - n[t])
    return _after(states, reverse), (gates, shares, states)


def gru_backward(
    xp: Namespace, gy: Array, x: Array, h: Array, w: Array, v: Array, b: Array, d: Array,
    gates: Array, shares: Array, states: Array, *, reverse: bool,
) -> Several:  # fmt: skip
    """The cotangents of x, h, w, v, b and d, from those of all h."""
    if gates.ndim < 3:
        _, (gates, shares, states) = gru(xp, x, h, w, v, b, d, reverse=reverse)
    back, hidden = xp.empty_like(gates), xp.empty_like(gates)  # of the gates: the input's way, and the state's
    r, z, n = _parts(gates, 3)
    dr, dz, dn = _parts(back, 3)
    width, dh = h.shape[1], xp.zeros_like(h)
    for t in _order(len(x), not reverse):
        before = t + reverse
        dh += gy[t]
        dn[t] = dh * (1 - z[t]) * (1 - n[t] * n[t])
        dr[t] = dn[t] * shares[t] * r[t] * (1 - r[t])
        dz[t] = dh * (states[before] - n[t]) * z[t] * (1 - z[t])
        hidden[t] = back[t]
        hidden[t, :, 2 * width :] *= r[t]
        dh *= z[t]
        dh += _matmul(xp, hidden[t], v)
    dx, dw, db = _through_projection(xp, back, x, w)
    return dx, dh, dw, _of_weight(xp, hidden, _before(states, reverse)), db, xp.sum(hidden, axis=(0, 1))


def _order(steps: int, reverse: bool) -> range:
    return range(steps - 1, -1, -1) if reverse else range(steps)


def _begun(xp: Namespace, state: Array, steps: int, reverse: bool) -> Array:
    """Room for a state before, between and behind the steps, the first one filled in."""
    room = xp.empty((steps + 1, *state.shape), dtype=state.dtype)
    room[steps if reverse else 0] = state
    return room


def _before(states: Array, reverse: bool) -> Array:
    return states[1:] if reverse else states[:-1]


def _after(states: Array, reverse: bool) -> Array:
    return states[:-1] if reverse else states[1:]


def _last(states: Array, reverse: bool) -> Array:
    return states[0 if reverse else -1]


def _parts(gates: Array, count: int) -> list[Array]:
    """The gates (T, N, count H) one by one, as views."""
    width = gates.shape[-1] // count
    return [gates[..., i * width : (i + 1) * width] for i in range(count)]


def _squash(xp: Namespace, x: Array) -> None:
    """1 / (1 + e ** -x), in the memory of x."""
    xp.negative(x, out=x)
    xp.exp(x, out=x)
    x += 1
    xp.reciprocal(x, out=x)


def _rows(x: Array) -> Array:
    """(T, N, H) -> (T N, H)."""
    return x.reshape(x.shape[0] * x.shape[1], x.shape[2])


def _projected(xp: Namespace, x: Array, w: Array, b: Array) -> Array:
    """The input's share of the gates, at every step."""
    return _matmul(xp, _rows(x), w.T, b).reshape(*x.shape[:2], len(w))


def _through_projection(xp: Namespace, g: Array, x: Array, w: Array) -> Several:
    """The cotangents of x, w and the bias, from that of the input's share."""
    dx = _matmul(xp, _rows(g), w).reshape(x.shape)
    return dx, _of_weight(xp, g, x), xp.sum(g, axis=(0, 1))


def _of_weight(xp: Namespace, g: Array, x: Array) -> Array:
    return _matmul(xp, _rows(g).T, _rows(x))
