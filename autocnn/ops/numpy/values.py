"""NumPy's functions of products and indices on Tensors, and those whose result has no gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from autocnn.backend.arrays import namespace
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from autocnn.ops import create, indexing, linalg
from autocnn.ops import elementwise as e
from autocnn.ops import shape as s
from autocnn.ops.axes import one_axis
from autocnn.ops.numpy.table import FUNCTIONS, bare, common, in_dtype, real_axes, stands_for, tensor_of


def arrays(*operands: Any) -> list[Tensor]:
    """Operands in a common dtype where numbers count as arrays, as in NumPy's products."""
    return common(*[tensor_of(x) for x in operands])


# Products --------------------------------------------------------------------------------------------------------


@stands_for(np.dot)
def _dot(a: Any, b: Any, out: None = None) -> Tensor:
    x, y = arrays(a, b)
    if not x.ndim or not y.ndim:
        return e.mul(x, y)
    if y.ndim <= 2 or x.ndim == 1 == y.ndim:
        return linalg.matmul(x, y)
    return linalg.tensordot(x, y, ([-1], [-2]))


@stands_for(np.inner)
def _inner(a: Any, b: Any, /) -> Tensor:
    x, y = arrays(a, b)
    return linalg.tensordot(x, y, ([-1], [-1])) if x.ndim and y.ndim else e.mul(x, y)


@stands_for(np.vdot)
def _vdot(a: Any, b: Any, /) -> Tensor:
    x, y = arrays(a, b)
    return linalg.dot(s.ravel(x), s.ravel(y))


@stands_for(np.outer)
def _outer(a: Any, b: Any, out: None = None) -> Tensor:
    x, y = arrays(a, b)
    return linalg.outer(s.ravel(x), s.ravel(y))


@stands_for(np.tensordot)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Tensor:
    x, y = arrays(a, b)
    return linalg.tensordot(x, y, axes)


@stands_for(np.einsum)
def _einsum(
    *operands: Any, out: None = None, dtype: Any = None, casting: Any = "safe", optimize: Any = False
) -> Tensor:
    equation, xs = (operands[0], operands[1:]) if isinstance(operands[0], str) else _equation(operands)
    ready = common(*map(tensor_of, xs))
    if dtype is not None and not all(np.can_cast(x.dtype, dtype, casting) for x in ready):
        raise DTypeError(
            f"numpy.einsum: dtype is {dtype}, x {ready[0].dtype}; casting {casting!r} does not allow it"
        )
    return linalg.einsum(equation, *[in_dtype(x, dtype) for x in ready])


def _equation(operands: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """The formula, and the arrays, of `einsum(x, [0, 1], y, [1, 2], [0, 2])`."""
    count = len(operands) // 2
    terms = ["".join("..." if i is ... else ascii_letters[i] for i in part) for part in operands[1::2]]
    arrow = "" if len(operands) % 2 == 0 else "->" + _equation((None, operands[-1]))[0]
    return ",".join(terms[:count]) + arrow, operands[0 : 2 * count : 2]


@stands_for(np.diagonal)
def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    return linalg.diagonal(tensor_of(a), offset, axis1, axis2)


@stands_for(np.diag)
def _diag(v: Any, k: int = 0) -> Tensor:
    return linalg.diag(tensor_of(v), k)


@stands_for(np.trace)
def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: None = None) -> Tensor:
    return FUNCTIONS[np.sum](_diagonal(a, offset, axis1, axis2), -1, dtype)


@stands_for(np.tril)
def _tril(m: Any, k: int = 0) -> Tensor:
    return linalg.tril(_matrix(m), k)


@stands_for(np.triu)
def _triu(m: Any, k: int = 0) -> Tensor:
    return linalg.triu(_matrix(m), k)


def _matrix(m: Any) -> Tensor:
    """A vector stands for as many equal rows."""
    x = tensor_of(m)
    return s.expand(x, (x.shape[0], x.shape[0])) if x.ndim == 1 else x


# Indices ---------------------------------------------------------------------------------------------------------


@stands_for(np.take)
def _take(a: Any, indices: Any, axis: int | None = None, out: None = None, mode: str = "raise") -> Tensor:
    x, index = tensor_of(a), tensor_of(indices)
    index = in_dtype(index, np.int64) if index.dtype.kind == "b" else index
    x = s.ravel(x) if axis is None or not x.ndim else x
    at = one_axis("numpy.take", axis or 0, x.ndim, "axis")
    if mode == "clip":
        index = e.clamp(index, 0, max(x.shape[at] - 1, 0))
    elif mode == "wrap" and x.shape[at]:
        index = e.remainder(index, x.shape[at])
    elif mode not in ("raise", "wrap"):
        raise ArgumentError(f"numpy.take: mode is {mode!r}; must be 'raise', 'wrap' or 'clip'")
    if axis is None:
        return indexing.take(x, index)
    return indexing.getitem(x, (*[slice(None)] * at, index))


