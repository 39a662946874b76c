"""What PyTorch's users ask of a tensor beside its values: where it is, what it is, others like it."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.engine import Tensor, as_tensor, method, write
from autocnn.engine.tensor import Retain
from autocnn.ops.create import empty, full, ones, tensor, zeros
from autocnn.ops.elementwise import add, mul
from autocnn.ops.elementwise.casts import to
from autocnn.ops.random import bernoulli, rand, randint, randn
from autocnn.types import Shape


def is_tensor(obj: Any) -> bool:
    """Whether an object is a Tensor.

    >>> is_tensor(Tensor([1.0])), is_tensor([1.0])
    (True, False)
    """
    return isinstance(obj, Tensor)


@method("is_floating_point")
def is_floating_point(input: Any) -> bool:
    """Whether the elements are floating point numbers.

    >>> Tensor([1.0]).is_floating_point(), Tensor([1]).is_floating_point()
    (True, False)
    """
    return bool(as_tensor(input).dtype.kind == "f")


@method("element_size")
def element_size(input: Any) -> int:
    """Bytes of one element.

    >>> Tensor([1.0]).element_size()
    4
    """
    return int(as_tensor(input).dtype.itemsize)


@method("cpu")
def cpu(input: Tensor) -> Tensor:
    """input in the main memory; itself if it is there.

    >>> Tensor([1.0]).cpu().device
    'cpu'
    """
    return to(input, "cpu")


@method("cuda")
def cuda(input: Tensor, device: int | str = 0) -> Tensor:
    """input on a GPU. Raises DeviceError where CuPy is not installed."""
    return to(input, f"cuda:{device}" if isinstance(device, int) else device)


@method("detach_")
def detach_(input: Tensor) -> Tensor:
    """Cut input itself from its graph; it becomes a leaf that requires no gradient.

    >>> x = Tensor([1.0]).requires_grad_() * 2
    >>> x.detach_().requires_grad
    False
    """
    input._node = None
    return input


def _is_cuda(x: Tensor) -> bool:
    """Whether the array is on a GPU."""
    return x.device.type == "cuda"


def _nbytes(x: Tensor) -> int:
    """Bytes of all elements."""
    return int(x.array.nbytes)


def _retains_grad(x: Tensor) -> bool:
    """Whether `.grad` is kept though an op made the tensor."""
    return not x.is_leaf and any(isinstance(hook, Retain) for hook in x.node().hooks or ())


method("is_cuda")(property(_is_cuda))  # type: ignore[type-var]
method("nbytes")(property(_nbytes))  # type: ignore[type-var]
method("retains_grad")(property(_retains_grad))  # type: ignore[type-var]


@method("new_tensor")
def new_tensor(input: Tensor, data: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of new data, with the dtype and device of input.

    >>> Tensor([1.0]).new_tensor([3]).dtype
    dtype('float32')
    """
    return tensor(data, dtype=dtype or input.dtype, device=input.device, requires_grad=requires_grad)


@method("new")
def new(input: Tensor, *args: Any) -> Tensor:
    """A tensor of sizes, or of data, with the dtype and device of input: PyTorch's older way.

    >>> Tensor([1.0]).new(2, 3).shape, Tensor([1.0]).new([4]).tolist()
    ((2, 3), [4.0])
    """
    if args and not all(isinstance(n, int) for n in args):
        return new_tensor(input, args[0])
    return new_zeros(input, args or (0,))


@method("new_zeros")
def new_zeros(input: Tensor, *size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros with the dtype and device of input.

    >>> Tensor([1.0]).new_zeros(2).tolist()
    [0.0, 0.0]
    """
    return zeros(*size, dtype=dtype or input.dtype, device=input.device, requires_grad=requires_grad)


@method("new_ones")
def new_ones(input: Tensor, *size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones with the dtype and device of input.

    >>> Tensor([1.0]).new_ones(2).tolist()
    [1.0, 1.0]
    """
    return ones(*size, dtype=dtype or input.dtype, device=input.device, requires_grad=requires_grad)


@method("new_empty")
def new_empty(input: Tensor, *size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor whose values are yet to be written, with the dtype and device of input.

    >>> Tensor([1.0]).new_empty(2, 3).shape
    (2, 3)
    """
    return empty(*size, dtype=dtype or input.dtype, device=input.device, requires_grad=requires_grad)


@method("new_full")
def new_full(
    input: Tensor, size: Shape, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """One value everywhere, with the dtype and device of input.

    >>> Tensor([1.0]).new_full((2,), 7).tolist()
    [7.0, 7.0]
    """
    return full(size, fill_value, dtype=dtype or input.dtype, device=input.device, requires_grad=requires_grad)


@method("uniform_")
def uniform_(input: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Write draws from U(a, b) into input.

    >>> bool((Tensor([0.0] * 9).uniform_(2, 3) >= 2).all())
    True
    """
    return write(input, add(mul(rand(input.shape, dtype=input.dtype, device=input.device), b - a), a), "uniform_")


@method("normal_")
def normal_(input: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Write draws from N(mean, std^2) into input.

    >>> Tensor([0.0, 0.0]).normal_(5.0, 0.0).tolist()
    [5.0, 5.0]
    """
    return write(input, add(mul(randn(input.shape, dtype=input.dtype, device=input.device), std), mean), "normal_")


@method("bernoulli_")
def bernoulli_(input: Tensor, p: float | Tensor = 0.5) -> Tensor:
    """Write 1 with probability p, else 0, into input.

    >>> Tensor([0.5, 0.5]).bernoulli_(1.0).tolist()
    [1.0, 1.0]
    """
    return write(input, bernoulli(full(input.shape, float(p), device=input.device)), "bernoulli_", cast=True)


@method("random_")
def random_(input: Tensor, from_: int = 0, to: int | None = None) -> Tensor:
    """Write whole numbers into input: below `from_` if there is one argument, else from `from_` to `to` - 1.

    Without arguments they fill the range of the dtype: to 2^24 in float32, 2^53 in float64.

    >>> Tensor([0.0, 0.0]).random_(3, 4).tolist()
    [3.0, 3.0]
    """
    low, high = (0, from_) if to is None and from_ else (from_, to)
    kind = input.dtype
    if high is None:
        high = 1 << np.finfo(kind).nmant + 1 if kind.kind == "f" else int(np.iinfo(kind).max)
    return write(input, randint(low, high, input.shape, device=input.device), "random_", cast=True)


@method("pin_memory")
def pin_memory(input: Tensor) -> Tensor:
    """input itself: memory needs no pinning here."""
    return input
