"""Products of two inputs, against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


@pytest.mark.parametrize("bias", [True, False])
def test_products_of_two_inputs_are_pytorchs(bias: bool) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(2, 5, n)) for n in (3, 4)]
    theirs, ours = torch.nn.Bilinear(3, 4, 2, bias).double(), nn.Bilinear(3, 4, 2, bias).double()
    ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
    found = []
    for library, module in ((torch, theirs), (ac, ours)):
        inputs = [library.tensor(x, requires_grad=True) for x in arrays]
        y = module(*inputs)
        (y * y).sum().backward()
        found.append([t.detach().numpy() for t in (y, *(p.grad for p in (*inputs, *module.parameters())))])
    for expected, own in zip(*found, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-10)
