"""Gaussian and margin losses, embeddings and drawn classes, against PyTorch; the words of every refusal."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import nn, ops
from autocnn.engine import Tensor, grad
from autocnn.errors import ArgumentError, OutOfRangeError, ShapeError
from tests.ops.oracle import agree

rng = np.random.default_rng(0)


@pytest.mark.torch
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4, 3), (4, 1), (4,)])
def test_gaussian_losses_are_pytorchs(full, reduction, shape):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.gaussian_nll_loss
    var = rng.uniform(0.5, 2.0, shape)
    var.flat[0] = 0.0  # held at eps
    agree(
        lambda *a: ops.gaussian_nll_loss(*a, full=full, eps=1e-2, reduction=reduction),
        lambda *a: theirs(*a, full=full, eps=1e-2, reduction=reduction),
        [rng.standard_normal((4, 3)), rng.standard_normal((4, 3)), var],
    )
    assert nn.GaussianNLLLoss(full=True)(Tensor([0.0]), Tensor([0.0]), 1.0).item() == pytest.approx(0.9189385)


@pytest.mark.torch
def test_margins_of_one_sample_are_pytorchs():
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.multi_margin_loss
    x = rng.standard_normal(4)
    agree(lambda x: ops.multi_margin_loss(x, 1), lambda x: theirs(x, torch.tensor(1)), [x], order=1)


@pytest.mark.torch
@pytest.mark.parametrize("padding", [None, 0, -2])
@pytest.mark.parametrize("places", [np.array([[1, 0, 3], [3, 2, 0]]), np.array(3)])
def test_embeddings_are_pytorchs(padding, places):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.embedding
    agree(
        lambda w: ops.embedding(places, w, padding),
        lambda w: theirs(torch.tensor(places), w, padding),
        [rng.standard_normal((4, 3))],
    )


def test_no_places_have_no_rows():
    assert ops.embedding(np.zeros((0, 2), int), np.ones((4, 3)), 1).shape == (0, 2, 3)


@pytest.mark.torch
def test_the_layer_has_pytorchs_state_and_text():
    torch = pytest.importorskip("torch")
    ours, theirs = nn.Embedding(5, 3, padding_idx=-1), torch.nn.Embedding(5, 3, padding_idx=-1)
    assert repr(ours).partition("  #")[0] == repr(theirs)
    assert ours.weight.tolist()[-1] == [0.0, 0.0, 0.0]
    ours.load_state_dict(theirs.state_dict())
    places = np.array([0, 4, 2])
    np.testing.assert_array_equal(
        ours(Tensor(places)).detach().numpy(), theirs(torch.tensor(places)).detach().numpy()
    )
    fixed = nn.Embedding.from_pretrained(Tensor([[1.0, 2.0]]))
    assert not fixed.weight.requires_grad
    assert fixed(Tensor([0])).tolist() == [[1.0, 2.0]]


def test_classes_are_drawn_by_their_probability():
    ops.manual_seed(0)
    logits = Tensor(np.log(np.broadcast_to([0.2, 0.5, 0.3], (4000, 3))).copy()).requires_grad_()
    z = ops.gumbel_softmax(logits, hard=True)
    np.testing.assert_allclose(z.detach().array.mean(0), [0.2, 0.5, 0.3], atol=0.03)
    assert set(np.unique(z.detach().array.round(9))) == {0.0, 1.0}
    (g,) = grad((z * Tensor([1.0, 2.0, 3.0])).sum(), logits)
    assert np.abs(g.array).max() > 0.1
    np.testing.assert_allclose(g.array.sum(1), 0.0, atol=1e-6)
    soft = ops.gumbel_softmax(logits.detach().transpose(0, 1), tau=0.5, dim=0)
    np.testing.assert_allclose(soft.array.sum(0), 1.0, rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda x: ops.gaussian_nll_loss(x, x, x[0]),
            ShapeError,
            "gaussian_nll_loss: var is (3,), x (2, 3); it must be that, or (2, 1)",
        ),
        (
            lambda x: ops.gaussian_nll_loss(x, x, -x),
            ArgumentError,
            "gaussian_nll_loss: var has elements below 0; a variance must not be",
        ),
        (
            lambda x: ops.gaussian_nll_loss(x, x, x, eps=0),
            ArgumentError,
            "gaussian_nll_loss: eps is 0; it must be above 0",
        ),
        (
            lambda x: ops.multi_margin_loss(x, [0, 1], p=3),
            ArgumentError,
            "multi_margin_loss: p is 3; it must be 1 or 2",
        ),
        (
            lambda x: ops.multi_margin_loss(x, [0, 3]),
            OutOfRangeError,
            "multi_margin_loss: target has classes beyond 0 to 2",
        ),
        (
            lambda x: ops.multi_margin_loss(x, [0]),
            ShapeError,
            "multi_margin_loss: x is (2, 3), target (1,); must be (N, C) and (N)",
        ),
        (
            lambda x: ops.embedding([0], x, max_norm=1.0),
            ArgumentError,
            "embedding: max_norm is 1.0, scale_grad_by_freq False; leave them out",
        ),
        (
            lambda x: ops.embedding([0], x, padding_idx=2),
            ArgumentError,
            "embedding: padding_idx is 2; must be from -2 to 1",
        ),
        (lambda x: ops.embedding([0], x[0]), ShapeError, "embedding: weight is (3,); it must be (V, D)"),
        (
            lambda x: nn.Embedding(3, 2, padding_idx=3),
            ArgumentError,
            "Embedding: padding_idx is 3; must be from -3 to 2",
        ),
    ],
)
def test_what_is_refused(call, error, text):
    with pytest.raises(error) as caught:
        call(np.ones((2, 3)))
    assert str(caught.value) == text
