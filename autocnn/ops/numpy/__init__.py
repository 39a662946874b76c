"""NumPy's own functions on Tensors: with NumPy's meaning, and traced.

``np.maximum(x @ w + b, 0)`` is a Tensor with a graph. What NumPy and PyTorch both have under one name, but mean
differently, is in `DIFFERENT`: `x.std()` and `autocnn.std(x)` follow PyTorch, `np.std(x)` follows NumPy.
"""

from autocnn.engine import slots
from autocnn.ops.numpy import algebra, arrays, places, reductions, series, statistics, values
from autocnn.ops.numpy.table import FUNCTIONS, call
from autocnn.ops.numpy.ufuncs import UFUNCS, call_ufunc

DIFFERENT: dict[str, tuple[str, str]] = {
    "dot": ("of vectors only", "a matrix product where there are more axes"),
    "exp": ("of integers: float32, the default", "of integers: float64"),
    "flip": ("along the axes given, which must be given", "along all axes where none are given"),
    "max": ("along an axis: values and indices", "along an axis: values"),
    "mean": ("of integers: an error", "of integers: float64"),
    "min": ("along an axis: values and indices", "along an axis: values"),
    "nonzero": ("positions (n, axes)", "a tuple of positions for each axis"),
    "pad": ("widths from the last axis on, in one row", "a pair for each axis"),
    "repeat": ("lays out the whole again", "repeats each element"),
    "size": ("the shape", "the number of elements"),
    "split": ("lengths of the pieces", "how many pieces, or where to cut"),
    "squeeze": ("leaves axes that are not of length 1", "an error at axes that are not of length 1"),
    "std": ("divides by n - 1", "divides by n"),
    "transpose": ("exchanges two axes", "reorders all axes, reverses them where none are given"),
    "var": ("divides by n - 1", "divides by n"),
}
"""Names that both own and mean differently: what PyTorch (and so this library) means, and what NumPy means."""

slots.numpy_ufunc = call_ufunc
slots.numpy_function = call

__all__ = [
    "DIFFERENT",
    "FUNCTIONS",
    "UFUNCS",
    "algebra",
    "arrays",
    "call",
    "call_ufunc",
    "places",
    "reductions",
    "series",
    "statistics",
    "values",
]
