"""PyTorch in three modes: as it is, with channels last in memory, compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cases import Case
from .modules import Modules


class ChannelsLast(Modules):
    """Modules and images in the memory layout of NHWC."""

    def refuses(self, case: Case) -> str:
        return "" if len(case.shape) == 4 else "no images"

    def placed(self, thing: Any) -> Any:
        return thing.to(memory_format=self.torch.channels_last)


class Compiled(Modules):
    """Forward and backward through torch.compile, which differentiates once only."""

    def refuses(self, case: Case) -> str:
        return "" if case.kind in ("train", "infer", "layer") else f"compiles no {case.kind}"

    def made(self, function: Callable[..., Any]) -> Callable[..., Any]:
        compiled: Callable[..., Any] = self.torch.compile(function)
        return compiled


MODES = {"pytorch": Modules, "pytorch-channels_last": ChannelsLast, "pytorch-compiled": Compiled}


def open_peer(name: str, threads: int) -> Modules:
    """PyTorch in the mode of that name."""
    import torch

    torch.set_num_threads(threads)
    return MODES[name](torch)
