"""Losses beside PyTorch's: every reduction, weights, smoothing, ignored classes, shapes."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest

import autocnn as ac
from autocnn import ops
from autocnn.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError
from tests.ops.oracle import agree, alike

torch = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = pytest.mark.torch

REDUCTIONS = ["none", "mean", "sum"]
SHAPES = [(3,), (4, 3), (2, 3, 5), (2, 3, 2, 2)]


def classes(rng, shape, ignored=None):
    """A class for each sample of logits of this shape."""
    target = rng.integers(0, shape[0] if len(shape) == 1 else shape[1], shape[:1] * (len(shape) > 1) + shape[2:])
    if ignored is not None and target.size > 1:
        target.ravel()[1] = ignored
    return target


def with_classes(name, x, target, **options):
    """Compare a loss of logits and fixed classes, both in index form."""
    weight = options.pop("weight", None)
    theirs = None if weight is None else torch.tensor(weight)
    agree(
        lambda x: getattr(ops, name)(x, ac.tensor(target), weight=weight, **options),
        lambda x: getattr(F, name)(x, torch.tensor(target), weight=theirs, **options),
        [x],
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_of_classes(rng, shape, reduction, weighted, smoothing):
    count = shape[0] if len(shape) == 1 else shape[1]
    weight = rng.uniform(0.1, 1, count) if weighted else None
    for ignored in (-100, 1):
        with_classes(
            "cross_entropy", rng.standard_normal(shape), classes(rng, shape, ignored), weight=weight,
            reduction=reduction, ignore_index=ignored, label_smoothing=smoothing,
        )  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_of_probabilities(rng, shape, reduction, weighted, smoothing):
    count = shape[0] if len(shape) == 1 else shape[1]
    weight = rng.uniform(0.1, 1, count)
    kwargs = {"reduction": reduction, "label_smoothing": smoothing}
    agree(
        lambda x, y: ops.cross_entropy(x, y, weight if weighted else None, **kwargs),
        lambda x, y: F.cross_entropy(x, y, torch.tensor(weight) if weighted else None, **kwargs),
        [rng.standard_normal(shape), rng.uniform(0, 1, shape)],
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_negative_log_likelihood(rng, shape, reduction, weighted):
    count = shape[0] if len(shape) == 1 else shape[1]
    weight = rng.uniform(0.1, 1, count) if weighted else None
    for ignored in (-100, 0):
        with_classes(
            "nll_loss", rng.standard_normal(shape), classes(rng, shape, ignored), weight=weight,
            reduction=reduction, ignore_index=ignored,
        )  # fmt: skip


def test_all_ignored():
    x, target = ac.randn(2, 3), ac.tensor([-100, -100])
    assert np.isnan(ops.cross_entropy(x, target).item())
    assert ops.cross_entropy(x, target, reduction="sum").item() == 0


def test_extreme_logits():
    x = np.array([[1e4, 0.0, -1e4], [0.0, 1e4, 0.0]])
    with_classes("cross_entropy", x, np.array([0, 2]))
    z = ops.cross_entropy(ac.tensor(x.astype(np.float32)), ac.tensor([0, 2]))
    assert (z.item(), z.dtype) == (5000.0, np.float32)


DISTANCES = [
    ("mse_loss", {}), ("l1_loss", {}), ("smooth_l1_loss", {}), ("smooth_l1_loss", {"beta": 0.5}),
    ("smooth_l1_loss", {"beta": 0.0}), ("huber_loss", {}), ("huber_loss", {"delta": 0.4}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), DISTANCES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (0, 2)])
def test_distances(rng, name, options, reduction, shape):
    x, y = rng.standard_normal(shape), rng.standard_normal(shape)
    order = 1 if 0 in shape else 2  # the second derivative of the mean of nothing is NaN, PyTorch says 0
    alike(name, [x, y], reduction=reduction, order=order, **options)


@pytest.mark.torch
@pytest.mark.parametrize(("name", "width"), [("huber_loss", "delta"), ("smooth_l1_loss", "beta")])
def test_robust_losses_near_and_far(name, width):
    torch = pytest.importorskip("torch")
    x = np.array([np.nan, np.inf, -np.inf, 1e30, -1e37, 1e-20, 0.3, -0.3, 0.25, -2.0, 0.0], np.float32)
    how = {"reduction": "none", width: 0.25}
    z = getattr(ops, name)(x, np.zeros_like(x), **how)
    expected = getattr(torch.nn.functional, name)(torch.tensor(x), torch.zeros(len(x)), **how)
    np.testing.assert_allclose(z.array, expected.numpy(), rtol=1e-6)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weighted_distances(rng, name, reduction):
    x, y, w = rng.standard_normal((3, 2, 3))
    agree(
        lambda x, y, w: getattr(ops, name)(x, y, reduction=reduction, weight=w),
        lambda x, y, w: getattr(F, name)(x, y, reduction=reduction, weight=w),
        [x, y, w],
    )


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"])
def test_unequal_shapes_warn_and_broadcast(name):
    with pytest.warns(UserWarning, match=rf"^{name}: input \(2, 3\) and target \(3,\) differ in shape"):
        assert getattr(ops, name)(ac.ones(2, 3), ac.zeros(3)).shape == ()


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(), (4,), (2, 3)])
def test_binary_cross_entropy(rng, reduction, shape):
    x, y, w = rng.uniform(0.05, 0.95, (3, *shape))
    alike("binary_cross_entropy", [x, y], reduction=reduction)
    alike("binary_cross_entropy_with_logits", [5 * x - 2, y], reduction=reduction)
    for name, make in (
        ("binary_cross_entropy", lambda x: x),
        ("binary_cross_entropy_with_logits", lambda x: 5 * x),
    ):
        ours, theirs = getattr(ops, name), getattr(F, name)
        agree(
            functools.partial(ours, weight=w, reduction=reduction),
            functools.partial(theirs, weight=torch.tensor(w), reduction=reduction),
            [make(x), y],
        )


def test_positive_weights(rng):
    x, y = rng.standard_normal((4, 3)), rng.integers(0, 2, (4, 3)).astype(float)
    weight = rng.uniform(0.5, 2, 3)
    agree(
        lambda x, y: ops.binary_cross_entropy_with_logits(x, y, pos_weight=weight),
        lambda x, y: F.binary_cross_entropy_with_logits(x, y, pos_weight=torch.tensor(weight)),
        [x, y],
    )


def test_certain_probabilities():
    """At 0 and 1 the logarithms stop at -100, and the gradient at PyTorch's 1e12."""
    x, y = [0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]
    a, t = ac.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    z, tz = ops.binary_cross_entropy(a, ac.tensor(y)), F.binary_cross_entropy(t, torch.tensor(y))
    assert z.item() == tz.item() == 50.0
    z.backward()
    tz.backward()
    np.testing.assert_allclose(a.grad.array, t.grad.numpy(), rtol=1e-6)


