"""Mean-field theory against SciPy's quadrature, closed forms, and wide networks drawn at random."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from autocnn import nn
from autocnn.errors import ArgumentError
from autocnn.flow.theory import (
    chi,
    critical,
    critical_weight,
    depth_scale,
    fixed_point,
    moments,
    next_variance,
    profile,
)


def phi(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2


@pytest.mark.parametrize("q", [1e-8, 0.3, 1.0, 40.0, 1e6])
@pytest.mark.parametrize("mean", [0.0, 0.7, -2.0])
def test_rectifiers_have_closed_forms(q: float, mean: float) -> None:
    d = math.sqrt(q)
    a = mean / d
    density = math.exp(-(a**2) / 2) / math.sqrt(2 * math.pi)
    found = moments("relu", q, mean)
    assert found.mean == pytest.approx(mean * phi(a) + d * density, rel=1e-11, abs=1e-14)
    assert found.second == pytest.approx((mean**2 + q) * phi(a) + mean * d * density, rel=1e-11, abs=1e-14)
    assert found.slope == found.tilt == pytest.approx(phi(a), rel=1e-12, abs=1e-14)
    leaky = moments(nn.LeakyReLU(0.2), q)
    assert leaky.second == pytest.approx(q * (1 + 0.2**2) / 2, rel=1e-12)
    assert leaky.slope == pytest.approx((1 + 0.2**2) / 2, rel=1e-12)
    linear = moments("linear", q, mean)
    assert (linear.mean, linear.second, linear.slope) == pytest.approx((mean, mean**2 + q, 1.0), rel=1e-12)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "silu", "elu", "hardtanh", "relu6", "softplus", "hardswish"])
@pytest.mark.parametrize(("q", "mean"), [(0.04, 0.0), (1.0, 0.5), (25.0, 0.0), (900.0, -3.0)])
def test_moments_are_those_of_scipy(name: str, q: float, mean: float) -> None:
    integrate = pytest.importorskip("scipy.integrate")
    functions = {
        "tanh": math.tanh,
        "sigmoid": lambda x: 0.5 * (1 + math.tanh(x / 2)),
        "silu": lambda x: x * 0.5 * (1 + math.tanh(x / 2)),
        "elu": lambda x: x if x > 0 else math.expm1(x),
        "hardtanh": lambda x: min(max(x, -1.0), 1.0),
        "relu6": lambda x: min(max(x, 0.0), 6.0),
        "softplus": lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
        "hardswish": lambda x: x * min(max(x + 3, 0.0), 6.0) / 6,
    }
    f, d = functions[name], math.sqrt(q)
    places = sorted({z for z in ((k - mean) / d for k in (-6, -3, -1, 0, 1, 3, 6)) if abs(z) < 12} | {-12.0, 12.0})
    found = moments(name, q, mean)
    for power, value in ((1, found.mean), (2, found.second)):

        def density(z: float, power: int = power) -> float:
            return f(mean + d * z) ** power * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

        expected = sum(
            integrate.quad(density, low, high, epsabs=1e-13, epsrel=1e-12, limit=400)[0]
            for low, high in itertools.pairwise(places)
        )
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-10)


def test_moments_of_arrays_are_those_of_numbers() -> None:
    q, mean = np.array([[0.1, 1.0], [4.0, 1.0]]), np.array([[0.0, 0.5], [1.0, 0.5]])
    found = moments("tanh", q, mean)
    for place in np.ndindex(2, 2):
        alone = moments("tanh", q[place], mean[place])
        assert found.second[place] == alone.second
        assert found.slope[place] == alone.slope
    assert moments("tanh", 0.0, 0.3).mean == pytest.approx(math.tanh(0.3), rel=1e-13)


def test_fixed_points_and_phases_of_tanh() -> None:
    for weight, bias in ((2.25, 0.0), (4.0, 0.3), (0.5, 0.1), (1.76, 0.05)):
        q = fixed_point("tanh", weight, bias)
        assert next_variance("tanh", q, weight, bias) == pytest.approx(q, rel=1e-12)
        along = profile("tanh", 400, weight, bias)
        assert along.variance[-1] == pytest.approx(q, rel=1e-9)
    assert fixed_point("tanh", 1.0) == fixed_point("tanh", 0.3) == 0.0
    assert chi("tanh", 0.0, 0.3) == pytest.approx(0.3, rel=1e-12)  # ordered: gradients vanish
    assert chi("tanh", fixed_point("tanh", 4.0), 4.0) > 1  # chaotic: they explode
    assert fixed_point("relu", 2.0, start=7.0) == 7.0
    assert fixed_point("relu", 2.1) == math.inf
    assert fixed_point("relu", 1.0, 0.5) == pytest.approx(1.0, rel=1e-12)  # q = q / 2 + 1 / 2


def test_the_critical_line() -> None:
    assert critical_weight("tanh", 0.0) == pytest.approx(1.0, abs=1e-9)
    for bias in (0.01, 0.05, 0.5):
        weight = critical_weight("tanh", bias)
        assert chi("tanh", fixed_point("tanh", weight, bias), weight) == pytest.approx(1.0, abs=1e-9)
    weight, bias = critical("tanh", 0.2)
    assert critical_weight("tanh", bias) == pytest.approx(weight, rel=1e-9)
    assert round(critical_weight("tanh", 0.05), 2) == 1.76  # as the papers have it
    assert critical("relu", 3.0) == pytest.approx((2.0, 0.0), abs=1e-11)  # He et al.'s


def test_far_from_the_line_the_decay_is_exponential() -> None:
    for weight, bias in ((0.9, 0.1), (3.0, 0.1)):
        factor = chi("tanh", fixed_point("tanh", weight, bias), weight)
        g = profile("tanh", 300, weight, bias).gradient
        assert g[100] / g[200] == pytest.approx(factor**100, rel=1e-6)
        assert depth_scale(factor) == pytest.approx(100 / abs(math.log(g[100] / g[200])), rel=1e-6)


def test_on_the_critical_point_the_decay_is_a_power() -> None:
    """q ~ 1 / (2 l), and the gradient's mean square at layer l over that at L ~ l / L."""
    found = profile("tanh", 4000, 1.0)
    assert found.variance[-1] * 2 * 4000 == pytest.approx(1.0, abs=0.01)
    slope = math.log(found.gradient[3999 // 2] / found.gradient[999 // 2]) / math.log(1999 / 499)
    assert slope == pytest.approx(1.0, abs=0.01)
    other = profile("tanh", 4000, critical_weight("tanh", 0.05), 0.05)  # elsewhere on the line it holds
    assert other.gradient[100] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(("weight", "bias"), [(1.0, 0.0), (2.5, 0.2), (0.6, 0.05)])
def test_wide_networks_keep_to_it(weight: float, bias: float, rng: np.random.Generator) -> None:
    """Depth 12, width 1000, 8 draws: within four standard errors; a mean square has sqrt(2 L / n) or less."""
    depth, width, draws = 12, 1000, 8
    expected = profile("tanh", depth, weight, bias)
    variance, gradient = [], []
    for _ in range(draws):
        hs = [rng.standard_normal(width)]
        ws = [rng.standard_normal((width, width)) * math.sqrt(weight / width) for _ in range(depth - 1)]
        for w in ws:
            hs.append(w @ np.tanh(hs[-1]) + math.sqrt(bias) * rng.standard_normal(width))
        g = rng.standard_normal(width)
        sizes = [float(g @ g)]
        for w, h in zip(reversed(ws), reversed(hs[:-1]), strict=True):
            g = (1 - np.tanh(h) ** 2) * (w.T @ g)
            sizes.append(float(g @ g))
        variance.append(float(hs[-1] @ hs[-1]) / width)
        gradient.append(sizes[-1] / sizes[0])
    error = 4 * math.sqrt(2 * depth / width / draws)
    assert np.mean(variance) == pytest.approx(expected.variance[-1], rel=error)
    assert np.mean(gradient) == pytest.approx(expected.gradient[0], rel=error)


@pytest.mark.parametrize(
    ("act", "text"),
    [
        (lambda: moments("tanh", -1.0), "moments: variance is -1.0; it is at least 0"),
        (
            lambda: moments("tang", 1.0),
            "moments: activation is 'tang'; a function of nn.functional, or 'linear'",
        ),
        (
            lambda: fixed_point("tanh", -1.0),
            "fixed_point: weight is -1.0 and bias 0.0; variances are at least 0",
        ),
        (lambda: profile("tanh", 0, 1.0), "profile: depth is 0; it is at least 1"),
    ],
)
def test_errors_say_what_is_wrong(act: object, text: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        act()  # type: ignore[operator]
    assert str(caught.value) == text
