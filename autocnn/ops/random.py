"""Random tensors, and dropout.

A draw is a function of (key, counter, shape). Dropout keeps key and counter as parameters of its node, so that
replay, recomputation and derivatives of derivatives draw the same mask, and for the backward pass a bit of it for
each element.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from autocnn.backend import kernels
from autocnn.backend import random as draws
from autocnn.backend.arrays import as_device, device_namespace, namespace
from autocnn.backend.random import Generator
from autocnn.engine import Tensor, as_tensor, method, no_grad, primitive, result_type
from autocnn.engine.inplace import write
from autocnn.engine.tensor import get_default_dtype
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from autocnn.ops.axes import by_name
from autocnn.ops.elementwise import add, mul
from autocnn.types import Shape

# Draws --------------------------------------------------------------------------------------------------------


def manual_seed(seed: int) -> Generator:
    """Start the random numbers of every device over from a seed; gives the CPU's generator.

    Raises ArgumentError for what is no number.

    >>> first = manual_seed(3) and rand(2)
    >>> manual_seed(3) and rand(2).tolist() == first.tolist()
    True
    """
    try:
        return draws.manual_seed(int(seed))
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError(f"manual_seed: seed is {seed!r}; it must be an integer") from None


@contextmanager
def drawn_apart(seed: int) -> Iterator[None]:
    """Draw from a seed inside a ``with`` block; afterwards the library's generators go on as if nothing was.

    >>> _ = manual_seed(1)
    >>> with drawn_apart(7):
    ...     inside = rand(2)
    >>> rand(2).tolist() == (manual_seed(1) and rand(2).tolist())
    True
    """
    before = draws.get_states()
    first = draws.default_generator().initial_seed()
    manual_seed(seed)
    try:
        yield
    finally:
        draws.manual_seed(first)  # for devices that were first used inside
        draws.set_states(before)


def generator_of(seed: int, name: str) -> Generator:
    """A stream of draws that depends on a seed and a name, and on nothing else.

    >>> generator_of(0, "a").next_key() == generator_of(0, "a").next_key() != generator_of(0, "b").next_key()
    True
    """
    digest = hashlib.blake2b(f"{int(seed)} {name}".encode(), digest_size=8).digest()
    return Generator(int.from_bytes(digest, "little"))


@by_name("size")
def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: str | None = "cpu",
    requires_grad: bool = False,
) -> Tensor:
    """Uniform on [0, 1), of a given shape.

    >>> rand(2, 3).shape
    (2, 3)
    """
    return _drawn("rand", draws.uniform, size, generator, dtype, device, requires_grad)


@by_name("size")
def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: str | None = "cpu",
    requires_grad: bool = False,
) -> Tensor:
    """Standard normal, of a given shape.

    >>> randn((2, 3)).dtype
    dtype('float32')
    """
    return _drawn("randn", draws.normal, size, generator, dtype, device, requires_grad)


def rand_like(
    input: Any, *, dtype: Any = None, generator: Generator | None = None, requires_grad: bool = False
) -> Tensor:
    """Uniform on [0, 1), with the shape, dtype and device of another tensor.

    >>> rand_like(Tensor([1.0, 2.0])).shape
    (2,)
    """
    x = as_tensor(input)
    return rand(x.shape, generator=generator, dtype=dtype or x.dtype, device=x.device, requires_grad=requires_grad)


def randn_like(
    input: Any, *, dtype: Any = None, generator: Generator | None = None, requires_grad: bool = False
) -> Tensor:
    """Standard normal, with the shape, dtype and device of another tensor.

    >>> randn_like(Tensor([1.0, 2.0])).shape
    (2,)
    """
    x = as_tensor(input)
    return randn(
        x.shape, generator=generator, dtype=dtype or x.dtype, device=x.device, requires_grad=requires_grad
    )


def randint(
    low: int,
    high: int | Sequence[int] | None = None,
    size: Sequence[int] | None = None,
    *,
    generator: Generator | None = None,
    dtype: Any = np.int64,
    device: str | None = "cpu",
) -> Tensor:
    """Integers from `low` to `high` - 1 (from 0 to `low` - 1 where two arguments are given), of shape `size`.

    Raises ArgumentError if there is nothing to draw from.

    >>> randint(5, 6, (3,)).tolist()
    [5, 5, 5]
    """
    first, last, shape = (0, low, high) if size is None else (low, high, size)
    if not isinstance(last, int) or not isinstance(shape, Sequence):
        raise ArgumentError(f"randint: high is {high!r}, size {size!r}; give (low, high, size) or (high, size)")
    if first >= last:
        raise ArgumentError(f"randint: low is {first}, high {last}; low must be smaller")
    key, counter = _generator(generator, device).next_key()
    xp = device_namespace(device)
    return Tensor(draws.integers(key, counter, tuple(shape), first, last, np.dtype(dtype), xp))


def randperm(n: int, *, generator: Generator | None = None, device: str | None = "cpu") -> Tensor:
    """0 .. n - 1 in random order, int64.

    >>> sorted(randperm(3).tolist())
    [0, 1, 2]
    """
    if n < 0:
        raise ArgumentError(f"randperm: n is {n}; it must be at least 0")
    key, counter = _generator(generator, device).next_key()
    return Tensor(draws.permutation(key, counter, n, device_namespace(device)))


def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Sequence[int] | None = None, *,
    generator: Generator | None = None, dtype: Any = None, device: str | None = "cpu",
) -> Tensor:  # fmt: skip
    """Normal numbers of a given mean and standard deviation, numbers or tensors, of shape `size` or theirs.

    >>> normal(2.0, 0.0, (2,)).tolist()
    [2.0, 2.0]
    """
    with no_grad():
        m, s = as_tensor(mean), as_tensor(std)
        shape = tuple(size) if size is not None else np.broadcast_shapes(m.shape, s.shape)
        where = next((str(t.device) for t in (m, s) if t.shape), device)
        drawn = randn(shape, generator=generator, dtype=dtype or result_type(m, s, 1.0), device=where)
        return add(mul(drawn, std), mean)


@method("bernoulli")
def bernoulli(input: Any, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that input holds, else 0: x (...) -> the same shape and dtype. No gradient.

    >>> bernoulli(Tensor([0.0, 1.0])).tolist()
    [0.0, 1.0]
    """
    x = as_tensor(input)
    key, counter = _generator(generator, x.device).next_key()
    return _bernoulli(x, key=key, counter=counter)