@pytest.mark.parametrize("reduction", ["batchmean", "none", "sum"])
@pytest.mark.parametrize("log_target", [False, True])
def test_divergence(rng, reduction, log_target):
    x, y = rng.standard_normal((2, 4, 3))
    if not log_target:
        y = np.abs(y)
    alike("kl_div", [x, y], reduction=reduction, log_target=log_target)
    if not log_target:
        assert ops.kl_div(x, np.zeros_like(x), reduction="sum").item() == 0


@pytest.mark.parametrize(("size_average", "reduce"), list(itertools.product([None, True, False], repeat=2)))
@pytest.mark.filterwarnings("ignore:size_average and reduce")
def test_flags_of_old(rng, size_average, reduce):
    x, y = rng.standard_normal((2, 4))
    alike("mse_loss", [x, y], size_average=size_average, reduce=reduce)


def test_messages():
    x = ac.zeros(4, 3)
    law = r"^cross_entropy: target has shape \(3,\), input \(4, 3\) expects \(4,\) class indices, or float prob"
    with pytest.raises(ShapeError, match=law):
        ops.cross_entropy(x, ac.tensor([0, 1, 2]))
    with pytest.raises(
        OutOfRangeError, match=r"^cross_entropy: target has class 3; input \(4, 3\) has classes 0\.\.2$"
    ):
        ops.cross_entropy(x, ac.tensor([0, 1, 2, 3]))
    with pytest.raises(
        OutOfRangeError, match=r"^nll_loss: target has class -1; input \(4, 3\) has classes 0\.\.2$"
    ):
        ops.nll_loss(x, ac.tensor([0, 1, 2, -1]))
    with pytest.raises(DTypeError, match=r"^nll_loss: target is float32; class indices are integers, prob"):
        ops.nll_loss(x, ac.zeros(4))
    with pytest.raises(ShapeError, match=r"^cross_entropy: target has shape \(4,\), input \(4, 3\) expects prob"):
        ops.cross_entropy(x, ac.zeros(4))
    with pytest.raises(
        ShapeError, match=r"^cross_entropy: weight has shape \(2,\), input \(4, 3\) expects \(3,\)$"
    ):
        ops.cross_entropy(x, ac.tensor([0, 1, 2, 0]), weight=ac.ones(2))
    for name in ("cross_entropy", "nll_loss"):
        with pytest.raises(ShapeError, match=rf"^{name}: input is 0-d \(\); it needs an axis of classes$"):
            getattr(ops, name)(ac.tensor(1.0), ac.tensor(0))
    with pytest.raises(ShapeError, match=r"^nll_loss: weight has shape \(2,\), input \(4, 3\) expects"):
        ops.nll_loss(x, ac.tensor([0, 1, 2, 0]), weight=ac.ones(2))
    with pytest.raises(ArgumentError, match=r"^cross_entropy: label_smoothing is 1\.5; it must lie in 0\.\.1$"):
        ops.cross_entropy(x, ac.tensor([0, 1, 2, 0]), label_smoothing=1.5)
    with pytest.raises(ArgumentError, match=r"^mse_loss: reduction is 'avg'; it must be 'none', 'mean' or 'sum'$"):
        ops.mse_loss(x, x, reduction="avg")
    with pytest.raises(ArgumentError, match=r"^huber_loss: delta is 0; it must be above 0$"):
        ops.huber_loss(x, x, delta=0)
    with pytest.raises(ArgumentError, match=r"^binary_cross_entropy: input has elements outside 0"):
        ops.binary_cross_entropy(x + 2, x)
    with pytest.raises(ShapeError, match=r"^binary_cross_entropy: target has shape"):
        ops.binary_cross_entropy(x, ac.zeros(3))


def test_weights_of_soft_targets_have_gradients():
    x, p, w = np.array([[0.3, -1.0, 2.0]]), np.array([[0.2, 0.5, 0.3]]), np.array([0.5, 1.0, 2.0])
    agree(
        lambda x, p, w: ops.cross_entropy(x, p, w),
        lambda x, p, w: torch.nn.functional.cross_entropy(x, p, w),
        [x, p, w],
    )
