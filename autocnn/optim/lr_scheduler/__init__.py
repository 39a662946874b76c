"""Learning rates that change as training goes on."""

from autocnn.optim.lr_scheduler.base import LRScheduler, trajectory
from autocnn.optim.lr_scheduler.factors import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    StepLR,
)
from autocnn.optim.lr_scheduler.one_cycle import OneCycleLR
from autocnn.optim.lr_scheduler.plateau import ReduceLROnPlateau
from autocnn.optim.lr_scheduler.sequence import SequentialLR

__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "trajectory",
]
