"""NumPy code, unchanged, differentiated: its functions work on tensors, and are recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

import autocnn as ac
from autocnn import graph


def two_layers(x: Any, w1: Any, w2: Any) -> Any:
    """A network that was written for NumPy arrays and has never heard of this library."""
    hidden = np.maximum(x @ w1, 0)
    logits = hidden @ w2
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    log_softmax = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(log_softmax[:, 0])


def main(seed: int = 0) -> float:
    """The same function on arrays and on tensors; returns the largest error of a gradient."""
    rng = np.random.default_rng(seed)
    x, w1, w2 = (rng.standard_normal(shape) for shape in ((4, 6), (6, 5), (5, 3)))
    plain = two_layers(x, w1, w2)
    print(f"on arrays:  {plain:.12f}  ({type(plain).__name__})")

    weights = [ac.tensor(w, requires_grad=True) for w in (w1, w2)]
    traced = two_layers(x, *weights)
    print(f"on tensors: {float(traced):.12f}  ({type(traced).__name__})")
    print("what was recorded:")
    print(graph.listing(graph.graph_of(traced, parameters={"w1": weights[0], "w2": weights[1]})))

    by_w1, by_w2 = ac.autograd.grad(traced, weights)
    step, measured = 1e-6, np.zeros_like(w1)
    for place in np.ndindex(w1.shape):
        bump = np.zeros_like(w1)
        bump[place] = step
        measured[place] = (two_layers(x, w1 + bump, w2) - two_layers(x, w1 - bump, w2)) / (2 * step)
    error = float(np.max(np.abs(by_w1.numpy() - measured)))
    print(f"gradients {by_w1.shape} and {by_w2.shape}; farthest from finite differences: {error:.1e}")
    return error


if __name__ == "__main__":
    main()
