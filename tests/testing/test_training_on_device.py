"""Whole trainings on the stand-in device: the same weights as on the host, and nothing moves unasked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn, optim
from autocnn.autograd import checkpoint, grad
from autocnn.backend.arrays import to_numpy
from autocnn.nn import functional as F
from autocnn.testing.standin import StandIn


class Small(nn.Module):
    """A residual network with most kinds of layers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
        self.block = nn.Residual(nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.ReLU()))
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout(0.25)
        self.norm = nn.LayerNorm(64)
        self.head = nn.Linear(64, 3)

    def forward(self, x: Any) -> Any:
        h = self.pool(self.block(self.stem(x)))
        return self.head(self.norm(self.drop(h.flatten(1))))


IMAGES = np.random.default_rng(0).standard_normal((6, 1, 8, 8)).astype(np.float32)
LABELS = np.array([0, 1, 2, 2, 1, 0])
OPTIMISERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-3, nesterov=True),
    "Adam": lambda p: optim.Adam(p, lr=1e-2),
    "AdamW": lambda p: optim.AdamW(p, lr=1e-2),
    "RMSprop": lambda p: optim.RMSprop(p, lr=1e-2),
    "Adagrad": lambda p: optim.Adagrad(p, lr=1e-2),
}


def trained(make: Callable[[Any], Any], device: str, steps: int = 3) -> tuple[Any, list[float]]:
    """A model trained for a few steps on a device, and its losses."""
    ac.manual_seed(0)
    model = Small().to(device)
    optimiser = make(model.parameters())
    x, y = ac.tensor(IMAGES, device=device), ac.tensor(LABELS, device=device)
    losses = []
    for step in range(steps):
        ac.manual_seed(step)
        optimiser.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    return model, losses


@pytest.mark.parametrize("name", OPTIMISERS)
def test_training_is_the_same_on_the_device(name: str) -> None:
    here, expected = trained(OPTIMISERS[name], "cpu")
    there, losses = trained(OPTIMISERS[name], "standin:0")
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    for (key, a), (_, b) in zip(here.state_dict().items(), there.state_dict().items(), strict=True):
        assert type(b.array) is StandIn, key
        np.testing.assert_allclose(to_numpy(b.array), a.array, rtol=1e-2, atol=1e-4, err_msg=key)
    for p in there.parameters():
        assert type(p.grad.array) is StandIn


def test_evaluation_too() -> None:
    model, _ = trained(OPTIMISERS["SGD"], "standin:0")
    model.eval()
    with ac.no_grad():
        z = model(ac.tensor(IMAGES, device="standin:0"))
    assert type(z.array) is StandIn
    back = model.to("cpu")
    back.eval()
    np.testing.assert_allclose(to_numpy(z.array), back(ac.tensor(IMAGES)).detach().array, rtol=1e-4, atol=1e-5)


def test_second_order_and_checkpoints() -> None:
    found = []
    for device in ("cpu", "standin:0"):
        ac.manual_seed(0)
        model = Small().to(device).double()
        model.eval()
        x, y = ac.tensor(IMAGES.astype(np.float64), device=device), ac.tensor(LABELS, device=device)
        parameters = list(model.parameters())
        loss = F.cross_entropy(checkpoint(model, x), y)
        first = grad(loss, parameters, create_graph=True)
        penalty = sum((g * g).sum() for g in first)
        second = grad(penalty, parameters, allow_unused=True)
        found.append([None if g is None else to_numpy(g.array) for g in second])
    for a, b in zip(*found, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-12)


def test_state_goes_both_ways() -> None:
    model, _ = trained(OPTIMISERS["Adam"], "standin:0")
    other = Small()
    other.load_state_dict(model.state_dict())
    for a, b in zip(other.parameters(), model.parameters(), strict=True):
        assert type(a.array) is np.ndarray
        np.testing.assert_array_equal(a.detach().array, to_numpy(b.array))


def test_a_model_and_its_input_must_meet() -> None:
    model = Small().to("standin:0")
    with pytest.raises(ac.errors.DeviceError, match=r"^arrays are on different devices: cpu .*, standin:0 "):
        model(ac.tensor(IMAGES))
