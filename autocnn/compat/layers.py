"""What model files take from inside of `torch.nn`: base classes, numbers for each axis, wrappers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autocnn.nn import BatchNorm1d, BatchNorm2d, BatchNorm3d, Module
from autocnn.nn.conv import _ConvTranspose, _Window
from autocnn.nn.dropout import _Dropout
from autocnn.nn.loss import _Loss as _Loss
from autocnn.nn.loss import _WeightedLoss as _WeightedLoss
from autocnn.nn.normalization import _BatchNorm
from autocnn.nn.normalization import _InstanceNorm as _InstanceNorm
from autocnn.nn.pooling import _AvgPool, _MaxPool
from autocnn.nn.recurrent import RNNBase, RNNCellBase

_ConvNd, _DropoutNd, _NormBase = _Window, _Dropout, _BatchNorm
_AvgPoolNd, _MaxPoolNd, _ConvTransposeNd = _AvgPool, _MaxPool, _ConvTranspose
_size_any_t = _size_1_t = _size_2_t = _size_3_t = _size_4_t = _size_6_t = _size_any_opt_t = int | Sequence[int]
_ratio_2_t = _ratio_3_t = _ratio_any_t = float | Sequence[float]
Container = Module


def _ntuple(n: int, name: str = "parse") -> Callable[[Any], tuple[Any, ...]]:
    def each(x: Any) -> tuple[Any, ...]:
        return tuple(x) if isinstance(x, (list, tuple)) else (x,) * n

    return each


_single, _pair, _triple, _quadruple = (_ntuple(n) for n in (1, 2, 3, 4))


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation over one process, which is all there are: x (N, C, ...).

    >>> SyncBatchNorm(3).num_features
    3
    """

    axes = tuple(sorted({*BatchNorm1d.axes, *BatchNorm2d.axes, *BatchNorm3d.axes}))

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The module as it is: its batch norms see the whole batch."""
        return module


class DataParallel(Module):
    """A module behind the name `module`, as its state has it where several devices share the work.

    >>> from autocnn import nn
    >>> list(DataParallel(nn.Linear(1, 1)).state_dict())
    ['module.weight', 'module.bias']
    """

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        self.module = module

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module returns."""
        return self.module(*inputs, **kwargs)


DistributedDataParallel = DataParallel

__all__ = ["Container", "DataParallel", "DistributedDataParallel", "RNNBase", "RNNCellBase", "SyncBatchNorm"]
