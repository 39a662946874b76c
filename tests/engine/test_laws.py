"""Laws for any shapes and numbers: broadcasting, sums, the chain rule, the adjoints of convolution."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from autocnn import func, ops
from autocnn.autograd import grad
from autocnn.engine import Tensor
from autocnn.testing import gradcheck, gradgradcheck

sizes = st.integers(0, 3)
shapes = st.lists(sizes, max_size=3).map(tuple)
FEW = settings(max_examples=60)


@st.composite
def pairs(draw: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast."""
    whole = draw(shapes)
    ones = [draw(st.lists(st.booleans(), min_size=len(whole), max_size=len(whole))) for _ in range(2)]
    cuts = [draw(st.integers(0, len(whole))) for _ in range(2)]
    a, b = (
        tuple(1 if one else n for n, one in zip(whole, flags, strict=True))[cut:]
        for flags, cut in zip(ones, cuts, strict=True)
    )
    return a, b


def numbers(shape: tuple[int, ...], seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).uniform(0.5, 2.0, shape)


@FEW
@given(pairs())
def test_broadcasting_is_numpys_and_its_gradients_have_the_operands_shapes(both: Any) -> None:
    a, b = numbers(both[0]), numbers(both[1], 1)
    for ours, theirs in (
        (ops.add, np.add),
        (ops.mul, np.multiply),
        (ops.div, np.divide),
        (ops.maximum, np.maximum),
    ):
        x, y = Tensor(a).requires_grad_(), Tensor(b).requires_grad_()
        z = ours(x, y)
        np.testing.assert_array_equal(z.array, theirs(a, b))
        gx, gy = grad(z, [x, y], Tensor(np.ones(z.shape)))
        assert (gx.shape, gy.shape) == (a.shape, b.shape)


@settings(max_examples=25)
@given(pairs())
def test_broadcast_products_have_right_derivatives(both: Any) -> None:
    a, b = numbers(both[0]), numbers(both[1], 1)
    gradcheck(lambda x, y: x * y / (x + y), [a, b], mode="fast")
    gradgradcheck(lambda x, y: x * y, [a, b], mode="fast")


@FEW
@given(shapes, st.data())
def test_a_sum_in_two_steps_is_a_sum_in_one(shape: tuple[int, ...], data: Any) -> None:
    axes = data.draw(st.lists(st.sampled_from(range(len(shape))), unique=True)) if shape else []
    x = Tensor(numbers(shape))
    once = x.sum(tuple(axes), keepdim=True) if axes else x
    np.testing.assert_allclose(once.sum().item(), x.sum().item(), rtol=1e-12)
    np.testing.assert_array_equal(once.array, x.array.sum(tuple(axes), keepdims=True))


@FEW
@given(st.floats(-2.0, 2.0), st.floats(0.1, 2.0))
def test_the_chain_rule(x: float, scale: float) -> None:
    inner, outer = (lambda v: (v * scale).sin()), (lambda v: v.tanh() + v * v)
    at = Tensor(np.array(x))
    whole = func.grad(lambda v: outer(inner(v)))(at).item()
    np.testing.assert_allclose(whole, func.grad(outer)(inner(at)).item() * func.grad(inner)(at).item(), atol=1e-12)


@st.composite
def windows(draw: Any) -> dict[str, Any]:
    """A convolution in one to three dimensions that fits."""
    ndim = draw(st.integers(1, 3))
    each = lambda strategy: tuple(draw(st.lists(strategy, min_size=ndim, max_size=ndim)))  # noqa: E731
    kernel, stride, dilation, padding = (each(st.integers(low, 2)) for low in (1, 1, 1, 0))
    groups = draw(st.integers(1, 2))
    least = [max(d * (k - 1) + 1 - 2 * p, 1) for k, d, p in zip(kernel, dilation, padding, strict=True)]
    space = tuple(n + draw(st.integers(0, 2)) for n in least)
    x = (draw(st.integers(1, 2)), groups * draw(st.integers(1, 2)), *space)
    w = (groups * draw(st.integers(1, 2)), x[1] // groups, *kernel)
    return {"x": x, "w": w, "how": {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}}


@settings(max_examples=40)
@given(windows())
def test_the_convolution_trio_is_adjoint(window: Any) -> None:
    """<conv(x, w), g> = <x, conv_input(g, w)> = <w, conv_weight(g, x)>; conv_transpose is conv_input."""
    x, w = (Tensor(numbers(window[k], seed)).requires_grad_() for seed, k in enumerate("xw"))
    ndim, how = len(window["x"]) - 2, window["how"]
    z = getattr(ops, f"conv{ndim}d")(x, w, None, **how)
    g = Tensor(numbers(z.shape, 2))
    gx, gw = grad(z, [x, w], g)
    total = np.sum(z.array * g.array)
    np.testing.assert_allclose(np.sum(x.array * gx.array), total, rtol=1e-11)
    np.testing.assert_allclose(np.sum(w.array * gw.array), total, rtol=1e-11)
    strides = zip(
        window["x"][2:],
        z.shape[2:],
        window["w"][2:],
        *[how[k] for k in ("stride", "padding", "dilation")],
        strict=True,
    )
    extra = tuple(n - ((o - 1) * s - 2 * p + d * (k - 1) + 1) for n, o, k, s, p, d in strides)
    if all(e < max(s, d) for e, s, d in zip(extra, how["stride"], how["dilation"], strict=True)):
        back = getattr(ops, f"conv_transpose{ndim}d")(g, w.detach(), None, output_padding=extra, **how)
        np.testing.assert_allclose(back.array, gx.array, rtol=1e-11, atol=1e-11)


@settings(max_examples=10)
@given(windows())
def test_the_convolution_trio_has_right_second_derivatives(window: Any) -> None:
    conv = getattr(ops, f"conv{len(window['x']) - 2}d")
    x, w = numbers(window["x"]), numbers(window["w"], 1)
    gradgradcheck(lambda x, w: conv(x, w, None, **window["how"]), [x, w], mode="fast")
