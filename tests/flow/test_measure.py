"""The size of a gradient: the unit, tiny numbers, what is not finite, and agreement with PyTorch at depth 56."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autocnn import models, ops
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.flow import size, sizes_at
from autocnn.nn import functional as F


def test_the_batch_size_drops_out() -> None:
    g = np.array([[3.0, 4.0]], np.float32)
    one = size(Tensor(g), images=1)
    four = size(Tensor(np.repeat(g, 4, 0) / 4), images=4)  # the mean over four equal images
    assert one == four
    assert one.rms == pytest.approx(math.sqrt(12.5))
    assert one.largest == 4.0


@pytest.mark.parametrize("scale", [1e-44, 1e-30, 1.0, 1e30])
def test_no_square_underflows_or_overflows(scale: float) -> None:
    values = (np.array([3.0, -4.0]) * scale).astype(np.float32)
    expected = math.sqrt(np.mean(np.square(values.astype(np.float64) / scale))) * scale
    assert size(Tensor(values), images=1).rms == pytest.approx(expected, rel=1e-9)


def test_zeros_and_what_is_not_finite_are_counted() -> None:
    assert size(Tensor(np.zeros(4, np.float32)), 1).zeros == 1.0
    assert size(Tensor(np.zeros(4, np.float32)), 1).rms == 0.0
    strange = size(Tensor(np.array([np.nan, np.inf, 0.0, 1.0], np.float32)), 1)
    assert strange.strange == 2
    assert strange.zeros == 0.25
    assert math.isnan(strange.rms)


def test_no_image_is_refused() -> None:
    with pytest.raises(ArgumentError, match="size: images is 0; a mean loss is over at least 1"):
        size(Tensor([1.0]), 0)


@pytest.mark.torch
@pytest.mark.parametrize("skips", [False, True])
def test_gradients_by_block_are_pytorchs_at_depth_56(skips: bool) -> None:
    torch = pytest.importorskip("torch")
    ops.manual_seed(3)
    model = (models.residual if skips else models.plain)(56, width=4)
    x = np.random.default_rng(0).normal(size=(8, 1, 8, 8)).astype(np.float32)
    y = np.arange(8)
    with sizes_at(list(model.blocks)) as sizes:
        F.cross_entropy(model(Tensor(x)), Tensor(y)).backward()  # type: ignore[attr-defined]
    expected = _by_torch(torch, model, x, y, skips)
    np.testing.assert_allclose([s.rms for s in sizes if s is not None], expected, rtol=1e-4)


def _by_torch(torch: Any, model: Any, x: Any, y: Any, skips: bool) -> list[float]:
    w = {name: torch.tensor(value.array) for name, value in model.state_dict().items()}

    def conv(h: Any, name: str) -> Any:
        return torch.nn.functional.conv2d(h, w[f"{name}.weight"], w[f"{name}.bias"], padding=1)

    h = torch.tanh(conv(torch.tensor(x), "stem.0")).requires_grad_()
    outputs = []
    for i in range(len(model.blocks)):
        branch = conv(torch.tanh(conv(h, f"blocks.{i}.conv1")), f"blocks.{i}.conv2")
        h = torch.tanh(h + branch if skips else branch)
        h.retain_grad()
        outputs.append(h)
    logits = h.flatten(1) @ w["head.weight"].T + w["head.bias"]
    torch.nn.functional.cross_entropy(logits, torch.tensor(y)).backward()
    return [float(o.grad.double().mul(len(x)).square().mean().sqrt()) for o in outputs]
