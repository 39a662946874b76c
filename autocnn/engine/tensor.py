"""The Tensor: an array, the node that made it, and the gradient that reached it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from autocnn.backend.arrays import CPU, Device, device_of, is_array, to_device, to_numpy
from autocnn.engine import slots
from autocnn.engine.tape import Leaf, Node
from autocnn.errors import DTypeError, GradientError, MissingError, OperandError, ShapeError
from autocnn.types import Array, DType, Shape

if TYPE_CHECKING:
    from autocnn.engine.methods import Methods  # what `METHODS` holds once ops are imported, as a stub
else:
    Methods = object

F = TypeVar("F", bound=Callable[..., Any])
METHODS: dict[str, Callable[..., Any]] = {}


class Tensor(Methods):
    """An n-dimensional array that remembers how it was made.

    `Tensor(data)` takes an array (shared, not copied), or nested lists; `autocnn.tensor` copies. `Tensor(2, 3)` is
    of that shape, its values yet to be written, as in PyTorch.

    >>> x = Tensor([[1.0, 2.0]])
    >>> x.shape, x.dtype, x.requires_grad
    ((1, 2), dtype('float32'), False)
    """

    __array_priority__ = 1000
    __slots__ = ("__dict__", "__weakref__", "_array", "_node", "grad")
    _array: Array
    _node: Node | None
    grad: Tensor | None

    def __init__(self, data: Any = (), node: Node | int | None = None, *sizes: int) -> None:
        if type(data) is int or isinstance(node, int):
            shape = [n for n in (data, node, *sizes) if n is not None]
            data, node = np.zeros(shape, get_default_dtype()), None
        self._array = data if node is not None else as_array(data)
        self._node = node
        self.grad = None

    def __getattr__(self, name: str) -> Any:
        raise MissingError("Tensor", name, lambda: dir(self))

    # What it is ---------------------------------------------------------------------------------------------

    @property
    def array(self) -> Array:
        """The bare array: of NumPy, CuPy, or the library that it came from."""
        return self._array

    @property
    def shape(self) -> Shape:
        """Length of each axis."""
        return self._array.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> DType:
        """Type of the elements."""
        return self._array.dtype  # type: ignore[no-any-return]

    @property
    def device(self) -> Device:
        """Where the array lives."""
        return device_of(self._array)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._array.ndim  # type: ignore[no-any-return]

    @property
    def requires_grad(self) -> bool:
        """Whether a backward pass computes a gradient for it."""
        return self._node is not None and self._node.requires_grad

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        self.requires_grad_(flag)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for, or waive, the gradient of a leaf; returns the tensor itself."""
        if not self.is_leaf:
            if not requires_grad:
                raise GradientError("requires_grad: only a leaf can waive its gradient; use detach()")
            return self
        if requires_grad and self._array.dtype.kind != "f":
            raise DTypeError(f"requires_grad: dtype is {self._array.dtype}; only floating point has a gradient")
        if requires_grad != self.requires_grad:
            self._node = self._leaf(requires_grad)
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op made it."""
        return self._node is None or self._node.primitive is None or not self._node.requires_grad

    @property
    def grad_fn(self) -> Node | None:
        """The node of the op that made it; None for a leaf."""
        return None if self.is_leaf else self._node

    @property
    def data(self) -> Tensor:
        """A tensor on the same memory, without a graph; assigning swaps the array and keeps the identity."""
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        array = value._array if isinstance(value, Tensor) else as_array(value)
        node = self._node
        if self.requires_grad and array.dtype.kind != "f":
            raise DTypeError(f"data: dtype is {array.dtype}; only floating point has a gradient")
        self._array = array
        if node is not None and node.primitive is None:
            node.shape, node.dtype, node.device = array.shape, array.dtype, device_of(array)

    def detach(self) -> Tensor:
        """A tensor on the same memory, without a graph."""
        return Tensor(self._array)

    # Its place in a graph -----------------------------------------------------------------------------------

    def node(self) -> Node:
        """The node of this tensor; a leaf gets one when it is first needed."""
        return self._node if self._node is not None else self._leaf(False)

    def _leaf(self, requires_grad: bool) -> Node:
        array = self._array
        self._node = Leaf(self, array.shape, array.dtype, device_of(array), requires_grad)
        return self._node

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHook:
        """Call `hook(gradient)` when this tensor's gradient is known; what it returns replaces the gradient.

        The gradient is the hook's own: it may be kept, and written to. Returns an object whose `remove()` takes
        the hook away. Raises GradientError if the tensor does not require a gradient.
        """
        if not self.requires_grad:
            raise GradientError("register_hook: the tensor does not require a gradient")
        node = self.node()
        node.hooks = sorted([*(node.hooks or []), hook], key=lambda h: isinstance(h, Retain))  # those come last
        return RemovableHook(node, hook)

    def retain_grad(self) -> None:
        """Keep `.grad` of a tensor that an op made; to ask twice changes nothing.

        Raises GradientError if the tensor does not require a gradient.
        """
        if not self.requires_grad:
            raise GradientError("retain_grad: the tensor does not require a gradient")
        node = self.node()
        kept = [h.reference() for h in node.hooks or () if isinstance(h, Retain)]
        if node.primitive is not None and not any(tensor is self for tensor in kept):
            node.hooks = [*(node.hooks or []), Retain(weakref.ref(self))]

    # As Python and NumPy see it -----------------------------------------------------------------------------

    def item(self) -> Any:
        """The one element as a Python number."""
        if self._array.size != 1:
            raise ShapeError(f"item: shape is {self.shape}; only one element is a number")
        return to_numpy(self._array).item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return to_numpy(self._array).tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The values as a NumPy array on the same memory.

        Raises GradientError if the tensor requires a gradient, unless `force`d: then the array is read-only.
        """
        if self.requires_grad and not force:
            raise GradientError("numpy: the tensor requires a gradient; use detach().numpy()")
        return self._shown()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self._shown(), dtype=dtype, copy=copy)

    def _shown(self) -> np.ndarray[Any, Any]:
        """The values for others to read, and to write where no graph depends on them."""
        array = to_numpy(self._array)
        if self.requires_grad:
            array = array.view()
            array.flags.writeable = False
        return array

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return slots.numpy_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return slots.numpy_function(function, args, kwargs)

    def __dlpack__(self, **kwargs: Any) -> Any:
        if self.requires_grad:
            raise GradientError("dlpack: the tensor requires a gradient; use detach()")
        return self._array.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise ShapeError(f"bool: shape is {self.shape}; the truth of many is ambiguous. Use any() or all()")
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iub":
            raise DTypeError(f"index: dtype is {self.dtype}; only integers can be an index")
        return int(self.item())

    def __len__(self) -> int:
        if not self.shape:
            raise OperandError("len: a 0-d tensor has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise OperandError("iter: a 0-d tensor cannot be iterated over")
        return iter(self.unbind())

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def __round__(self, ndigits: int | None = None) -> Tensor:
        return self.round(decimals=ndigits or 0)

    def __hash__(self) -> int:
        return id(self)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self._array.size == 1 else str(self)

    # Copies -------------------------------------------------------------------------------------------------

    def __copy__(self) -> Tensor:
        return self.__deepcopy__({}, shallow=True)

    def __deepcopy__(self, memo: dict[int, Any], shallow: bool = False) -> Tensor:
        if not self.is_leaf:
            raise GradientError("copy: only a leaf can be copied; use detach() or clone()")
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        twin._array = self._array if shallow else self._array.copy(order="K")
        twin._node, twin.grad = None, None
        twin.__dict__.update({k: v for k, v in self.__dict__.items() if k not in ("_base", "_way", "_views")})
        return twin.requires_grad_(self.requires_grad)

    def __reduce__(self) -> Any:
        if not self.is_leaf:
            raise GradientError("pickle: only a leaf can be sent elsewhere; use detach()")
        return _rebuild, (type(self), to_numpy(self._array), str(self.device), self.requires_grad)


class RemovableHook:
    """What `register_hook` returns: `remove()` takes the hook away."""

    def __init__(self, node: Node, hook: Callable[..., Any]) -> None:
        self._node, self._hook = node, hook

    def remove(self) -> None:
        """Take the hook away."""
        self._node.hooks = [h for h in self._node.hooks or [] if h is not self._hook] or None


class Retain:
    """A hook that keeps the gradient on the tensor, and changes nothing; called when the sweep is over."""

    def __init__(self, reference: Any) -> None:
        self.reference = reference

    def __call__(self, gradient: Tensor) -> None:
        tensor = self.reference()
        if tensor is not None:
            tensor.grad = gradient if tensor.grad is None else slots.add(tensor.grad, gradient)


def apart(gradient: Tensor) -> Tensor:
    """A gradient in memory of its own, with the graph that it has: what `.grad` keeps."""
    array = gradient._array.copy(order="K")
    return Tensor(array) if gradient._node is None else Tensor(array, gradient._node)


def method(*names: str) -> Callable[[F], F]:
    """Make a public function a method, or an operator, of Tensor under these names."""

    def register(function: F) -> F:
        for name in names:
            METHODS[name] = function
            setattr(Tensor, name, function)
        return function

    return register


# Operands -----------------------------------------------------------------------------------------------------


def as_tensor(value: Any, like: Tensor | None = None) -> Tensor:
    """A Tensor of a value: itself, an array shared, a number or nested lists as a constant.

    Beside a tensor that it is `like` it lies on the same device, and Python floats are as exact as that one.
    """
    if isinstance(value, Tensor):
        return value
    tensor = Tensor(as_array(value))
    if like is None:
        return tensor
    array = tensor._array
    if like.dtype.kind == array.dtype.kind == "f" and not _holds_numpy(value):
        array = np.asarray(value, like.dtype)
    return Tensor(to_device(array, like.device))


def as_array(value: Any) -> Array:
    """An array of a value. Python floats become float32, ints int64; arrays keep their dtype."""
    if type(value) is np.ndarray:
        array = value
    elif isinstance(value, Tensor):
        return value._array
    elif is_array(value):
        return value
    elif isinstance(value, np.generic):
        array = np.asarray(value)
    else:
        array = _from_python(value)
    if array.dtype.kind not in "fiub":
        raise OperandError(f"tensor: {type(value).__name__} of dtype {array.dtype} is not numeric")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _from_python(value: Any) -> np.ndarray[Any, Any]:
    if value is None or isinstance(value, (str, bytes, dict, set)):
        raise OperandError(f"tensor: {value!r} is no tensor, array or number")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ShapeError("tensor: the nested lists have rows of different lengths") from error
    if array.dtype == np.float64 and not _holds_numpy(value):
        array = array.astype(get_default_dtype())
    return array


def _holds_numpy(value: Any) -> bool:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return hasattr(value, "dtype")


def promote(*operands: Any) -> tuple[Any, ...]:
    """The operands in their common dtype, as PyTorch promotes: 0-d tensors and Python numbers are weak.

    Python numbers stay numbers where a tensor stands beside them, since NumPy treats them as weak too.
    """
    tensors = [x if type(x) in (int, float, bool) else as_tensor(x) for x in operands]
    dtype = result_type(*tensors)
    if not any(isinstance(x, Tensor) for x in tensors):
        return tuple(Tensor(np.asarray(x, dtype)) for x in tensors)
    home = _home([x for x in operands if isinstance(x, Tensor) or is_array(x)])
    return tuple(
        _fit(x, dtype, home, movable=not hasattr(o, "shape")) for x, o in zip(tensors, operands, strict=True)
    )


def _home(operands: list[Any]) -> Device:
    """Where operands meet: a number on the host, in a 0-d tensor or in a list, goes to the others."""
    devices = {as_tensor(x).device for x in operands if x.shape}
    if not devices:
        devices = {as_tensor(x).device for x in operands} - {CPU}
    return devices.pop() if len(devices) == 1 else CPU


def _fit(x: Any, dtype: DType, home: Device, movable: bool) -> Any:
    if not isinstance(x, Tensor):
        return x if dtype.kind == "f" else np.asarray(x).astype(dtype).item()
    if x.device != home and (movable or (not x.shape and x.device == CPU)) and not x.requires_grad:
        x = Tensor(to_device(x._array, home))
    return x if x.dtype == dtype else slots.cast(x, dtype)


def result_type(*operands: Any) -> DType:
    """The dtype that operands promote to: tensors with axes first, 0-d tensors next, numbers last."""
    tiers: list[DType | None] = [None, None, None]
    for x in operands:
        tier = 2 if type(x) in (int, float, bool) else 0 if x.shape else 1
        dtype = _NUMBERS[type(x)] if tier == 2 else x.dtype
        before = tiers[tier]
        tiers[tier] = dtype if before is None else promote_types(before, dtype)
    result: DType | None = None
    for found in tiers:
        if found is None:
            continue
        if result is None or _RANK[found.kind] > _RANK[result.kind]:
            result = found if result is None else promote_types(result, found)
    assert result is not None  # there is always an operand
    return result


def promote_types(a: DType, b: DType) -> DType:
    """The common dtype of two: a floating point type wins over integers, whatever its width."""
    if a is b or a == b:
        return a
    if (a.kind == "f") != (b.kind == "f"):
        return a if a.kind == "f" else b
    return np.promote_types(a, b)


_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}
_NUMBERS = {bool: np.dtype(bool), int: np.dtype(np.int64), float: np.dtype(np.float32)}


def get_default_dtype() -> DType:
    """The dtype of Python floats: float32, unless it was set otherwise."""
    return _NUMBERS[float]


def set_default_dtype(d: Any) -> None:
    """Choose the dtype of Python floats; raises DTypeError if it is not a floating point type."""
    chosen = np.dtype(d)
    if chosen.kind != "f":
        raise DTypeError(f"set_default_dtype: d is {chosen}; only floating point can be the default")
    _NUMBERS[float] = chosen


def _rebuild(kind: type[Tensor], array: Any, device: str, requires_grad: bool) -> Tensor:
    twin = kind.__new__(kind)
    twin._array, twin._node, twin.grad = to_device(array, device), None, None
    return twin.requires_grad_(requires_grad)
