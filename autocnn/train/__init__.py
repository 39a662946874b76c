"""Training: a small loop, its history, checkpoints that resume to the bit, and runs in folders."""

from autocnn.train.checkpoint import Checkpoint
from autocnn.train.history import Epoch, History
from autocnn.train.loop import Callback, Interrupted, Scores, Trainer
from autocnn.train.progress import ProgressBar
from autocnn.train.state import load_state, load_weights, save_state, save_weights

__all__ = [
    "Callback", "Checkpoint", "Epoch", "History", "Interrupted", "ProgressBar", "Scores", "Trainer",
    "load_state", "load_weights", "save_state", "save_weights",
]  # fmt: skip
