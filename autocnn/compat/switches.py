"""`torch.cuda`, `torch.backends` and the like: flags that a file may set, and honest answers to what it asks."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import SimpleNamespace, TracebackType
from typing import Any

from autocnn.backend.gpu import status
from autocnn.compat import posing


class Block(AbstractContextManager[None]):
    """A block in which nothing is different, whatever it is told."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class autocast(Block):
    """A block, or a decorator, in which every dtype stays what it is.

    >>> with autocast("cuda"):
    ...     autocast()(len)([1])
    1
    """

    def __call__(self, function: Any) -> Any:
        """The function itself."""
        return function


def _no(*args: Any, **kwargs: Any) -> bool:
    return False


def _nothing(*args: Any, **kwargs: Any) -> None:
    pass


def _same(function: Any = None, **kwargs: Any) -> Any:
    return (lambda function: function) if function is None else function


def _gpus() -> int:
    return 1 if status()[0] else 0


amp = SimpleNamespace(autocast=autocast, custom_bwd=_same, custom_fwd=_same)
cuda = SimpleNamespace(
    current_device=lambda: 0,
    device_count=_gpus,
    empty_cache=_nothing,
    is_available=lambda: status()[0],
    manual_seed=_nothing,
    manual_seed_all=_nothing,
    synchronize=_nothing,
)
backends = SimpleNamespace(
    cuda=SimpleNamespace(is_built=_no, matmul=SimpleNamespace(allow_tf32=False)),
    cudnn=SimpleNamespace(
        allow_tf32=False, benchmark=False, deterministic=True, enabled=False, is_available=_no, version=_nothing
    ),
    mkldnn=SimpleNamespace(enabled=True, is_available=lambda: True),
    mps=SimpleNamespace(is_available=_no, is_built=_no),
)
compiler = SimpleNamespace(disable=_same, is_compiling=_no, is_exporting=_no)
onnx = SimpleNamespace(is_in_onnx_export=_no)
core = SimpleNamespace(_get_tracing_state=_nothing, _is_tracing=_no)
"""PyTorch's own core: nothing is being traced."""
inside = SimpleNamespace()
"""Modules that files import from PyTorch's inside, and use nothing of."""
version = SimpleNamespace(__version__=posing.VERSION, cuda=None, hip=None)

__all__ = ["amp", "autocast", "backends", "compiler", "cuda", "onnx", "version"]
