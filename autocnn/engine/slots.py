"""Ops that the engine itself needs; `autocnn.ops` fills them in. That is how the engine can add without a knot."""

from __future__ import annotations

from typing import Any


def _empty(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("import autocnn before using its engine")


add: Any = _empty
"""(a, b) -> a + b, recorded where a or b is a Tensor."""

ones_like: Any = _empty
"""x -> ones of its shape, dtype and device."""

zeros: Any = _empty
"""(shape, dtype, device) -> zeros, as a bare array."""

cast: Any = _empty
"""(x, dtype) -> x in another dtype, recorded."""

stack_rows: Any = _empty
"""(rows, y, x) -> the rows of a Jacobian as one tensor of shape (*y.shape, *x.shape)."""

numpy_ufunc: Any = _empty
"""(ufunc, method, inputs, kwargs): NumPy's universal functions on Tensors."""

numpy_function: Any = _empty
"""(function, args, kwargs): NumPy's other functions on Tensors."""

broadcast_to: Any = _empty
"""(x, shape) -> x as a view of a larger shape, recorded."""

picture: Any = _empty
"""(what, numbers) -> a figure of plain numbers, for those that may not know `autocnn.viz`."""
