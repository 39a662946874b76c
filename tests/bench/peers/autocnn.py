"""AutoCNN, from the checkout: as it is, or with oneDNN forbidden."""

from __future__ import annotations

import os
from typing import Any

import autocnn
from autocnn.backend import onednn

from .modules import Modules

FORBIDDEN = "AUTOCNN_ONEDNN", "none"
"""A file that is not there."""


class AutoCNN(Modules):
    """PyTorch's interface, and `fuse` for inference."""

    imports = "import autocnn"

    def version(self, release: str) -> str:
        library = onednn.serving()
        return f"{release}, oneDNN {'.'.join(map(str, library.version))}" if library else f"{release}, no oneDNN"

    def placed(self, thing: Any) -> Any:
        """Images with their channels last in memory, as every layer hands them on."""
        if not isinstance(thing, autocnn.Tensor) or thing.ndim != 4:
            return thing
        return thing.to(memory_format="channels_last")

    def inferring(self, net: Any, x: Any) -> Any:
        return self.torch.fuse(net, x)


def open_peer(name: str, threads: int) -> AutoCNN:
    """Its threads are in the environment; oneDNN is not for the mode of that name."""
    if name == "autocnn-numpy":
        os.environ.update([FORBIDDEN])
    return AutoCNN(autocnn)
