"""An op beside PyTorch's: values, dtypes, first derivatives in every mode, and second derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import ops
from autocnn.engine import Tensor, grad


def agree(ours, theirs, arrays, atol=1e-10, rtol=1e-9, order=2):
    """Compare two functions of arrays: values, gradients (plain and recorded), gradients of gradients.

    What is not of floating point gets no gradient; a derivative that has no graph counts as 0.
    """
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    xs = [Tensor(a.copy(order="K")) for a in arrays]
    ts = [torch.tensor(a.copy()) for a in arrays]
    z, tz = ours(*[wanting(x) for x in xs]), theirs(*[wanting(t) for t in ts])
    assert z.shape == tuple(tz.shape)
    assert str(z.dtype) == str(tz.dtype).removeprefix("torch.")
    np.testing.assert_allclose(z.array, tz.detach().numpy(), atol=atol, rtol=rtol)
    xs, ts = [x for x in xs if x.requires_grad], [t for t in ts if t.requires_grad]
    assert z.requires_grad or not tz.requires_grad
    if not tz.requires_grad:
        return
    seed = rng.standard_normal(z.shape).astype(z.dtype)
    g, tg = Tensor(seed).requires_grad_(), torch.tensor(seed, requires_grad=True)
    plain = grad(z, xs, g.detach(), retain_graph=True)
    firsts = grad(z, xs, g, create_graph=True)
    expected = torch.autograd.grad(tz, ts, tg, create_graph=order > 1)
    for x, mine, slow, his in zip(xs, plain, firsts, expected, strict=True):
        np.testing.assert_allclose(mine.array, his.detach().numpy(), atol=atol, rtol=rtol)
        np.testing.assert_allclose(slow.array, his.detach().numpy(), atol=atol, rtol=rtol)
        assert mine.dtype == slow.dtype == x.dtype
    if order == 1:
        return
    seconds = [rng.standard_normal(x.shape).astype(x.dtype) for x in xs]
    mine = second(grad, firsts, [*xs, g], [Tensor(s) for s in seconds])
    his = second(torch.autograd.grad, expected, [*ts, tg], [torch.tensor(s) for s in seconds])
    for m, t, x in zip(mine, his, [*xs, g], strict=True):
        left = np.zeros(x.shape) if m is None else m.array
        right = np.zeros(x.shape) if t is None else t.numpy(force=True)
        np.testing.assert_allclose(left, right, atol=10 * atol, rtol=rtol)


def alike(name, arrays, *args, part=None, atol=1e-10, rtol=1e-9, order=2, **options):
    """Compare our function with PyTorch's of the same name, on arrays followed by the same arguments.

    `part` picks one of several results; `order=1` leaves out the second derivatives, where PyTorch has none.
    """
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    theirs = getattr(functional, name) if hasattr(functional, name) else getattr(torch, name)
    mine = getattr(ops, name)

    def call(function):
        return lambda *xs: picked(function(*xs, *args, **options), part)

    agree(call(mine), call(theirs), arrays, atol, rtol, order)


def picked(results, part):
    """One of several results; the result itself where nothing is said."""
    return results if part is None else results[part]


def wanting(x):
    """The tensor, of which a gradient is wanted if it can have one."""
    floating = x.dtype.kind == "f" if isinstance(x, Tensor) else x.is_floating_point()
    return x.requires_grad_() if floating else x


def second(differentiate, firsts, inputs, seeds):
    """The derivatives of derivatives, of those that have a graph."""
    pairs = [(f, s) for f, s in zip(firsts, seeds, strict=True) if f.requires_grad]
    if not pairs:
        return [None] * len(inputs)
    return differentiate([f for f, _ in pairs], inputs, [s for _, s in pairs], allow_unused=True)
