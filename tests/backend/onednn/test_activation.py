"""Activations through oneDNN against their NumPy twins, in single and in double precision."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend import kernels
from autocnn.backend.kernels import rectifiers, smooth
from autocnn.backend.onednn import activation

CASES = {
    "sigmoid": (smooth, {}),
    "sigmoid_backward": (smooth, {}),
    "silu": (smooth, {}),
    "silu_backward": (smooth, {}),
    "gelu": (smooth, {}),
    "gelu_backward": (smooth, {}),
    "gelu_tanh": (smooth, {}),
    "gelu_tanh_backward": (smooth, {}),
    "softplus_backward": (smooth, {"beta": 1.0, "threshold": 20.0}),
    "softplus_backward steep": (smooth, {"beta": 2.5, "threshold": 17.5}),
    "leaky_relu": (rectifiers, {"slope": 0.01}),
    "leaky_relu steep": (rectifiers, {"slope": 1.7}),
    "leaky_relu rising": (rectifiers, {"slope": -0.3}),
    "leaky_relu_backward": (rectifiers, {"slope": 0.01}),
    "leaky_relu_backward flat": (rectifiers, {"slope": 0.0}),
    "leaky_relu_backward rising": (rectifiers, {"slope": -0.3}),
    "hardswish": (rectifiers, {}),
    "hardswish_backward": (rectifiers, {}),
    "hardtanh_backward": (rectifiers, {"low": 0.0, "high": 6.0}),
    "clamp_backward": (rectifiers, {"low": -0.5, "high": 6.0}),
    "clamp_backward equal": (rectifiers, {"low": 3.0, "high": 3.0}),
    "clamp_backward from 0": (rectifiers, {"low": 0.0, "high": None}),
    "elu": (rectifiers, {"alpha": 1.0, "scale": 1.0, "rate": 1.0}),
    "elu scaled": (rectifiers, {"alpha": 1.7, "scale": 1.1, "rate": 1.0}),
    "elu_backward": (rectifiers, {"alpha": 1.0, "scale": 1.0, "rate": 1.0}),
    "elu_backward scaled": (rectifiers, {"alpha": 1.7, "scale": 1.1, "rate": 1.0}),
}
KINKS = [0.0, -0.0, -3.0, 3.0, 6.0, -0.5, 20.0, 17.5, 7.0]
FAR = [1e-45, -1e-45, 1e-39, -1e-39, 1e-20, -1e-20, 1e4, -1e4, 1e10, -1e10]
ENDLESS = [np.nan, np.inf, -np.inf, 3e38, -3e38, 1e13, -1e13, 1e25, -1e25]


def functions(name):
    """The quick kernel, its twin, and the kernel that chooses, each with the case's parameters."""
    twins, params = CASES[name]
    name = name.split()[0]
    return [lambda *a, f=f: f(*a, **params) for f in (getattr(m, name) for m in (activation, twins, kernels))]


def operands(name, x, g):
    """What a kernel takes: x, the cotangent and x, or the cotangent and the value."""
    if "backward" not in name:
        return (x,)
    return (g, 1 / (1 + np.exp(-x))) if "sigmoid" in name else (g, x)


def same(mine, expected, *given):
    """Equal to 4e-7 of the largest of what was given, and NaN and infinite where that is."""
    largest = np.max([np.ones_like(expected), *(np.abs(a).astype(np.float64) for a in given)], axis=0)
    np.testing.assert_allclose(mine / largest, expected / largest, rtol=0, atol=4e-7)


@pytest.mark.parametrize("layout", ["channels_last", "c_order", "transposed"])
@pytest.mark.parametrize("name", CASES)
def test_values(name, layout, draw):
    quick, twin, _ = functions(name)
    last = layout == "channels_last"
    x, g = 4 * draw(8, 16, 12, 11, last=last), draw(8, 16, 12, 11, last=last)
    x.reshape(-1)[: len(KINKS)] = KINKS
    x, g = (x.T, g.T) if layout == "transposed" else (x, g)
    given = operands(name, x, g)
    z = quick(*given)
    assert z is not None, "oneDNN did not serve"
    assert z.strides == x.strides
    same(z, twin(np, *[a.astype(np.float64) for a in given]), *given)


@pytest.mark.parametrize("name", CASES)
def test_the_whole_range(name):
    quick, twin, _ = functions(name)
    x = np.concatenate([np.linspace(-100, 100, 30_000), KINKS, FAR]).astype(np.float32)
    with np.errstate(all="ignore"):
        given = operands(name, x, np.ones_like(x))
        expected = twin(np, *[a.astype(np.float64) for a in given])
        same(quick(*given), expected, x)
        same(twin(np, *given), expected, x)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("value", ENDLESS)
def test_what_is_not_finite_is_as_numpy_has_it(name, value):
    _, twin, chosen = functions(name)
    x = np.linspace(-5, 5, activation.FEW, dtype=np.float32)
    x[7] = value
    with np.errstate(all="ignore"):
        given = operands(name, x, np.ones_like(x))
        mine, expected = chosen(np, *given), twin(np, *given)
    np.testing.assert_allclose(mine, expected, rtol=4e-7, atol=2e-6)


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_served(name, draw):
    quick, twin, chosen = functions(name)
    x = draw(16, 32, 64, last=False)
    for other in (x[:1, :1], x[:, ::2], x.astype(np.float64), np.broadcast_to(x[:1], x.shape), np.float32(0.3)):
        given = operands(name, other, other)
        assert quick(*given) is None
        same(chosen(np, *given), twin(np, *given))


def test_parameters_that_are_not_served(draw):
    x = draw(16, 32, 64)
    assert activation.leaky_relu(x, slope=0.0) is None, "the library makes 0 of NaN"
    assert activation.softplus_backward(x, x, beta=1.0, threshold=5.0) is None
    assert activation.softplus_backward(x, x, beta=-1.0, threshold=20.0) is None
    assert activation.elu(x, alpha=1.0, scale=1.0, rate=0.5) is None
    for low, high in ((None, 1.0), (-np.inf, 1.0), (2.0, 1.0), (np.nan, 1.0), (0.0, np.nan)):
        assert activation.clamp_backward(x, x, low=low, high=high) is None
    assert activation.hardtanh_backward(x, x, low=1.0, high=1.0) is None
