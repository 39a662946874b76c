"""A module of older versions of PyTorch, which files of those years still import."""

from __future__ import annotations

import collections.abc
import math
from types import SimpleNamespace

six = SimpleNamespace(
    PY2=False, PY3=True, container_abcs=collections.abc, inf=math.inf, int_classes=int, nan=math.nan,
    string_classes=(str, bytes),
)  # fmt: skip
"""What was in `torch._six`."""
