"""NumPy's universal functions on Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autocnn.backend.arrays import namespace
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, OperandError, ShapeError
from autocnn.ops import elementwise as e
from autocnn.ops import linalg, reduce, shape
from autocnn.ops.elementwise import cast
from autocnn.ops.elementwise.arithmetic import _floor_divide, _fmod, _remainder
from autocnn.ops.elementwise.exponential import _cbrt
from autocnn.ops.numpy.table import (
    call,
    dtype_of,
    in_dtype,
    name_of,
    operand,
    real_axes,
    refuse,
    stands_for,
    tensor_of,
)


def _values(ufunc: np.ufunc) -> Callable[..., Tensor]:
    """A step function: its values, without a gradient."""

    def run(*xs: Any) -> Tensor:
        arrays = [x.array if isinstance(x, Tensor) else x for x in xs]
        home = next(x for x in arrays if hasattr(x, "shape"))
        return Tensor(getattr(namespace(home), ufunc.__name__)(*arrays))

    return run


def _fraction(x: Tensor) -> Tensor:
    return e.sub(x, e.trunc(x))


_LN2 = float(np.log(2))


def _by_ln2(x: Any) -> Any:
    return e.mul(x, _LN2) if isinstance(x, Tensor) else x * _LN2


UFUNCS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: e.add,
    np.subtract: e.sub,
    np.multiply: e.mul,
    np.divide: e.div,
    np.floor_divide: _floor_divide,  # the primitives: of integers by 0 NumPy makes 0, where PyTorch raises
    np.remainder: _remainder,
    np.fmod: _fmod,
    np.divmod: lambda x, y: (_floor_divide(x, y), _remainder(x, y)),
    np.power: e.pow,
    np.float_power: e.pow,
    np.negative: e.neg,
    np.positive: e.positive,
    np.absolute: e.abs,
    np.fabs: e.abs,
    np.sign: lambda x: e.where(e.isnan(x), x, e.sign(x)),
    np.reciprocal: e.reciprocal,
    np.square: e.square,
    np.sqrt: e.sqrt,
    np.conjugate: e.positive,
    np.exp: e.exp,
    np.exp2: e.exp2,
    np.expm1: e.expm1,
    np.log: e.log,
    np.log2: e.log2,
    np.log10: e.log10,
    np.log1p: e.log1p,
    np.logaddexp: e.logaddexp,
    np.hypot: e.hypot,
    np.sin: e.sin,
    np.cos: e.cos,
    np.tan: e.tan,
    np.arcsin: e.asin,
    np.arccos: e.acos,
    np.arctan: e.atan,
    np.arctan2: e.atan2,
    np.sinh: e.sinh,
    np.cosh: e.cosh,
    np.tanh: e.tanh,
    np.arcsinh: e.asinh,
    np.arccosh: e.acosh,
    np.arctanh: e.atanh,
    np.deg2rad: lambda x: e.mul(x, np.pi / 180),
    np.radians: lambda x: e.mul(x, np.pi / 180),
    np.rad2deg: lambda x: e.mul(x, 180 / np.pi),
    np.degrees: lambda x: e.mul(x, 180 / np.pi),
    np.floor: e.floor,
    np.ceil: e.ceil,
    np.trunc: e.trunc,
    np.rint: e.round,
    np.maximum: e.maximum,
    np.minimum: e.minimum,
    np.fmax: e.fmax,
    np.fmin: e.fmin,
    np.equal: e.eq,
    np.not_equal: e.ne,
    np.less: e.lt,
    np.less_equal: e.le,
    np.greater: e.gt,
    np.greater_equal: e.ge,
    np.isfinite: e.isfinite,
    np.isinf: e.isinf,
    np.isnan: e.isnan,
    np.logical_and: e.logical_and,
    np.logical_or: e.logical_or,
    np.logical_xor: e.logical_xor,
    np.logical_not: e.logical_not,
    np.bitwise_and: e.bitwise_and,
    np.bitwise_or: e.bitwise_or,
    np.bitwise_xor: e.bitwise_xor,
    np.invert: e.bitwise_not,
    np.left_shift: e.bitwise_left_shift,
    np.right_shift: e.bitwise_right_shift,
    np.matmul: linalg.matmul,
    np.vecdot: lambda x, y: reduce.sum(e.mul(x, y), -1),
    np.matvec: lambda x, y: shape.squeeze(linalg.matmul(x, shape.unsqueeze(y, -1)), -1),
    np.vecmat: lambda x, y: shape.squeeze(linalg.matmul(shape.unsqueeze(x, -2), y), -2),
    np.copysign: lambda x, y: e.mul(e.abs(tensor_of(x)), e.where(_values(np.signbit)(tensor_of(y)), -1.0, 1.0)),
    np.heaviside: lambda x, y: e.where(e.eq(x, 0), y, e.where(e.isnan(x), x, e.gt(x, 0))),
    np.logaddexp2: lambda x, y: e.div(e.logaddexp(_by_ln2(x), _by_ln2(y)), _LN2),
    np.signbit: _values(np.signbit),
    np.spacing: _values(np.spacing),
    np.gcd: _values(np.gcd),
    np.lcm: _values(np.lcm),
    np.bitwise_count: _values(np.bitwise_count),
    np.modf: lambda x: (_fraction(e.where(e.isinf(x), 0.0, x)), e.trunc(x)),
    np.cbrt: _cbrt,
}

_COMPARISONS = (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
_REDUCTIONS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_and: np.all,
    np.logical_or: np.any,
}


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run one of NumPy's universal functions on Tensors, traced: the function itself, or its method.

    Raises OperandError for a function, a method or an argument that does not work on tensors.
    """
    name = name_of(ufunc)
    if method == "__call__":
        return _call(ufunc, name, inputs, kwargs)
    if method == "outer" and ufunc in UFUNCS:
        x, y = map(tensor_of, inputs)
        return _call(ufunc, name, (shape.reshape(x, (*x.shape, *[1] * y.ndim)), y), kwargs)
    if method == "accumulate" and ufunc in UFUNCS:
        refuse(f"{name}.{method}", {"out": kwargs.pop("out", None)})
        return accumulate(ufunc, *inputs, **kwargs)
    found = _REDUCTIONS.get(ufunc) if method == "reduce" else None
    if found is None:
        raise OperandError(f"{name}.{method}: does not work on tensors; use np.asarray(x.detach())")
    refuse(f"{name}.{method}", {"out": kwargs.pop("out", None)})
    given = _by_name(found, inputs[1:], {"axis": 0, **kwargs})
    x = in_dtype(tensor_of(inputs[0]), given.pop("dtype", None) if found in (np.max, np.min) else None)
    return call(found, (x,), given)


