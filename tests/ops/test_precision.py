"""float16: formulas of several steps run in float32, so sums do not stop growing and squares do not overflow."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from autocnn import ops
from autocnn.engine import Tensor, grad

WIDE = (np.random.default_rng(0).standard_normal((3, 4, 40, 40)) * 300 + 300).astype(np.float16)
LONG = np.linspace(-2.0, 2.0, 6000, dtype=np.float16).reshape(2, 3000)

FUNCTIONS = {
    "batch_norm": (partial(ops.batch_norm, running_mean=None, running_var=None, training=True), WIDE),
    "layer_norm": (partial(ops.layer_norm, normalized_shape=(40, 40)), WIDE),
    "group_norm": (partial(ops.group_norm, num_groups=2), WIDE),
    "avg_pool2d": (partial(ops.avg_pool2d, kernel_size=40), WIDE),
    "adaptive_avg_pool2d": (partial(ops.adaptive_avg_pool2d, output_size=1), WIDE),
    "var": (partial(ops.var, dim=-1), LONG),
    "softmax": (partial(ops.softmax, dim=1), LONG),
    "log_softmax": (partial(ops.log_softmax, dim=1), LONG),
    "logsumexp": (partial(ops.logsumexp, dim=1), LONG),
    "cross_entropy": (partial(ops.cross_entropy, target=Tensor([3, 1])), LONG),
    "erfc": (ops.erfc, LONG * 2),
    "softplus": (ops.softplus, LONG * 10),
    "gelu": (ops.gelu, LONG * 3),
    "mish": (ops.mish, LONG * 8),
    "celu": (partial(ops.celu, alpha=0.3), LONG * 4),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_half_precision_is_as_near_to_double_precision_as_its_own_rounding(name):
    function, x = FUNCTIONS[name]
    found, slope = _with_slope(function, x)
    exact, steep = _with_slope(function, x.astype(np.float64))
    assert found.dtype == slope.dtype == np.float16
    np.testing.assert_allclose(found, exact, rtol=2e-3, atol=1e-3)
    np.testing.assert_allclose(slope, steep, rtol=8e-3, atol=5e-3)


def _with_slope(function, x):
    x = Tensor(x).requires_grad_()
    z = function(x)
    (slope,) = grad(z, x, Tensor(np.ones(z.shape, z.dtype)))
    return z.detach().numpy(), slope.numpy()


@pytest.mark.torch
def test_running_statistics_in_half_precision_equal_pytorch():
    torch = pytest.importorskip("torch")
    ours, theirs = (
        [Tensor(np.zeros(4, np.float16)), Tensor(np.ones(4, np.float16))],
        [torch.zeros(4), torch.ones(4)],
    )
    theirs = [v.half() for v in theirs]
    x = WIDE / np.float16(8)
    ops.batch_norm(Tensor(x), *ours, training=True)
    torch.nn.functional.batch_norm(torch.from_numpy(x), *theirs, training=True)
    for found, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=2e-3)
