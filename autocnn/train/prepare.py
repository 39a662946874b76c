"""From settings to everything that training needs: data, model, optimiser, trainer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autocnn import data, models
from autocnn.backend.random import manual_seed
from autocnn.data import ArrayDataset, Compose, DataLoader, Fit, RandomCrop, RandomHorizontalFlip
from autocnn.train.loop import Trainer
from autocnn.train.recipes import Settings, optimizer_for, schedule_for

_CHECKED_AT_ONCE = 256  # images in a batch of the test


@dataclass(frozen=True)
class Parts:
    """Data, model and trainer, made from settings alone: the same settings make the same parts."""

    images: ArrayDataset
    test: ArrayDataset
    transform: Compose
    loader: DataLoader
    validation: DataLoader
    trainer: Trainer


def prepare(settings: Settings, *, download: bool = False, progress: Any = None) -> Parts:
    """Load the data, make the model from the seed, and a trainer for it.

    The images are brought to the size that the model takes.

    Raises DataNotFoundError or DataError if the data are not there or damaged, DeviceError for a device that is
    not there.
    """
    name, folder = settings.data, settings.data_dir
    split = "train+val" if name in ("cifar10", "cifar100") else "train"
    images = data.load(name, folder, split, download=download, progress=progress)
    test = data.load(name, folder, "test")
    model = _model(settings, images)
    fit = Fit(model.side, settings.resize)
    images, test = images.map(fit), test.map(fit)
    transform = _transform(settings, images, model.side)
    seed = settings.seed
    loader = DataLoader(images, settings.batch_size, shuffle=True, seed=seed, transform=transform)
    validation = DataLoader(test, _CHECKED_AT_ONCE, seed=seed, transform=images.normalize())
    trainer = _trainer(settings, model, len(loader))
    return Parts(images, test, transform, loader, validation, trainer)


def _model(settings: Settings, images: ArrayDataset) -> Any:
    manual_seed(settings.seed)
    make = models.get(settings.model)
    return make(in_channels=images.images.shape[1], num_classes=len(images.classes))


def _transform(settings: Settings, images: ArrayDataset, side: int) -> Compose:
    steps: list[Any] = []
    if shift := settings.shift * side // 32:
        steps.append(RandomCrop(side, shift))
    if settings.flip:
        steps.append(RandomHorizontalFlip())
    return Compose([*steps, images.normalize()])


def _trainer(settings: Settings, model: Any, steps_per_epoch: int) -> Trainer:
    here = settings.device == "cpu"
    if not here:
        model.to(settings.device)
    optimizer = optimizer_for(settings, model.parameters())
    schedule = schedule_for(settings, optimizer, steps_per_epoch)
    device = None if here else settings.device
    return Trainer(model, optimizer, schedule=schedule, schedule_by="step", device=device)
