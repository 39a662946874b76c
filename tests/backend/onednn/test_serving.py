"""What ops get: oneDNN where it serves, the NumPy kernels elsewhere, and the same derivatives of every order."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import nn, ops
from autocnn.autograd import grad
from autocnn.backend import kernels, onednn
from autocnn.backend.kernels.serving import first
from autocnn.backend.onednn import execute
from autocnn.backend.onednn.library import Unserved
from autocnn.engine import Tensor


def network():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Tanh(), nn.MaxPool2d(2), nn.Conv2d(8, 6, 3, stride=2),
        nn.AvgPool2d(2), nn.Flatten(), nn.LayerNorm(6), nn.Linear(6, 4), nn.Softmax(1),
    )  # fmt: skip


def both(model, x, target):
    """The loss, its gradient, and the gradient of that gradient's square."""
    loss = ops.sum(ops.square(ops.sub(model(x), target)))
    parameters = list(model.parameters())
    first_order = grad(loss, parameters, create_graph=True)
    penalty = ops.sum(ops.cat([ops.reshape(ops.square(g), (-1,)) for g in first_order]))
    return loss, first_order, grad(penalty, parameters, allow_unused=True)


def test_a_network_has_the_same_derivatives_with_and_without(draw):
    model, x, target = network(), Tensor(draw(4, 3, 14, 14)), Tensor(draw(4, 4))
    onednn.forget()
    loss, once, twice = both(model, x, target)
    assert execute._here.shelves, "oneDNN was never asked"
    with onednn.disabled():
        expected, slow_once, slow_twice = both(model, x, target)
    np.testing.assert_allclose(loss.array, expected.array, rtol=1e-5)
    for fast, slow in ((once, slow_once), (twice, slow_twice)):
        assert [g is None for g in fast] == [g is None for g in slow]
        pairs = [(mine.array, other.array) for mine, other in zip(fast, slow, strict=True) if other is not None]
        scale = max(
            float(np.abs(other).max()) for _, other in pairs
        )  # a bias before batch norm has none but noise
        for mine, other in pairs:
            np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-5 * scale)


def test_plain_backward_uses_it_too(draw):
    model, x = network(), Tensor(draw(4, 3, 14, 14))
    ops.sum(ops.square(model(x))).backward()
    kinds = {key[0] for shelf in execute._here.shelves.values() for key in shelf}
    wanted = {"conv", "conv_input", "conv_weight", "max_pool", "max_scatter", "average", "average_spread"}
    wanted |= {"batch_norm", "batch_norm_backward", "standardize", "standardize_backward", "softmax", "matmul"}
    assert wanted <= kinds


@pytest.mark.without_library
def test_a_failure_on_the_way_is_no_failure():
    def fails(x):
        raise Unserved("primitive_execute: runtime error")

    assert first(fails, lambda xp, x: xp.add(x, x))(np, np.ones(2)).tolist() == [2.0, 2.0]


@pytest.mark.without_library
def test_other_namespaces_are_not_offered_to_it():
    class Other:
        pass

    asked = []
    kernel = first(lambda x: asked.append(x), lambda xp, x: "slow")
    assert kernel(Other, 1) == "slow"
    assert not asked


def test_empty_batches_take_the_other_way(draw):
    x, w = draw(2, 3, 8, 8)[:0], draw(4, 3, 3, 3)
    how = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
    assert kernels.conv(np, x, w, **how).shape == (0, 4, 8, 8)
