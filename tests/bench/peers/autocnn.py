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

    def inferring(self, net: Any) -> Any:
        return self.torch.fuse(net)


def open_peer(name: str, threads: int) -> AutoCNN:
    """Its threads are in the environment; oneDNN is not for the mode of that name."""
    if name == "autocnn-numpy":
        os.environ.update([FORBIDDEN])
    return AutoCNN(autocnn)