@primitive(differentiable=False)
def _bernoulli(xp: Any, x: Any, *, key: int, counter: int) -> Any:
    return xp.less(draws.uniform(key, counter, x.shape, x.dtype, xp), x).astype(x.dtype)


def _drawn(
    op: str,
    draw: Any,
    size: Sequence[Any],
    generator: Generator | None,
    dtype: Any,
    device: str | None,
    requires_grad: bool,
) -> Tensor:
    shape = tuple(size[0]) if len(size) == 1 and isinstance(size[0], Sequence) else tuple(size)
    if any(not isinstance(n, (int, np.integer)) or n < 0 for n in shape):
        raise ShapeError(f"{op}: size is {shape}; lengths are whole numbers of at least 0")
    chosen = get_default_dtype() if dtype is None else np.dtype(dtype)
    if chosen.kind != "f":
        raise DTypeError(f"{op}: dtype is {chosen}; it must be floating point")
    key, counter = _generator(generator, device).next_key()
    return Tensor(draw(key, counter, shape, chosen, device_namespace(device))).requires_grad_(requires_grad)


def _generator(generator: Generator | None, device: str | None) -> Generator:
    return draws.default_generator(as_device(device)) if generator is None else generator


# Dropout ------------------------------------------------------------------------------------------------------


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element zeroed with probability p, the others divided by 1 - p; x itself outside training.

    Raises ArgumentError unless 0 <= p <= 1. Source: Srivastava et al. 2014, scaled in training ("inverted").

    >>> dropout(Tensor([1.0, 2.0]), training=False).tolist(), dropout(Tensor([1.0, 2.0]), 1.0).tolist()
    ([1.0, 2.0], [0.0, 0.0])
    """
    x = as_tensor(input)
    return _dropped("dropout", x, x.shape, p, training, inplace)


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels zeroed with probability p: input (N, C, L) or (C, L).

    >>> dropout1d(Tensor([[1.0, 2.0]]), 1.0).tolist()
    [[0.0, 0.0]]
    """
    return _dropped_channels("dropout1d", 1, input, p, training, inplace)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels zeroed with probability p, the others divided by 1 - p: input (N, C, H, W) or (C, H, W).

    Source: Tompson et al. 2015, section 3.2.

    >>> dropout2d(Tensor([[[1.0, 2.0]]]), 1.0).tolist()
    [[[0.0, 0.0]]]
    """
    return _dropped_channels("dropout2d", 2, input, p, training, inplace)


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels zeroed with probability p: input (N, C, D, H, W) or (C, D, H, W).

    >>> dropout3d(Tensor([[[[1.0, 2.0]]]]), 1.0).tolist()
    [[[[0.0, 0.0]]]]
    """
    return _dropped_channels("dropout3d", 3, input, p, training, inplace)


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout for `selu`: what is dropped takes selu's lowest value, and mean and variance stay 0 and 1.

    Raises ArgumentError unless 0 <= p <= 1. Source: Klambauer et al. (2017), section 3.

    >>> alpha_dropout(Tensor([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """
    x = as_tensor(input)
    return _saturated("alpha_dropout", x, x.shape, p, training, inplace)


def feature_alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels: input (N, C, ...).

    >>> feature_alpha_dropout(Tensor([[1.0, 2.0]])).tolist()
    [[1.0, 2.0]]
    """
    x = as_tensor(input)
    if x.ndim < 2:
        raise ShapeError(f"feature_alpha_dropout: x is {x.ndim}-d {x.shape}; it must be (N, C, ...)")
    return _saturated("feature_alpha_dropout", x, (*x.shape[:2], *(1,) * (x.ndim - 2)), p, training, inplace)


_LOWEST = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717
"""What selu goes to."""


def _saturated(op: str, x: Tensor, shape: Shape, p: float, training: bool, inplace: bool) -> Tensor:
    if not training or not 0.0 < p < 1.0:
        return _dropped(op, x, shape, p, training, inplace)
    scale = ((_LOWEST**2 * p + 1) * (1 - p)) ** -0.5
    share = Tensor(namespace(x.array).full(shape, 1.0 - p, dtype=x.dtype))
    keep = bernoulli(share)
    lowest = _LOWEST * scale
    shift = add(mul(keep, -lowest), lowest * (1 - p))  # lowest where x is dropped, and all of it moved to mean 0
    z = add(mul(x, mul(keep, scale)), shift)
    return write(x, z, op + "_") if inplace else z


def _dropped_channels(op: str, ndim: int, x: Any, p: float, training: bool, inplace: bool) -> Tensor:
    x = as_tensor(x)
    if x.ndim not in (ndim + 1, ndim + 2):
        raise ShapeError(f"{op}: x is {x.ndim}-d {x.shape}; it must have {ndim + 1} or {ndim + 2} axes")
    return _dropped(op, x, (*x.shape[: x.ndim - ndim], *(1,) * ndim), p, training, inplace)


def _dropped(op: str, x: Tensor, shape: Shape, p: float, training: bool, inplace: bool) -> Tensor:
    """x times a mask of `shape`, which broadcasts to that of x."""
    if not 0.0 <= p <= 1.0:
        raise ArgumentError(f"{op}: p is {p}; it must be from 0 to 1")
    if not training or p == 0.0:
        return x
    key, counter = _generator(None, x.device).next_key()
    z = _dropout(x, key=key, counter=counter, shape=shape, p=float(p))
    return write(x, z, op + "_") if inplace else z


def stochastic_depth(input: Any, p: float, mode: str, training: bool = True) -> Tensor:
    """A branch left out with probability p, for the whole batch (`mode` "batch") or by image ("row"): (N, ...).

    What stays is divided by 1 - p; outside training input itself.
    Raises ArgumentError for another mode, or unless 0 <= p <= 1.
    Source: Huang et al. (2016), "Deep networks with stochastic depth", equation 2, scaled in training.

    >>> stochastic_depth(Tensor([[1.0, 2.0]]), 1.0, "row").tolist()
    [[0.0, 0.0]]
    """
    x = as_tensor(input)
    if mode not in ("batch", "row"):
        raise ArgumentError(f"stochastic_depth: mode is {mode!r}; it must be 'batch' or 'row'")
    if not x.ndim:
        raise ShapeError("stochastic_depth: x is 0-d; it must be (N, ...)")
    shape = (x.shape[0] if mode == "row" else 1, *(1,) * (x.ndim - 1))
    return _dropped("stochastic_depth", x, shape, p, training, False)


@primitive(saves=("bits",), residuals=("bits",))
def _dropout(xp: Any, x: Any, *, key: int, counter: int, shape: Shape, p: float) -> Any:
    """x times a mask that is 0 with probability p and 1 / (1 - p) otherwise: linear, and its own adjoint."""
    mask = draws.keep_mask(key, counter, _lasting(shape), 1.0 - p, xp)
    return _masked(xp, x, mask, shape, p), (xp.packbits(mask),)


@primitive(differentiable=False)
def _dropout_backward(xp: Any, g: Any, bits: Any, *, shape: Shape, p: float) -> Any:
    """The same mask on g, from its bits."""
    lasting = _lasting(shape)
    mask = xp.unpackbits(bits)[: prod(lasting)].reshape(lasting).view(bool)
    return _masked(xp, g, mask, shape, p)


def _lasting(shape: Shape) -> Shape:
    """The shape of a mask in the order of memory, in which it is drawn."""
    return (shape[0], *shape[2:], shape[1]) if _has_channels(shape) else shape


def _has_channels(shape: Shape) -> bool:
    return 3 <= len(shape) <= 5


def _masked(xp: Any, x: Any, mask: Any, shape: Shape, p: float) -> Any:
    kept = kernels.logical(xp, mask) if _has_channels(shape) else mask
    return kernels.masked(xp, x, kept, scale=1.0 / (1.0 - p) if p < 1.0 else 0.0)


_dropout.vjp(lambda g, z, x, key, counter, shape, p, **_: _dropout(g, key=key, counter=counter, shape=shape, p=p))
_dropout.fast(lambda g, z, x, need, bits, shape, p, **_: (_dropout_backward(g, bits, shape=shape, p=p),))
