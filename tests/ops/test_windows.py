"""`x.unfold(dim, size, step)`: values and gradients as PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn.errors import ArgumentError
from autocnn.testing import gradcheck


@pytest.mark.torch
@pytest.mark.parametrize(("dim", "size", "step"), [(0, 2, 1), (1, 3, 2), (-1, 2, 3), (2, 1, 1), (1, 5, 1)])
def test_windows_are_pytorchs(dim: int, size: int, step: int) -> None:
    torch = pytest.importorskip("torch")
    x = np.arange(60.0).reshape(3, 5, 4)
    assert ac.tensor(x).unfold(dim, size, step).tolist() == torch.tensor(x).unfold(dim, size, step).tolist()


def test_gradients_add_up_where_windows_overlap() -> None:
    x = ac.tensor(np.arange(12.0).reshape(3, 4), requires_grad=True)
    assert gradcheck(lambda v: (v.unfold(1, 2, 1) * v.unfold(1, 2, 1)).unfold(0, 2, 1), (x,))
    x.unfold(1, 2, 1).sum().backward()
    assert x.grad.tolist() == [[1.0, 2.0, 2.0, 1.0]] * 3


@pytest.mark.parametrize(("size", "step"), [(5, 1), (0, 1), (2, 0)])
def test_a_window_that_does_not_fit_is_refused(size: int, step: int) -> None:
    with pytest.raises(ArgumentError, match=rf"^unfold: size is {size}, step {step}; a window fits into"):
        ac.ones(3, 4).unfold(1, size, step)
