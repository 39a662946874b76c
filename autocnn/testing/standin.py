"""A device without hardware, as strict as a GPU: it finds on any machine what would fail on CuPy arrays.

A `StandIn` wraps an ndarray that nobody else can reach. Its namespace offers just what CuPy 14 offers, on
stand-ins and Python numbers only; whatever would move data to the host without being asked raises TypeError, and
what CuPy lacks raises AttributeError. Results are bit by bit NumPy's, since NumPy computes them.

>>> x = asarray([1.0, 2.0])
>>> import numpy as np
>>> np.asarray(x)
Traceback (most recent call last):
    ...
TypeError: Implicit conversion to a NumPy array is not allowed. Use `.get()` to make one explicitly
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np

from autocnn.backend.arrays import Device, Library, opener_of, register, register_device
from autocnn.testing import surface

_FREE = ("reshape", "transpose", "view", "fill", "flatten")
"""Methods whose parameters are not those of the function of that name."""
_NUMBERS = (bool, int, float, complex, np.generic)
_PLAIN = (*_NUMBERS, str, type, np.dtype, slice, type(None), type(...))


class StandIn:
    """An array on the stand-in device."""

    __slots__ = ("__weakref__", "_values", "base")
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    device = Device("standin:0")

    def __init__(self, values: np.ndarray[Any, Any], base: StandIn | None = None) -> None:
        self._values = values
        self.base = base
        """The stand-in whose memory this one views; None where it owns its memory."""

    # What it is ---------------------------------------------------------------------------------------------

    shape = property(lambda self: self._values.shape)
    dtype = property(lambda self: self._values.dtype)
    ndim = property(lambda self: self._values.ndim)
    size = property(lambda self: self._values.size)
    nbytes = property(lambda self: self._values.nbytes)
    itemsize = property(lambda self: self._values.itemsize)
    strides = property(lambda self: self._values.strides)

    @property
    def flags(self) -> SimpleNamespace:
        """How the elements lie; there is no `writeable` on a GPU."""
        flags = self._values.flags
        return SimpleNamespace(
            c_contiguous=flags.c_contiguous, f_contiguous=flags.f_contiguous, owndata=self.base is None
        )

    @property
    def T(self) -> StandIn:
        """The axes reversed."""
        return _wrap(self._values.T, [self])  # type: ignore[no-any-return]

    @property
    def mT(self) -> StandIn:
        """The last two axes exchanged."""
        return _wrap(self._values.mT, [self])  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[StandIn]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"StandIn({self._values!r})"

    # To the host, asked for ---------------------------------------------------------------------------------

    def get(self) -> np.ndarray[Any, Any]:
        """A copy on the host."""
        return self._values.copy(order="K")

    def item(self, *index: int) -> Any:
        """One element as a Python number."""
        return self._values.item(*index)

    def tolist(self) -> Any:
        """The elements as nested lists."""
        return self._values.tolist()

    def __bool__(self) -> bool:
        return bool(self._values)

    def __int__(self) -> int:
        return int(self._values)

    def __float__(self) -> float:
        return float(self._values)

    # To the host, not asked for -----------------------------------------------------------------------------

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Use `.get()` to make one explicitly")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> NoReturn:
        raise TypeError(f"numpy.{function.__name__} on a stand-in array: use the function of its own namespace")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        numbers = any(isinstance(x, np.generic) for x in inputs)  # np.float64(2.0) * x ends here
        if method == "__call__" and numbers and not kwargs:
            return getattr(xp, ufunc.__name__)(*inputs)
        raise TypeError(f"numpy.{ufunc.__name__} on a stand-in array: use the function of its own namespace")

    # Copies and views ---------------------------------------------------------------------------------------

    def astype(
        self, dtype: Any, order: str = "K", casting: Any = None, subok: Any = None, copy: bool = True
    ) -> StandIn:
        """The elements in another dtype."""
        assert casting is None, "CuPy does not support it"
        return _wrap(self._values.astype(dtype, order=order, copy=copy), [self])  # type: ignore[no-any-return, call-overload]

    def copy(self, order: Any = "C") -> StandIn:
        """A copy."""
        return StandIn(self._values.copy(order=order))

    def __copy__(self) -> StandIn:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> StandIn:
        return self.copy()

    def __getattr__(self, name: str) -> Any:
        if name not in surface.METHODS:
            raise AttributeError(f"CuPy's arrays have no attribute {name!r}")
        names = "" if name in _FREE else surface.FUNCTIONS[name].partition(" ")[2]
        return _checked(name, getattr(self._values, name), names, owner=self)

    # Elements -----------------------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> StandIn:
        return _wrap(self._values[_index(index)], [self])  # type: ignore[no-any-return]

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(value, (StandIn, *_NUMBERS)):
            _refuse(value)
        self._values[_index(index)] = _unwrap(value)


def _binary(name: str, swapped: bool = False) -> Callable[[Any, Any], Any]:
    def method(self: StandIn, other: Any) -> Any:
        if not isinstance(other, (StandIn, *_NUMBERS)):
            if isinstance(other, np.ndarray):
                _refuse(other)
            return NotImplemented
        return getattr(xp, name)(other, self) if swapped else getattr(xp, name)(self, other)

    return method


def _in_place(name: str) -> Callable[[Any, Any], Any]:
    def method(self: StandIn, other: Any) -> Any:
        return getattr(xp, name)(self, other, out=self)

    return method


def _unary(name: str) -> Callable[[Any], Any]:
    return lambda self: getattr(xp, name)(self)


_OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "power", "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or",
    "xor": "bitwise_xor", "lshift": "left_shift", "rshift": "right_shift",
}  # fmt: skip
_COMPARISONS = {
    "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
}  # fmt: skip
for _spelled, _name in _OPERATORS.items():
    setattr(StandIn, f"__{_spelled}__", _binary(_name))
    setattr(StandIn, f"__r{_spelled}__", _binary(_name, swapped=True))
    if _spelled != "matmul":
        setattr(StandIn, f"__i{_spelled}__", _in_place(_name))
for _spelled, _name in _COMPARISONS.items():
    setattr(StandIn, f"__{_spelled}__", _binary(_name))
for _spelled, _name in {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}.items():
    setattr(StandIn, f"__{_spelled}__", _unary(_name))


# The namespace --------------------------------------------------------------------------------------------------


class Namespace:
    """The module whose functions work on stand-ins: NumPy's, less what CuPy lacks."""

    def __init__(self) -> None:
        self.linalg = _Linalg()
        self.lib = SimpleNamespace(
            stride_tricks=SimpleNamespace(as_strided=_as_strided, sliding_window_view=_sliding_window_view)
        )
        self.ndarray = StandIn
        self.asarray = asarray
        self.asanyarray = asarray
        self.array = array

    def __getattr__(self, name: str) -> Any:
        if name in surface.CONSTANTS or name in surface.QUESTIONS:
            found = getattr(np, name)
        elif name in surface.UFUNCS:
            found = UFunc(name)
        elif name in surface.FUNCTIONS:
            found = _checked(name, getattr(np, name), surface.FUNCTIONS[name])
        else:
            raise AttributeError(f"a GPU's namespace has no attribute {name!r}")
        setattr(self, name, found)
        return found