def _by_name(function: Callable[..., Any], rest: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `ufunc.reduce(x, axis, dtype, out, keepdims, initial, where)` for a function beside it."""
    given = {**kwargs, **dict(zip(("axis", "dtype", "out", "keepdims", "initial", "where"), rest, strict=False))}
    if function in (np.all, np.any) and (given.get("dtype") is None or np.dtype(given["dtype"]).kind == "b"):
        given.pop("dtype", None)
    return given


def _in_range(ufunc: np.ufunc, name: str, operands: list[Any], loop: tuple[Any, ...]) -> list[Any]:
    """The operands, once Python integers are known to fit: NumPy compares with others, and adds none."""
    for x, dtype in zip(operands, loop, strict=False):
        if type(x) is not int or dtype.kind not in "iu" or np.iinfo(dtype).min <= x <= np.iinfo(dtype).max:
            continue
        if ufunc not in _COMPARISONS:
            raise ArgumentError(f"{name}: {x} is out of bounds for {dtype}; cast x to a wider dtype")
        return [cast(y, np.dtype(np.int64)) if isinstance(y, Tensor) else y for y in operands]
    return operands


def _check_cores(ufunc: np.ufunc, name: str, operands: list[Any]) -> None:
    """Raise ShapeError where an operand of a function of vectors and matrices has too few axes."""
    for x, core in zip(operands, (ufunc.signature or "").split("->")[0].split("),"), strict=False):
        least = 0 if "?" in core else core.count(",") + ("(" in core)
        if len(getattr(x, "shape", ())) < least:
            raise ShapeError(f"{name}: x is {getattr(x, 'shape', ())}; must have {least} axes or more")


def accumulate(ufunc: np.ufunc, array: Any, axis: int = 0, dtype: Any = None) -> Tensor:
    """The running results of a binary universal function along an axis."""
    x = tensor_of(array)
    if not x.ndim:
        raise ShapeError(f"{name_of(ufunc)}.accumulate: x is 0-d; there is no axis to run along")
    at = real_axes(f"{name_of(ufunc)}.accumulate", axis, x.ndim)[0]
    goal = ufunc.accumulate(np.ones(1, x.dtype), dtype=dtype).dtype
    if ufunc is np.add or not x.array.size:
        return in_dtype(reduce.cumsum(in_dtype(x, goal), at), goal)
    rows = list(shape.unbind(in_dtype(x, goal), at))
    for i in range(1, len(rows)):
        rows[i] = in_dtype(_call(ufunc, name_of(ufunc), (rows[i - 1], rows[i]), {}), goal)
    return shape.stack(rows, at)


@stands_for(np.cumprod)
def _cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Tensor:
    x = tensor_of(a)
    x, along = (shape.ravel(x), 0) if axis is None or not x.ndim else (x, axis)
    return accumulate(np.multiply, x, along, dtype)


def _call(ufunc: np.ufunc, name: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    ours = UFUNCS.get(ufunc)
    if ours is None:
        raise OperandError(f"{name}: does not work on tensors; use np.asarray(x.detach()) for their bare values")
    dtype, casting = kwargs.pop("dtype", None), kwargs.pop("casting", "same_kind")
    if all(x is None for x in kwargs.get("out") or ()):
        kwargs.pop("out", None)
    refuse(name, kwargs)
    xs = [operand(x) for x in inputs]
    _check_cores(ufunc, name, xs)
    unknown = (None,) * ufunc.nout
    wanted: dict[str, Any] = (
        {} if dtype is None else {"signature": ((None,) * ufunc.nin + (np.dtype(dtype),) * ufunc.nout)}
    )
    loop = ufunc.resolve_dtypes((*map(dtype_of, xs), *unknown), casting=casting, **wanted)
    ready = [in_dtype(x, d) if isinstance(x, Tensor) else x for x, d in zip(xs, loop, strict=False)]
    if not any(isinstance(x, Tensor) for x in ready):
        ready = [in_dtype(x, d) for x, d in zip(ready, loop, strict=False)]
    z = ours(*_in_range(ufunc, name, ready, loop))
    if isinstance(z, tuple):
        return z
    return in_dtype(z, loop[-1])
