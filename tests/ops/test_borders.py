"""Borders of numbers from inside: PyTorch's values and gradients, in layers too."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import nn, ops
from autocnn.engine import Tensor
from autocnn.nn import functional as F
from autocnn.testing import gradcheck, gradgradcheck

MODES = ("reflect", "replicate", "circular")
rng = np.random.default_rng(0)


@pytest.mark.torch
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("shape", "pad"),
    [
        ((2, 5), (2, 3)),
        ((2, 3, 5), (0, 4)),
        ((2, 3, 5), (-1, -2)),
        ((1, 2, 4, 3), (2, 1, 0, 3)),
        ((2, 4, 4), (1, 1, 2, 2)),
        ((1, 2, 3, 4, 5), (1, 2, 3, 1, 0, 2)),
    ],
)
def test_borders_are_torchs(mode, shape, pad):
    torch = pytest.importorskip("torch")
    x = rng.standard_normal(shape)
    ours, theirs = Tensor(x).requires_grad_(), torch.tensor(x, requires_grad=True)
    y, expected = F.pad(ours, pad, mode), torch.nn.functional.pad(theirs, pad, mode)
    np.testing.assert_array_equal(y.numpy(force=True), expected.detach().numpy())
    g = rng.standard_normal(y.shape)
    y.backward(Tensor(g))
    expected.backward(torch.tensor(g))
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
def test_gradients_of_any_order(mode):
    x = rng.standard_normal((2, 3, 4))
    gradcheck(lambda x: ops.pad(x, (3, 2, -1, 1), mode) ** 2, [x])
    gradgradcheck(lambda x: ops.pad(x, (3, 2), mode) ** 3, [x])


@pytest.mark.torch
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("padding", [1, (2, 0), "same", "valid"])
def test_convolutions_with_borders_are_torchs(mode, padding):
    torch = pytest.importorskip("torch")
    options = {"padding": padding, "padding_mode": mode, "dilation": (1, 2)}
    ours, theirs = nn.Conv2d(2, 3, (4, 2), **options), torch.nn.Conv2d(2, 3, (4, 2), **options)
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    x = rng.standard_normal((2, 2, 6, 5)).astype(np.float32)
    np.testing.assert_allclose(
        ours(Tensor(x)).numpy(force=True), theirs(torch.tensor(x)).detach().numpy(), atol=1e-5
    )
    assert repr(ours).startswith(repr(theirs)[:-1])


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["Reflection", "Replication", "Circular"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_layers_with_borders_are_torchs(kind, dims):
    torch = pytest.importorskip("torch")
    x = rng.standard_normal((2, 3, *(4, 3, 5)[:dims]))
    for padding in (1, tuple(range(2 * dims)) if dims == 1 else (2, 1) * dims):
        ours, theirs = (getattr(library, f"{kind}Pad{dims}d")(padding) for library in (nn, torch.nn))
        np.testing.assert_array_equal(ours(Tensor(x)).numpy(), theirs(torch.tensor(x)).numpy())
        assert repr(ours) == repr(theirs)