@stands_for(np.take_along_axis)
def _take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Tensor:
    x, index = tensor_of(arr), tensor_of(indices)
    x, axis = (s.ravel(x), 0) if axis is None else (x, real_axes("numpy.take_along_axis", axis, x.ndim)[0])
    if index.ndim == x.ndim and index.dtype.kind == "i":
        index = e.where(e.lt(index, 0), e.add(index, x.shape[axis]), index)  # from the end, as NumPy counts
    return indexing.take_along_dim(x, index, axis)


@stands_for(np.compress)
def _compress(condition: Any, a: Any, axis: int | None = None, out: None = None) -> Tensor:
    kept = np.flatnonzero(np.asarray(condition))
    return _take(a, kept, axis)


@stands_for(np.nonzero)
def _nonzero(a: Any) -> tuple[Tensor, ...]:
    x = tensor_of(a)
    if not x.ndim:
        raise ShapeError("numpy.nonzero: a is 0-d; use np.atleast_1d first")
    return indexing.nonzero(x, as_tuple=True)


@stands_for(np.argwhere)
def _argwhere(a: Any) -> Tensor:
    return indexing.argwhere(tensor_of(a))


@stands_for(np.flatnonzero)
def _flatnonzero(a: Any) -> Tensor:
    return _nonzero(s.ravel(tensor_of(a)))[0]


# Like another ----------------------------------------------------------------------------------------------------


def _like(make: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def made(
        a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
    ) -> Tensor:
        x = tensor_of(a)
        x = x if shape is None else Tensor(namespace(x.array).empty(shape, x.dtype))
        return make(x, dtype=dtype, device=device)

    return made


for _theirs, _ours in (
    (np.zeros_like, create.zeros_like), (np.ones_like, create.ones_like), (np.empty_like, create.empty_like),
):  # fmt: skip
    FUNCTIONS[_theirs] = _like(_ours)


@stands_for(np.full_like)
def _full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None,
    *, device: Any = None,
) -> Tensor:  # fmt: skip
    x = tensor_of(a)
    filled = create.full_like(x, fill_value, dtype=dtype, device=device)
    return filled if shape is None else create.full(shape, fill_value, dtype=filled.dtype, device=filled.device)


# Without a gradient ----------------------------------------------------------------------------------------------


_OF_ELEMENTS = (
    np.isclose, np.argsort, np.argpartition, np.lexsort, np.searchsorted, np.digitize, np.bincount, np.isin,
    np.isposinf, np.isneginf, np.isreal, np.iscomplex, np.nanargmax, np.nanargmin, np.unravel_index,
    np.ravel_multi_index, np.ix_,
)  # fmt: skip
_OF_ARRAYS = (
    np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj, np.may_share_memory,
    np.shares_memory, np.allclose, np.array_equal, np.array_equiv, np.array2string, np.array_repr, np.array_str,
    np.min_scalar_type, np.einsum_path, np.save, np.savez, np.savez_compressed, np.savetxt,
)  # fmt: skip


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's own function on the bare values; an array, or element of one, becomes a Tensor."""

    elements = function in _OF_ELEMENTS

    def run(*args: Any, **kwargs: Any) -> Any:
        result = function(*map(bare, args), **{key: bare(value) for key, value in kwargs.items()})
        if elements and isinstance(result, tuple):
            return tuple(map(Tensor, result))
        return Tensor(np.asarray(result)) if elements else result

    return run


for _function in (*_OF_ELEMENTS, *_OF_ARRAYS):
    FUNCTIONS[_function] = _plain(_function)


@stands_for(np.sort)
def _sort(a: Any, axis: int | None = -1, kind: Any = None, *, stable: Any = None) -> Tensor:
    x = tensor_of(a)
    x, along = (s.ravel(x), 0) if axis is None else (x, axis)
    order = namespace(x.array).argsort(x.array, axis=along, kind="stable")
    return indexing.take_along_dim(x, Tensor(order), along)


@stands_for(np.partition)
def _partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None) -> Tensor:
    x = tensor_of(a)
    x, along = (s.ravel(x), 0) if axis is None else (x, axis)
    return indexing.take_along_dim(x, Tensor(np.argpartition(bare(x), kth, axis=along)), along)
