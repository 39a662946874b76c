"""Instance, RMS and local response norm, unit vectors, cosines and their losses against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import ops
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from tests.ops.oracle import agree, alike

rng = np.random.default_rng(0)


def draw(*shape):
    return rng.standard_normal(shape)


@pytest.mark.torch
@pytest.mark.parametrize("shape", [(2, 3, 5), (1, 2, 3, 4), (2, 2, 2, 3, 2)])
def test_instance_norm_is_pytorchs(shape):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.instance_norm
    c = shape[1]
    agree(
        lambda x, w, b: ops.instance_norm(x, weight=w, bias=b, eps=1e-3),
        lambda x, w, b: theirs(x, weight=w, bias=b, eps=1e-3),
        [draw(*shape), draw(c), draw(c)],
    )
    agree(ops.instance_norm, theirs, [draw(*shape)])


@pytest.mark.torch
def test_instance_norm_keeps_statistics_as_pytorchs_does():
    torch = pytest.importorskip("torch")
    mean, var = Tensor(np.zeros(3)), Tensor(np.ones(3))
    means, variances = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    for _ in range(3):
        x = draw(4, 3, 5)
        z = ops.instance_norm(x, mean, var, momentum=0.3)
        expected = torch.nn.functional.instance_norm(torch.tensor(x), means, variances, momentum=0.3)
        np.testing.assert_allclose(z.array, expected.numpy(), rtol=1e-10)
        np.testing.assert_allclose(mean.array, means.numpy(), rtol=1e-10)
        np.testing.assert_allclose(var.array, variances.numpy(), rtol=1e-10)
    agree(
        lambda x: ops.instance_norm(x, mean, var, use_input_stats=False),
        lambda x: torch.nn.functional.instance_norm(x, means, variances, use_input_stats=False),
        [x],
    )
    assert ops.instance_norm(np.ones((0, 3, 5)), mean, var).shape == (0, 3, 5)


@pytest.mark.torch
@pytest.mark.parametrize(("shape", "normalized"), [((2, 5), (5,)), ((2, 3, 4), (3, 4)), ((0, 4), (4,))])
@pytest.mark.parametrize("eps", [None, 1e-2])
def test_rms_norm_is_pytorchs(shape, normalized, eps):
    alike("rms_norm", [draw(*shape)], normalized, eps=eps)
    torch = pytest.importorskip("torch")
    agree(
        lambda x, w: ops.rms_norm(x, normalized, w, eps),
        lambda x, w: torch.nn.functional.rms_norm(x, normalized, w, eps),
        [draw(*shape), draw(*normalized)],
    )


def test_rms_norm_of_large_half_precision_stays_finite():
    x = np.array([[300.0, -300.0]], np.float16)
    z = ops.rms_norm(x, 2)
    assert z.dtype == np.float16
    np.testing.assert_allclose(z.array, [[1.0, -1.0]], rtol=1e-3)


@pytest.mark.torch
@pytest.mark.parametrize("shape", [(2, 7, 3), (2, 4, 3, 2), (1, 5, 2, 1, 3), (0, 3, 2, 2)])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_local_response_norm_is_pytorchs(shape, size):
    alike("local_response_norm", [draw(*shape)], size, 0.3, 0.6, 1.5)


@pytest.mark.torch
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, float("inf")])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_unit_vectors_are_pytorchs(p, dim):
    alike("normalize", [draw(3, 4, 2)], p, dim, order=1 if p == float("inf") else 2)


@pytest.mark.torch
def test_unit_vectors_of_zeros_stay_zeros():
    alike("normalize", [np.zeros((2, 3))], order=1)  # of its second derivative there PyTorch makes NaN


@pytest.mark.torch
@pytest.mark.parametrize(
    ("first", "second", "dim"), [((3, 4), (3, 4), 1), ((3, 1, 4), (5, 4), -1), ((4,), (4,), 0)]
)
def test_cosines_are_pytorchs(first, second, dim):
    alike("cosine_similarity", [draw(*first), draw(*second)], dim)


@pytest.mark.torch
@pytest.mark.parametrize("p", [1.0, 2.0, 2.5])
@pytest.mark.parametrize("keepdim", [False, True])
def test_distances_are_pytorchs(p, keepdim):
    alike("pairwise_distance", [draw(3, 4), draw(3, 4)], p=p, keepdim=keepdim)


SIGNS = np.array([1, -1, 1, -1, -1])
LOSSES = {
    "cosine_embedding_loss": ([draw(5, 4), draw(5, 4)], {"margin": 0.1}),
    "margin_ranking_loss": ([draw(5), draw(5)], {"margin": 0.3}),
    "hinge_embedding_loss": ([draw(5)], {"margin": 0.7}),
    "soft_margin_loss": ([draw(5)], {}),
}


@pytest.mark.torch
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_pairs_are_pytorchs(name, reduction):
    torch = pytest.importorskip("torch")
    arrays, how = LOSSES[name]
    signs = SIGNS.astype(float)
    agree(
        lambda *xs: getattr(ops, name)(*xs, signs, reduction=reduction, **how),
        lambda *xs: getattr(torch.nn.functional, name)(*xs, torch.tensor(signs), reduction=reduction, **how),
        arrays,
    )


@pytest.mark.torch
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("p", [1.0, 2.0])
def test_losses_of_triples_are_pytorchs(swap, p):
    alike("triplet_margin_loss", [draw(5, 4), draw(5, 4), draw(5, 4)], swap=swap, p=p, margin=2.0)


def refused(error, text, call):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


def test_what_cannot_be_normalised_is_refused():
    x = np.ones((2, 3, 1))
    refused(
        ShapeError,
        "instance_norm: x is (2, 3, 1); it needs more than 1 value for each channel of an image",
        lambda: ops.instance_norm(x),
    )
    refused(
        ShapeError,
        "instance_norm: x is 2-d (2, 3); it must be (N, C, *spatial)",
        lambda: ops.instance_norm(x[..., 0]),
    )
    refused(
        ArgumentError,
        "instance_norm: use_input_stats is False; running_mean and running_var are needed",
        lambda: ops.instance_norm(x, use_input_stats=False),
    )
    refused(
        ShapeError,
        "instance_norm: running_mean is (2,); it must be (3,)",
        lambda: ops.instance_norm(np.ones((2, 3, 4)), Tensor(np.zeros(2)), Tensor(np.ones(2))),
    )
    refused(
        ShapeError,
        "rms_norm: x is (2, 3, 1); its last axes must be normalized_shape (3,)",
        lambda: ops.rms_norm(x, 3),
    )
    refused(ShapeError, "rms_norm: weight is (2,); it must be (1,)", lambda: ops.rms_norm(x, 1, np.ones(2)))
    refused(
        DTypeError,
        "rms_norm: x is float64 (2, 3, 1), weight is float32 (1,); they must agree. Convert one with to(dtype)",
        lambda: ops.rms_norm(x, 1, np.ones(1, np.float32)),
    )
    refused(
        ArgumentError,
        "local_response_norm: size is 0; it must be at least 1",
        lambda: ops.local_response_norm(x, 0),
    )
    refused(
        ShapeError,
        "local_response_norm: x is 2-d (2, 3); it must be (N, C, ...)",
        lambda: ops.local_response_norm(x[..., 0], 2),
    )
    refused(
        ShapeError,
        "cosine_embedding_loss: input1 is (2, 3, 1), input2 (2, 3, 1), target (2,); "
        "they must be (N, D), (N, D), (N), or (D), (D), ()",
        lambda: ops.cosine_embedding_loss(x, x, np.ones(2)),
    )
    refused(
        ArgumentError,
        "triplet_margin_loss: margin is 0; it must be above 0",
        lambda: ops.triplet_margin_loss(x, x, x, margin=0),
    )
