"""Activations stay channels-last through a training step: nothing is copied into another order of axes."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

from autocnn.backend import kernels, onednn
from autocnn.backend.copies import Copies
from autocnn.engine import Tensor
from autocnn.models import get
from autocnn.nn import functional as F
from autocnn.optim import SGD


def copies(images: np.ndarray, steps: int = 3) -> int:
    """Copies in the last of a few steps of ResNet-20."""
    network = get("resnet20")()
    optimizer = SGD(network.parameters(), lr=0.01, momentum=0.9)
    labels = Tensor(np.arange(len(images)) % 10)
    for _ in range(steps):
        before = Copies.number
        optimizer.zero_grad()
        F.cross_entropy(network(Tensor(images)), labels).backward()
        optimizer.step()
    return Copies.number - before


@pytest.mark.parametrize("fast", [True, False], ids=["onednn", "numpy"])
def test_nothing_is_copied_in_a_steady_step(fast):
    rows = np.random.default_rng(0).standard_normal((8, 32, 32, 3), dtype=np.float32)
    with nullcontext() if fast else onednn.disabled():
        assert copies(kernels.logical(np, rows)) == 0
        # Images in C order are copied where they are used: forward, and for the gradient of the first weights.
        assert copies(np.ascontiguousarray(kernels.logical(np, rows))) == 2
