"""PyTorch's model files, run on AutoCNN: by pointing `torch` here, or as they are.

``import autocnn as torch`` serves a file that may be edited; `run_as_torch` one that may not.

>>> import autocnn
>>> with run_as_torch():
...     from torch import nn
...     import torch.nn.functional as F
>>> nn.Conv2d is autocnn.nn.Conv2d, F.relu is autocnn.nn.functional.relu
(True, True)
"""

from autocnn.compat.swap import run_as_torch

__all__ = ["run_as_torch"]