class UFunc:
    """An elementwise function: arrays and numbers in, a C-contiguous array out, as on a GPU."""

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self._ufunc = getattr(np, name)
        self.nin, self.nout = self._ufunc.nin, self._ufunc.nout

    def __call__(self, *args: Any, out: Any = None, dtype: Any = None, casting: Any = "same_kind") -> Any:
        for x in args:
            if not isinstance(x, (StandIn, *_NUMBERS)):
                _refuse(x)
        kwargs: dict[str, Any] = {"dtype": dtype, "casting": casting, "order": "C"}
        if out is not None:
            kwargs["out"] = _unwrap(out)
        result = self._ufunc(*map(_unwrap, args), **kwargs)
        return out if out is not None else _wrap(result, args)

    def outer(self, a: StandIn, b: StandIn) -> Any:
        """The function of all pairs."""
        return _wrap(self._ufunc.outer(_unwrap(a), _unwrap(b)), [])

    def __getattr__(self, name: str) -> Any:
        if name not in surface.UFUNC_METHODS:
            raise AttributeError(f"CuPy's ufuncs have no attribute {name!r}")
        if self.__name__ not in surface.UFUNC_METHODS[name]:
            raise AttributeError(f"CuPy does not support {self.__name__}.{name}")
        parameters = {
            "at": "a indices b",
            "reduce": _SUM_OF_UFUNC,
            "accumulate": "array axis dtype out",
            "reduceat": "array indices axis dtype out",
        }
        return _checked(f"{self.__name__}.{name}", getattr(self._ufunc, name), parameters[name])


_SUM_OF_UFUNC = "array axis dtype out keepdims"


class _Linalg:
    def __getattr__(self, name: str) -> Any:
        if name not in surface.LINALG:
            raise AttributeError(f"a GPU's linalg has no attribute {name!r}")
        return _checked(name, getattr(np.linalg, name))


def asarray(
    a: Any, dtype: Any = None, order: Any = None, *, copy: bool | None = None, blocking: bool = False
) -> StandIn:
    """An array on the device: itself, or a copy of what is on the host.

    >>> asarray([1.0, 2.0]).shape
    (2,)
    """
    if not isinstance(a, StandIn):
        return array(a, dtype, order=order or "K")
    values = np.asarray(a._values, dtype, order, copy=copy)
    return _wrap(values, [a])  # type: ignore[no-any-return]


