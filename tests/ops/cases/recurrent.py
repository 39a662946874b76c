"""Recurrent layers: all steps of one layer in one direction."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.case import Case, normal
from tests.ops.cases.elementwise import Row


def squashed(x: Any) -> Any:
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def lstm(reverse: bool) -> Any:
    def run(*given: Any) -> Any:
        x, h, c, w, v, b = given
        y = np.zeros((len(x), *h.shape), np.result_type(*given))
        for t in sorted(range(len(x)), reverse=reverse):
            i, f, g, o = np.split(x[t] @ w.T + h @ v.T + b, 4, axis=1)
            c = squashed(f) * c + squashed(i) * np.tanh(g)
            y[t] = h = squashed(o) * np.tanh(c)
        return y, c

    return run


def gru(reverse: bool) -> Any:
    def run(*given: Any) -> Any:
        x, h, w, v, b, d = given
        y = np.zeros((len(x), *h.shape), np.result_type(*given))
        for t in sorted(range(len(x)), reverse=reverse):
            (r, z, n), (hr, hz, hn) = np.split(x[t] @ w.T + b, 3, axis=1), np.split(h @ v.T + d, 3, axis=1)
            r, z = squashed(r + hr), squashed(z + hz)
            n = np.tanh(n + r * hn)
            y[t] = h = (1 - z) * n + z * h
        return y

    return run


def back(run: Any, outputs: int) -> Any:
    """The derivatives of a run along cotangents of its outputs, by imaginary steps, which lose no digits."""

    def each(*arrays: Any) -> Any:
        cotangents, inputs = arrays[:outputs], arrays[outputs : outputs + 6]

        def along(k: int, where: Any) -> Any:
            moved = inputs[k].astype(complex)
            moved[where] += 1e-30j
            made = run(*inputs[:k], moved, *inputs[k + 1 :])
            parts = zip(cotangents, made if outputs > 1 else (made,), strict=True)
            return sum(np.sum(g * z.imag) for g, z in parts) / 1e-30

        return tuple(
            np.array([along(k, where) for where in np.ndindex(x.shape)]).reshape(x.shape)
            for k, x in enumerate(inputs)
        )

    return each


LONG = (normal(3, 2, 4), normal(2, 3), normal(2, 3), normal(12, 4), normal(12, 3), normal(12))
GATED = (normal(3, 2, 4), normal(2, 3), normal(9, 4), normal(9, 3), normal(9), normal(9))
AFTER = normal(3, 2, 3), normal(2, 3)
NONE = (normal(1), normal(1), normal(1))
"""Nothing that the way there kept, for a kernel that goes it once more."""
WAYS: tuple[dict[str, Any], ...] = ({"reverse": False}, {"reverse": True})

ROWS: dict[str, Row] = {
    "lstm": tuple(Case(lstm(**way), LONG, way) for way in WAYS),
    "lstm_backward": tuple(Case(back(lstm(**way), 2), (*AFTER, *LONG, *NONE), way) for way in WAYS),
    "gru": tuple(Case(gru(**way), GATED, way) for way in WAYS),
    "gru_backward": tuple(Case(back(gru(**way), 1), (*AFTER[:1], *GATED, *NONE), way) for way in WAYS),
}
