"""`torch.utils.data`: our loader, and the base class that data sets derive from."""

from __future__ import annotations

from typing import Any

from autocnn.data import DataLoader
from autocnn.engine import Tensor


class Dataset:
    """Items by number: derive from it, and write `__getitem__` and `__len__`."""

    def __class_getitem__(cls, item: Any) -> type:
        return cls


class TensorDataset(Dataset):
    """Rows of tensors of equal length, as a tuple.

    >>> TensorDataset(Tensor([[1.0], [2.0]]), Tensor([0, 1]))[1]
    (tensor([2.]), tensor(1))
    """

    def __init__(self, *tensors: Tensor) -> None:
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


__all__ = ["DataLoader", "Dataset", "TensorDataset"]
