"""The networks, each written twice: as a PyTorch user writes it, and as a formula.

`define(torch, *arguments)` makes the module from whatever offers PyTorch's interface: PyTorch, or AutoCNN.
`formula(f, x, *arguments)` says the same in the words of `formula.Formula`, for libraries without that interface;
its names are the keys of the module's state dict.
"""

from __future__ import annotations

import importlib
from types import ModuleType

NAMES = ("mlp", "lenet5", "resnet", "vgg11", "mobilenet_v2", "conv", "max_pool", "batch_norm", "activation")


def network(name: str) -> ModuleType:
    """The file of a network, with its `define` and its `formula`."""
    if name not in NAMES:
        raise ValueError(f"there is no network {name}; there are {', '.join(NAMES)}")
    return importlib.import_module(f"{__name__}.{name}")
