"""What the tests of oneDNN share: none runs where there is no oneDNN, and arrays come in two layouts."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.backend import kernels, onednn


@pytest.fixture(autouse=True)
def _served(request: pytest.FixtureRequest) -> None:
    if "without_library" not in request.keywords and onednn.serving() is None:
        pytest.skip(f"needs oneDNN: {onednn.why_not()}")


@pytest.fixture
def draw(rng):
    """Normal numbers in float32: of a shape, channels-last, or in C order on request."""

    def drawn(*shape, last=True):
        if not last or not 3 <= len(shape) <= 5:
            return rng.standard_normal(shape, dtype=np.float32)
        n, c, *space = shape
        return kernels.logical(np, rng.standard_normal((n, *space, c), dtype=np.float32))

    return drawn
