"""NumPy's functions as a namespace whose results are Tensors: ``import autocnn.numpy as np``.

What NumPy's own functions do with Tensors, these do with arrays, lists and numbers too; constructors give Tensors
with NumPy's dtypes. Names that do not work on tensors are not here.

>>> import autocnn.numpy as anp
>>> anp.add(anp.ones(2), [1, 2])
tensor([2., 3.], dtype=float64)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as _np

from autocnn.ops.numpy import FUNCTIONS, UFUNCS, call, call_ufunc
from autocnn.ops.numpy.table import tensor_of

_CONSTANTS = ("pi", "e", "inf", "nan", "newaxis", "euler_gamma")
_DTYPES = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool_")
_MAKERS = (
    "zeros",
    "ones",
    "full",
    "empty",
    "arange",
    "linspace",
    "logspace",
    "geomspace",
    "eye",
    "identity",
    "indices",
    "tri",
)
_PLACES = ("diag_indices", "tril_indices", "triu_indices")


def array(object: Any, dtype: Any = None) -> Any:
    """A Tensor on a copy of an array, lists or numbers, with NumPy's dtypes.

    >>> array([1.0, 2.0]).dtype
    dtype('float64')
    """
    return FUNCTIONS[_np.copy](asarray(object, dtype))


def asarray(a: Any, dtype: Any = None) -> Any:
    """A Tensor of an array, lists or numbers, with NumPy's dtypes; a Tensor as it is.

    >>> asarray([1, 2]).tolist()
    [1, 2]
    """
    x = tensor_of(a)
    return x if dtype is None else FUNCTIONS[_np.astype](x, dtype, copy=False)


def __getattr__(name: str) -> Any:
    theirs = getattr(_np, name, None)
    if name in _CONSTANTS or name in _DTYPES:
        return theirs
    if name in _MAKERS:
        return _maker(theirs)
    if name in _PLACES:
        return _pair(theirs)
    if isinstance(theirs, _np.ufunc) and theirs in UFUNCS:
        return lambda *args, **kwargs: call_ufunc(theirs, "__call__", args, kwargs)
    if callable(theirs) and theirs in FUNCTIONS:
        return lambda *args, **kwargs: call(theirs, args, kwargs)
    raise AttributeError(
        f"autocnn.numpy has no {name!r}; numpy.{name} does not work on tensors, or does not exist"
    )


def _works(theirs: Any) -> bool:
    """Whether this is one of NumPy's functions that work on tensors, under whichever of its names."""
    return theirs in UFUNCS if isinstance(theirs, _np.ufunc) else callable(theirs) and theirs in FUNCTIONS


def _maker(function: Any) -> Callable[..., Any]:
    return lambda *args, **kwargs: tensor_of(function(*args, **kwargs))


def _pair(function: Any) -> Callable[..., Any]:
    return lambda *args, **kwargs: tuple(map(tensor_of, function(*args, **kwargs)))


class _Linalg:
    """`numpy.linalg`, what there is of it for tensors."""

    def __dir__(self) -> list[str]:
        return [name for name in dir(_np.linalg) if _works(getattr(_np.linalg, name))]

    def __getattr__(self, name: str) -> Any:
        theirs = getattr(_np.linalg, name, None)
        if theirs in FUNCTIONS:
            return lambda *args, **kwargs: call(theirs, args, kwargs)
        raise AttributeError(f"autocnn.numpy.linalg has no {name!r}")


linalg = _Linalg()


def __dir__() -> list[str]:
    known = {name for name in dir(_np) if _works(getattr(_np, name, None))}
    return sorted(known | {*_CONSTANTS, *_DTYPES, *_MAKERS, *_PLACES, "array", "asarray", "linalg"})
