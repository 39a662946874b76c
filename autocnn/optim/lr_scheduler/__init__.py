"""Learning rates that change as training goes on."""

from autocnn.optim.lr_scheduler.base import LRScheduler, trajectory
from autocnn.optim.lr_scheduler.factors import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from autocnn.optim.lr_scheduler.one_cycle import OneCycleLR
from autocnn.optim.lr_scheduler.plateau import ReduceLROnPlateau
from autocnn.optim.lr_scheduler.sequence import SequentialLR

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "trajectory",
]
