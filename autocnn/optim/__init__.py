"""Optimisers and learning rate schedules."""

from autocnn.optim import lr_scheduler
from autocnn.optim.adagrad import Adagrad
from autocnn.optim.adam import Adam, AdamW
from autocnn.optim.optimizer import Optimizer
from autocnn.optim.rmsprop import RMSprop
from autocnn.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "lr_scheduler"]
