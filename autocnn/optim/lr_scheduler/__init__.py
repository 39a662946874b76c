"""Learning rates that change as training goes on."""

from autocnn.optim.lr_scheduler.base import LRScheduler, trajectory
from autocnn.optim.lr_scheduler.cyclic import CyclicLR
from autocnn.optim.lr_scheduler.factors import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from autocnn.optim.lr_scheduler.one_cycle import OneCycleLR
from autocnn.optim.lr_scheduler.plateau import ReduceLROnPlateau
from autocnn.optim.lr_scheduler.sequence import ChainedScheduler, SequentialLR

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "trajectory",
]
