"""Laws that hold for all shapes and numbers: broadcasting, reductions, activations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autocnn as ac
from autocnn import ops
from autocnn.engine import Tensor, grad
from autocnn.errors import ShapeError

NUMBERS = st.floats(-8, 8, width=32).map(float)
ARRAYS = hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4), elements=NUMBERS)
PAIRS = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=3)
LISTS = st.lists(st.integers(0, 3), max_size=3).map(tuple)


def summed_to(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The adjoint of broadcasting, axis by axis."""
    while g.ndim > len(shape):
        g = g.sum(0)
    for axis, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis, keepdims=True)
    return g


@given(PAIRS, st.sampled_from(["add", "sub", "mul", "maximum", "hypot"]))
def test_operands_broadcast_and_their_gradients_sum(shapes, name):
    rng = np.random.default_rng(0)
    x, y = (rng.uniform(0.5, 2, s) for s in shapes.input_shapes)
    a, b = Tensor(x).requires_grad_(), Tensor(y).requires_grad_()
    z = getattr(ops, name)(a, b)
    full = [np.broadcast_to(v, shapes.result_shape).copy() for v in (x, y)]
    wide = [Tensor(v).requires_grad_() for v in full]
    expected = getattr(ops, name)(*wide)
    np.testing.assert_array_equal(z.array, expected.array)
    g = rng.standard_normal(z.shape)
    for part, whole in zip(grad(z, [a, b], Tensor(g)), grad(expected, wide, Tensor(g)), strict=True):
        np.testing.assert_allclose(part.array, summed_to(whole.array, part.shape), atol=1e-12)


@given(LISTS, LISTS)
def test_shapes_broadcast_as_numpy_says_or_raise(left, right):
    try:
        expected = np.broadcast_shapes(left, right)
    except ValueError:
        with pytest.raises(ShapeError, match=r"^mul: shapes .* and .* do not broadcast$"):
            ops.mul(np.ones(left), np.ones(right))
    else:
        assert ops.mul(np.ones(left), np.ones(right)).shape == expected


@given(ARRAYS, st.data())
def test_a_sum_is_the_sum_of_its_sums(x, data):
    axes = tuple(data.draw(st.sets(st.integers(0, max(x.ndim - 1, 0)), max_size=x.ndim))) if x.ndim else ()
    t = Tensor(x)
    whole = ops.sum(t).item()
    if axes:
        np.testing.assert_allclose(ops.sum(ops.sum(t, axes)).item(), whole, atol=1e-9)
        np.testing.assert_allclose(ops.sum(t, axes).array, x.sum(axes), atol=1e-12)
    np.testing.assert_allclose(ops.mean(t).item() * x.size, whole, atol=1e-9)


@given(ARRAYS.filter(lambda x: x.ndim), st.data())
def test_along_an_axis(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    t = Tensor(x)
    np.testing.assert_allclose(ops.softmax(t, axis).sum(axis).array, 1.0)
    np.testing.assert_allclose(ops.log_softmax(t + 3.0, axis).array, ops.log_softmax(t, axis).array, atol=1e-12)
    np.testing.assert_allclose(ops.logsumexp(t + 1e3, axis).array, ops.logsumexp(t, axis).array + 1e3)
    np.testing.assert_allclose(ops.cumsum(t, axis).array.take(-1, axis), x.sum(axis), atol=1e-12)
    values, indices = ops.max(t, axis)
    np.testing.assert_array_equal(values.array, ops.amax(t, axis).array)
    picked = np.take_along_axis(x, np.expand_dims(indices.array, axis), axis)
    np.testing.assert_array_equal(picked.squeeze(axis), values.array)
    np.testing.assert_allclose(
        ops.var(t, axis, correction=0).array, (x**2).mean(axis) - x.mean(axis) ** 2, atol=1e-9
    )


@given(ARRAYS)
def test_of_each_element(x):
    t = Tensor(x)
    np.testing.assert_allclose(ops.sigmoid(t).array + ops.sigmoid(-t).array, 1.0)
    np.testing.assert_allclose(ops.tanh(t).array, 2 * ops.sigmoid(2 * t).array - 1, atol=1e-12)
    np.testing.assert_allclose(ops.erf(t).array + ops.erfc(t).array, 1.0)
    np.testing.assert_array_equal(ops.relu(t).array - ops.relu(-t).array, x)
    np.testing.assert_array_equal(ops.clamp(ops.clamp(t, -1, 1), -1, 1).array, ops.clamp(t, -1, 1).array)
    np.testing.assert_array_equal(ops.maximum(t, 0.5).array + ops.minimum(t, 0.5).array, x + 0.5)
    np.testing.assert_allclose((ops.trunc(t) + ops.frac(t)).array, x)
    np.testing.assert_allclose(ops.softplus(t).array - ops.softplus(-t).array, x, atol=1e-8)


@given(ARRAYS, st.sampled_from([1, 1.5, 2, 3, np.inf]), NUMBERS)
def test_norms(x, p, factor):
    t = Tensor(x)
    norm = ops.vector_norm(t, p).item()
    assert norm >= 0
    np.testing.assert_allclose(ops.vector_norm(t * factor, p).item(), abs(factor) * norm, rtol=1e-9, atol=1e-12)
    assert ops.vector_norm(t + t.flip(*range(x.ndim)), p).item() <= 2 * norm * (1 + 1e-12)


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(2, 4)), elements=NUMBERS), st.data())
def test_cross_entropy_is_its_parts(x, data):
    target = np.array(data.draw(st.lists(st.integers(0, x.shape[1] - 1), min_size=len(x), max_size=len(x))))
    fused = ops.cross_entropy(x, target).item()
    np.testing.assert_allclose(fused, ops.nll_loss(ops.log_softmax(x, 1), target).item(), atol=1e-12)
    hot = np.eye(x.shape[1])[target]
    np.testing.assert_allclose(fused, ops.cross_entropy(x, hot).item(), atol=1e-12)
    leaf = ac.tensor(x, requires_grad=True)
    ops.cross_entropy(leaf, target).backward()
    np.testing.assert_allclose(leaf.grad.sum(1).array, 0.0, atol=1e-12)
