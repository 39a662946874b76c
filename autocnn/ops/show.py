"""How a tensor is printed: it fits the screen, and says what is not obvious."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.backend.arrays import CPU, to_numpy
from autocnn.engine import Tensor, method
from autocnn.engine.tensor import get_default_dtype
from autocnn.ops.activation.rectifiers import Foreseen, Rectified

_EDGE = {1: 3, 2: 3, 3: 2}
"""How many items at either end of an axis are printed of a large tensor, by its number of axes; 1 for more."""


@method("__repr__", "__str__")
def show(input: Tensor) -> str:
    """The values (the ends of each axis, if there are many); shape, dtype and device where they are not obvious.

    >>> Tensor([[1.0, 2.0]]), Tensor(np.zeros((2, 0)))
    (tensor([[1., 2.]]), tensor([], shape=(2, 0), dtype=float64))
    """
    name = "tensor" if type(input) in (Tensor, Rectified, Foreseen) else type(input).__name__
    array = to_numpy(input.array)
    rows = array.size // array.shape[-1] if array.size and array.ndim else 0
    lines = rows * -(-array.shape[-1] // 8) if rows else 0
    short = lines > 50
    values = "[]" if not array.size else _values(array, name, short)
    return f"{name}({', '.join([values, *_notes(input, short or not array.size)])})"


def _values(array: np.ndarray[Any, Any], name: str, short: bool) -> str:
    return np.array2string(
        array,
        precision=4,
        separator=", ",
        prefix=f"{name}(",
        threshold=0 if short else array.size,
        edgeitems=_EDGE.get(array.ndim, 1),
        max_line_width=80,
    )


def _notes(x: Tensor, hidden: bool) -> list[str]:
    notes = []
    if hidden and x.shape != (0,):
        notes.append(f"shape={x.shape}")
    if x.dtype not in (get_default_dtype(), np.int64, np.bool_) or (not x.array.size and x.dtype.kind != "f"):
        notes.append(f"dtype={x.dtype}")
    if x.device != CPU:
        notes.append(f"device={str(x.device)!r}")
    if x.grad_fn is not None:
        notes.append(f"grad_fn=<{_maker(x)}>")
    elif x.requires_grad:
        notes.append("requires_grad=True")
    return notes


def _maker(x: Tensor) -> str:
    node = x.node()
    while node.name == "item":  # one of several outputs
        node = node.edges[0]
    return node.name
