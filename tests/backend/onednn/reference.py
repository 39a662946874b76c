"""The kernels with oneDNN switched off: what it is compared with. `reference.conv` is NumPy's `kernels.conv`."""

from __future__ import annotations

from functools import wraps
from typing import Any

from autocnn.backend import kernels, onednn


def __getattr__(name: str) -> Any:
    kernel = getattr(kernels, name)

    @wraps(kernel)
    def slow(*arrays: Any, **params: Any) -> Any:
        with onednn.disabled():
            return kernel(*arrays, **params)

    return slow