def array(
    obj: Any, dtype: Any = None, copy: bool | None = True, order: Any = "K", subok: bool = False,
    ndmin: int = 0, *, blocking: bool = False,
) -> StandIn:  # fmt: skip
    """A copy on the device of an array, of numbers, or of nested lists.

    >>> array(2).dtype
    dtype('int64')
    """
    values = np.array(_unwrap(obj), dtype, copy=True if copy else None, order=order, ndmin=ndmin)
    inside = obj if isinstance(obj, StandIn) else None
    return _wrap(values, [inside]) if inside is not None and not copy else StandIn(np.array(values, order="K"))


def _as_strided(x: StandIn, shape: Any = None, strides: Any = None) -> Any:
    return _wrap(np.lib.stride_tricks.as_strided(x._values, shape, strides), [x])


def _sliding_window_view(x: StandIn, window_shape: Any, axis: Any = None, *, writeable: bool = False) -> Any:
    return _wrap(np.lib.stride_tricks.sliding_window_view(x._values, window_shape, axis, writeable=writeable), [x])


def _checked(name: str, function: Callable[..., Any], names: str = "", owner: StandIn | None = None) -> Any:
    """A NumPy function that takes stand-ins and numbers only, with the parameters that CuPy knows."""
    known = names.split()

    def call(*args: Any, **kwargs: Any) -> Any:
        unknown = set(kwargs) - set(known)
        if known and (unknown or ("*" not in known and len(args) > len(known))):
            raise TypeError(f"{name} takes {names} on a GPU; given {len(args)} values and {sorted(kwargs)}")
        for x in (*args, *kwargs.values()):
            _allow(x)
        if "newshape" in kwargs:
            kwargs["shape"] = kwargs.pop("newshape")
        result = function(*map(_unwrap, args), **{k: _unwrap(x) for k, x in kwargs.items()})
        if name in ("shape", "ndim", "size", "may_share_memory", "shares_memory"):
            return result
        if name == "diagonal":
            result.flags.writeable = True  # as on a GPU
        out = kwargs.get("out")
        return out if out is not None else _wrap(result, [owner, *_arrays(args)])

    call.__name__ = name
    return call


# Wrapping and unwrapping ----------------------------------------------------------------------------------------


def _refuse(x: Any) -> NoReturn:
    raise TypeError(f"Unsupported type {type(x)}")


def _allow(x: Any) -> None:
    if isinstance(x, (list, tuple)):
        for part in x:
            _allow(part)
    elif isinstance(x, dict):
        _allow(list(x.values()))
    elif not isinstance(x, (StandIn, *_PLAIN)):
        _refuse(x)


def _arrays(args: Any) -> list[StandIn]:
    """The stand-ins among arguments, in lists too."""
    found: list[StandIn] = []
    for x in args:
        if isinstance(x, StandIn):
            found.append(x)
        elif isinstance(x, (list, tuple)):
            found.extend(_arrays(x))
    return found


def _unwrap(x: Any) -> Any:
    if isinstance(x, StandIn):
        return x._values
    if isinstance(x, (list, tuple)):
        return type(x)(_unwrap(part) for part in x)
    return x


def _index(index: Any) -> Any:
    """An index: numbers, slices, lists of numbers, stand-ins; no NumPy array."""
    _allow(index)
    return _unwrap(index)


def _wrap(result: Any, sources: Any) -> Any:
    """A result as stand-ins; 0-d ones stay arrays. What views a source's memory says so by its `base`."""
    if isinstance(result, (tuple, list)):
        return tuple(_wrap(part, sources) for part in result)
    if isinstance(result, (np.generic, bool)):
        return StandIn(np.asarray(result))
    if not isinstance(result, np.ndarray):
        return result
    root = _root(result)
    for source in sources:
        if isinstance(source, StandIn):
            if source._values is result:
                return source
            if _root(source._values) is root:
                return StandIn(result, source if source.base is None else source.base)
    return StandIn(result)


def _root(values: Any) -> Any:
    """The ndarray that owns memory: strided views keep it behind an object that is no array."""
    while getattr(values, "base", None) is not None:
        values = values.base
    return values


xp = Namespace()
"""The namespace of stand-ins, in place of the GPU library."""

LIBRARY = Library(
    xp=xp,
    device_of=operator.attrgetter("device"),
    from_numpy=lambda values, device: StandIn(np.array(values, order="K")),
    to_numpy=StandIn.get,
)
register(StandIn, LIBRARY)
register_device("standin", lambda: LIBRARY)


@contextmanager
def pretend_cuda() -> Iterator[None]:
    """Call the stand-in device ``"cuda:0"`` for the length of a ``with`` block: code that asks for a GPU gets it.

    >>> import autocnn as ac
    >>> with pretend_cuda():
    ...     ac.ones(2, device="cuda").is_cuda
    True
    """
    before, name = opener_of("cuda"), StandIn.device
    register_device("cuda", lambda: LIBRARY)
    StandIn.device = Device("cuda:0")
    try:
        yield
    finally:
        StandIn.device = name
        register_device("cuda", before)
