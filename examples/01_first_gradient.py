"""A first gradient: a small formula, its compute graph, and its slopes, against slopes measured by hand."""

from __future__ import annotations

import math

import autocnn as ac
from autocnn import graph


def formula(a: float, b: float) -> float:
    """The same formula on plain numbers."""
    return math.tanh(a * b) + a


def main(a: float = 2.0, b: float = -0.5, step: float = 1e-5) -> tuple[float, float]:
    """Print value, graph and gradient; returns the gradient."""
    x = ac.tensor(a, dtype=ac.float64, requires_grad=True)
    y = ac.tensor(b, dtype=ac.float64, requires_grad=True)
    z = ac.tanh(x * y) + x

    print("value   ", z)
    print("the graph that made it:")
    print(graph.listing(graph.graph_of(z, parameters={"a": x, "b": y})))

    z.backward()  # one sweep from z back to the leaves
    slopes = float(x.grad), float(y.grad)
    measured = (
        (formula(a + step, b) - formula(a - step, b)) / (2 * step),
        (formula(a, b + step) - formula(a, b - step)) / (2 * step),
    )
    for name, slope, check in zip("ab", slopes, measured, strict=True):
        print(f"dz/d{name} = {slope:+.9f}   measured {check:+.9f}")
    return slopes


if __name__ == "__main__":
    main()
