"""On a device as strict as a GPU: the same numbers to the bit, and nothing fetched to the host."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import nn
from autocnn.backend.arrays import to_device, to_numpy
from autocnn.engine import Tensor
from autocnn.testing import standin  # noqa: F401  (its import makes the device known)

from .test_optimizer import MAKERS

SHAPES: list[tuple[int, ...]] = [(4, 3, 3, 3), (5,), ()]


def run(name: str, device: str, *, reload: bool) -> list[np.ndarray]:
    """Four clipped steps, the state saved to the host and loaded in between if asked."""
    rng = np.random.default_rng(0)
    start = [rng.standard_normal(shape).astype(np.float32) for shape in SHAPES]
    weights = [Tensor(to_device(values.copy(), device)).requires_grad_() for values in start]
    optimizer = MAKERS[name](weights)
    for number in range(4):
        for weight in weights:
            gradient = rng.standard_normal(weight.shape).astype(np.float32)
            weight.grad = Tensor(to_device(gradient, device))
        nn.utils.clip_grad_norm_(weights, 1.0)
        nn.utils.clip_grad_value_(weights, 0.5)
        optimizer.step()
        if reload and number == 1:
            state = optimizer.state_dict()
            on_host = {
                key: {name: to_numpy(v.array) if isinstance(v, Tensor) else v for name, v in values.items()}
                for key, values in state["state"].items()
            }
            optimizer = MAKERS[name](weights)
            optimizer.load_state_dict({**state, "state": on_host})
    optimizer.zero_grad(set_to_none=False)
    kept = [value for values in optimizer.state.values() for value in values.values() if isinstance(value, Tensor)]
    assert {tensor.device.type for tensor in [*weights, *kept]} == {device}
    return [to_numpy(weight.array) for weight in weights]


@pytest.mark.parametrize("reload", [False, True])
@pytest.mark.parametrize("name", MAKERS)
def test_the_stand_in_gets_the_same_numbers(name: str, reload: bool) -> None:
    for here, there in zip(run(name, "cpu", reload=False), run(name, "standin", reload=reload), strict=True):
        np.testing.assert_array_equal(here, there)
