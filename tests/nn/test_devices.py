"""Modules, first values and state on a device as strict as a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autocnn import models, nn, ops
from autocnn.engine import Tensor
from autocnn.testing import standin  # noqa: F401  (its import makes the device known)

DEVICE = "standin"


def test_a_network_moves_and_trains_there() -> None:
    model = models.LeNet5()
    x = ops.randn(2, 1, 32, 32)
    here = model(x)
    model.to(DEVICE)
    there = model(x.to(DEVICE))
    assert {str(p.device) for p in model.parameters()} == {"standin:0"}
    np.testing.assert_allclose(there.to("cpu").detach().numpy(), here.detach().numpy(), rtol=1e-5, atol=1e-6)
    there.sum().backward()
    assert {str(p.grad.device) for p in model.parameters()} == {"standin:0"}
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    vector = nn.utils.parameters_to_vector(model.parameters())
    nn.utils.vector_to_parameters(vector.detach(), model.parameters())
    model.zero_grad(set_to_none=False)
    model.double()
    assert model.c1.weight.dtype == np.float64


def test_layers_are_made_there() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3, device=DEVICE), nn.BatchNorm2d(3, momentum=None, device=DEVICE),
        nn.PReLU(3, device=DEVICE), nn.Dropout2d(), nn.GroupNorm(3, 3, device=DEVICE), nn.Flatten(),
        nn.Linear(48, 2, device=DEVICE),
    )  # fmt: skip
    nn.CrossEntropyLoss()(model(ops.randn(2, 1, 6, 6, device=DEVICE)), Tensor([0, 1]).to(DEVICE)).backward()
    assert model[1].num_batches_tracked.item() == 1
    assert all(str(p.grad.device) == "standin:0" for p in model.parameters())


def test_state_goes_between_devices() -> None:
    there, here = models.LeNet5().to(DEVICE), models.LeNet5()
    here.load_state_dict(there.state_dict())
    assert {str(p.device) for p in here.parameters()} == {"cpu"}
    there.load_state_dict(here.state_dict())
    assert {str(p.device) for p in there.parameters()} == {"standin:0"}


DRAWS = [
    "uniform_", "normal_", "trunc_normal_", "ones_", "zeros_", "eye_", "xavier_uniform_", "xavier_normal_",
    "kaiming_uniform_", "kaiming_normal_", "lecun_uniform_", "lecun_normal_", "orthogonal_",
]  # fmt: skip


@pytest.mark.parametrize("name", DRAWS)
def test_first_values_are_the_same_there(name: str) -> None:
    def values(device: str) -> Any:
        ops.manual_seed(2)
        return getattr(nn.init, name)(ops.empty(4, 6, device=device)).to("cpu").numpy()

    np.testing.assert_allclose(values(DEVICE), values("cpu"), rtol=1e-6)
