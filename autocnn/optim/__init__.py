"""Optimisers, learning rate schedules, gradient clipping."""

from autocnn.optim import lr_scheduler
from autocnn.optim.adagrad import Adagrad
from autocnn.optim.adam import Adam, AdamW
from autocnn.optim.clip import clip_grad_norm_, clip_grad_value_
from autocnn.optim.optimizer import Optimizer
from autocnn.optim.rmsprop import RMSprop
from autocnn.optim.sgd import SGD

__all__ = [
    "SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "clip_grad_norm_", "clip_grad_value_",
    "lr_scheduler",
]  # fmt: skip
