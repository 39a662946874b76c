"""The arc-cosine kernels against integrals, their limits, and wide networks drawn at random."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from autocnn.errors import ArgumentError
from autocnn.flow.theory import relu_correlation, relu_slopes

RHOS = (-0.99, -0.5, 0.0, 0.3, 0.9, 0.9999)


def integral(f: object, rho: float) -> float:
    """E f(u) f(v) over a pair of correlation rho, where f is homogeneous: an integral over the angle alone."""
    between = math.acos(rho)
    turns = [math.remainder(k + a, 2 * math.pi) for k in (-math.pi / 2, math.pi / 2) for a in (0.0, between)]
    nodes, weights = np.polynomial.legendre.leggauss(40)
    total = 0.0
    for low, high in itertools.pairwise(sorted([-math.pi, *turns, math.pi])):
        if high > low:
            angle = (low + high) / 2 + (high - low) / 2 * nodes
            total += (high - low) / 2 * float((weights * f(np.cos(angle)) * f(np.cos(angle - between))).sum())  # type: ignore[operator]
    return total / (2 * math.pi)


@pytest.mark.parametrize("slope", [0.0, 0.25, -1.0, 1.0])
@pytest.mark.parametrize("rho", RHOS)
def test_kernels_are_their_integrals(rho: float, slope: float) -> None:
    def value(x: np.ndarray) -> np.ndarray:
        return np.where(x > 0, x, slope * x)

    def gate(x: np.ndarray) -> np.ndarray:
        return np.where(x > 0, 1.0, slope)

    half = (1 + slope**2) / 2
    # E r^2 = 2 for the radius of a pair of independent normals, which the integral over the angle leaves out
    assert relu_correlation(rho, slope) == pytest.approx(2 * integral(value, rho) / half, abs=1e-12)
    assert relu_slopes(rho, slope) == pytest.approx(integral(gate, rho) / half, abs=1e-12)


def test_the_second_is_the_derivative_of_the_first() -> None:
    for rho in RHOS[:-1]:
        step = 1e-6
        difference = (relu_correlation(rho + step) - relu_correlation(rho - step)) / (2 * step)
        assert relu_slopes(rho) == pytest.approx(difference, rel=1e-6, abs=1e-8)


def test_arrays_and_numbers_are_the_same() -> None:
    grid = np.linspace(-1, 1, 12).reshape(3, 4)
    for kernel in (relu_correlation, relu_slopes):
        assert kernel(grid).tolist() == [[kernel(float(rho)) for rho in row] for row in grid]
        assert isinstance(kernel(0.5), float)
        assert kernel(1 + 1e-9) == 1.0


def test_a_wide_network_keeps_to_the_recursion(rng: np.random.Generator) -> None:
    """Depth 6, width 2000: the correlation and the product of gates, each within four standard errors."""
    width, depth = 2000, 6
    x = np.stack([rng.standard_normal(width), rng.standard_normal(width)])
    x[1] = 0.2 * x[0] + math.sqrt(1 - 0.2**2) * x[1]
    rho = float(x[0] @ x[1] / math.sqrt((x[0] @ x[0]) * (x[1] @ x[1])))
    weights = [rng.standard_normal((width, width)) * math.sqrt(2 / width) for _ in range(depth)]
    gates, expected = [], 1.0
    for w in weights:
        h = x @ w
        expected *= relu_slopes(rho)
        rho = relu_correlation(rho)
        gates.append(h > 0)
        x = np.maximum(h, 0)
    assert float(x[0] @ x[1] / math.sqrt((x[0] @ x[0]) * (x[1] @ x[1]))) == pytest.approx(
        rho, abs=4 * math.sqrt(depth / width)
    )
    g = np.tile(rng.standard_normal(width), (2, 1))
    for w, gate in zip(reversed(weights), reversed(gates), strict=True):
        g = (g * gate) @ w.T
    alike = float(g[0] @ g[1] / math.sqrt((g[0] @ g[0]) * (g[1] @ g[1])))
    assert alike == pytest.approx(expected, abs=4 * math.sqrt(depth / width))


def test_what_is_no_correlation_is_refused() -> None:
    with pytest.raises(ArgumentError) as caught:
        relu_correlation(1.5)
    assert str(caught.value) == "relu_correlation: rho is 1.5; a correlation is between -1 and 1"
    with pytest.raises(ArgumentError):
        relu_slopes(math.nan)
