"""An op beside PyTorch's: values, first derivatives in every mode, and second derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.engine import Tensor, grad


def agree(ours, theirs, arrays, atol=1e-10):
    """Compare two functions of float64 arrays: values, gradients (plain and recorded), gradients of gradients."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    xs = [Tensor(a.copy()).requires_grad_() for a in arrays]
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    z, tz = ours(*xs), theirs(*ts)
    assert z.shape == tuple(tz.shape)
    np.testing.assert_allclose(z.array, tz.detach().numpy(), atol=atol, rtol=1e-9)
    seed = rng.standard_normal(z.shape)
    g, tg = Tensor(seed).requires_grad_(), torch.tensor(seed, requires_grad=True)
    plain = grad(z, xs, g.detach(), retain_graph=True)
    firsts = grad(z, xs, g, create_graph=True)
    expected = torch.autograd.grad(tz, ts, tg, create_graph=True)
    for mine, slow, his in zip(plain, firsts, expected, strict=True):
        np.testing.assert_allclose(mine.array, his.detach().numpy(), atol=atol, rtol=1e-9)
        np.testing.assert_allclose(slow.array, his.detach().numpy(), atol=atol, rtol=1e-9)
        assert mine.dtype == slow.dtype == np.float64
    seconds = [rng.standard_normal(x.shape) for x in xs]
    mine = grad(firsts, [*xs, g], [Tensor(s) for s in seconds], allow_unused=True)
    his = torch.autograd.grad(expected, [*ts, tg], [torch.tensor(s) for s in seconds], allow_unused=True)
    for m, t, x in zip(mine, his, [*xs, g], strict=True):
        left = np.zeros(x.shape) if m is None else m.array
        right = np.zeros(x.shape) if t is None else t.numpy()
        np.testing.assert_allclose(left, right, atol=10 * atol, rtol=1e-9)
