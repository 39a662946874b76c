"""`torch.utils.tensorboard`: its writer is that of the package tensorboardX, where that is installed."""

from __future__ import annotations

import importlib
from typing import Any

from autocnn.errors import MissingError


def __getattr__(name: str) -> Any:
    """`SummaryWriter`. Raises ImportError where the package is not installed."""
    if name not in _WRITERS:
        raise MissingError(__name__, name, lambda: _WRITERS)
    try:
        return getattr(importlib.import_module("tensorboardX"), name)
    except ImportError:
        raise ImportError(
            "torch.utils.tensorboard: SummaryWriter is that of the package tensorboardX here, which is not "
            "installed. Install it, or leave the writer out"
        ) from None


_WRITERS = ["FileWriter", "SummaryWriter"]
__all__: list[str] = []  # none of them can be listed where the package is missing
