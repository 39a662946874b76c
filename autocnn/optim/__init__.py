"""Optimisers and learning rate schedules."""

from autocnn.optim import lr_scheduler
from autocnn.optim.adadelta import Adadelta
from autocnn.optim.adagrad import Adagrad
from autocnn.optim.adam import Adam, AdamW
from autocnn.optim.adamax import Adamax
from autocnn.optim.asgd import ASGD
from autocnn.optim.nadam import NAdam, RAdam
from autocnn.optim.optimizer import Optimizer
from autocnn.optim.rmsprop import RMSprop
from autocnn.optim.rprop import Rprop
from autocnn.optim.sgd import SGD

__all__ = [
    "ASGD", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "Optimizer", "RAdam", "RMSprop",
    "Rprop", "lr_scheduler",
]  # fmt: skip
