"""Data: files read exactly, data sets by name, batches in an order that can be repeated."""

from autocnn.data.cifar import read_cifar10, read_cifar100
from autocnn.data.dataset import ArrayDataset, statistics
from autocnn.data.datasets import load
from autocnn.data.download import Resource, cache_folder, fetch
from autocnn.data.folder import read_folder
from autocnn.data.idx import read_idx
from autocnn.data.loader import DataLoader
from autocnn.data.transforms import Compose, Fit, Normalize, Pad, RandomCrop, RandomHorizontalFlip, Resize

__all__ = [
    "ArrayDataset",
    "Compose",
    "DataLoader",
    "Fit",
    "Normalize",
    "Pad",
    "RandomCrop",
    "RandomHorizontalFlip",
    "Resize",
    "Resource",
    "cache_folder",
    "fetch",
    "load",
    "read_cifar10",
    "read_cifar100",
    "read_folder",
    "read_idx",
    "statistics",
]
