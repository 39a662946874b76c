"""Names for the types that cross module borders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""An n-dimensional array of the library that owns it: NumPy's, CuPy's, or the strict stand-in's."""

Namespace: TypeAlias = Any
"""The module whose functions work on such arrays (``numpy``, ``cupy`` ...); called ``xp`` in the code."""

Shape: TypeAlias = tuple[int, ...]
DType: TypeAlias = np.dtype[Any]
Size: TypeAlias = int | Sequence[int]
"""One number for every spatial axis, or one number per axis."""

Axes: TypeAlias = int | Sequence[int] | None
