"""Training: a small loop, its history, checkpoints that resume to the bit, and runs in folders."""

from autocnn.train.checkpoint import Checkpoint
from autocnn.train.history import Epoch, History
from autocnn.train.loop import Callback, Interrupted, Scores, Trainer
from autocnn.train.progress import ProgressBar
from autocnn.train.state import load_state, save_state
from autocnn.train.transfer import freeze, parameter_groups, replace_head, unfreeze
from autocnn.train.weights import Loaded, load_weights, save_weights

__all__ = [
    "Callback", "Checkpoint", "Epoch", "History", "Interrupted", "Loaded", "ProgressBar", "Scores", "Trainer",
    "freeze", "load_state", "load_weights", "parameter_groups", "replace_head", "save_state", "save_weights",
    "unfreeze",
]  # fmt: skip
