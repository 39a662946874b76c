"""Max, average and adaptive average pooling, each with an adjoint that is its derivative.

Max pooling keeps, as a residual, which kernel offset won each window; scattering to the winners and looking
values up at them are each other's derivative, so every order follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autocnn.backend import geometry, kernels
from autocnn.engine import Tensor, as_tensor, primitive
from autocnn.engine.primitive import residual_tensor
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.channels import batched, unbatched
from autocnn.ops.precision import adding
from autocnn.types import Shape, Size

# Max pooling --------------------------------------------------------------------------------------------------


def max_pool1d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Largest value of each window: (N, C, L) -> (N, C, l). As :func:`max_pool2d`, with one spatial axis.

    >>> max_pool1d(Tensor([[1.0, 3.0, 2.0, 0.0]]), 2).tolist()
    [[3.0, 2.0]]
    """
    return _max("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Largest value of each window: (N, C, H, W) -> (N, C, oh, ow), oh = (H + 2 ph - dh (kh - 1) - 1) // sh + 1.

    `stride` is the kernel size unless given; with `ceil_mode` a last window may hang over the end. The gradient
    goes to the first winner; NaN wins. With `return_indices` also its positions in the flattened H W, int64.
    Raises ShapeError if a window does not fit, ArgumentError if padding exceeds half a kernel.

    >>> max_pool2d(Tensor([[[1.0, 3.0], [2.0, 0.0]]]), 2, return_indices=True)[1].tolist()
    [[[1]]]
    """
    return _max("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Largest value of each window: (N, C, D, H, W) -> (N, C, od, oh, ow). As :func:`max_pool2d`.

    >>> max_pool3d(Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]), (1, 2, 2)).tolist()
    [[[[3.0]]]]
    """
    return _max("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _max(
    op: str, ndim: int, x: Any, kernel: Size, stride: Size | None, padding: Size, dilation: Size, ceil_mode: bool,
    return_indices: bool,
) -> Any:  # fmt: skip
    x, alone = batched(op, x, ndim)
    window = _window(op, x.shape[2:], kernel, stride, padding, dilation, ceil_mode)
    if not return_indices:
        return unbatched(_max_pool(x, **window), alone)
    z, (winners,) = _max_pool.run((x.array,), window)
    best = _max_pool.note((x,), window, z, (winners,))
    shared = {name: value for name, value in window.items() if name != "ceil_mode"}  # the node keeps the window
    kept = Tensor(winners) if best._node is None else residual_tensor(best.node(), 0, winners)
    indices = _max_pool_indices(kept, space=x.shape[2:], **shared)
    return unbatched(best, alone), unbatched(indices, alone)


@primitive(saves=("winners",), residuals=("winners",))
def _max_pool(
    xp: Any, x: Any, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
) -> Any:
    z, winners = kernels.max_pool(
        xp, x, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )
    return z, (winners,)


@primitive(saves=("winners",))
def _max_unpool(
    xp: Any, g: Any, winners: Any, *, shape: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Any:
    """Each cotangent added at its window's winner."""
    return kernels.max_scatter(
        xp, g, winners, shape=shape, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )


@primitive(saves=("winners",))
def _max_pool_take(
    xp: Any, x: Any, winners: Any, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Any:
    """The value at each window's winner."""
    return kernels.max_take(xp, x, winners, kernel=kernel, stride=stride, padding=padding, dilation=dilation)


@primitive(differentiable=False)
def _max_pool_indices(
    xp: Any, winners: Any, *, space: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Any:
    return kernels.max_flat_indices(
        xp, winners, space=space, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    )


_max_pool.vjp(lambda g, z, x, winners, ceil_mode, **p: _max_unpool(g, winners, shape=x.shape, **p))
_max_unpool.vjp(lambda h, z, g, winners, shape, **p: _max_pool_take(h, winners, **p), None)
_max_pool_take.vjp(lambda g, z, x, winners, **p: _max_unpool(g, winners, shape=x.shape, **p), None)


# Average pooling ----------------------------------------------------------------------------------------------


def avg_pool1d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Mean of each window: (N, C, L) -> (N, C, l). As :func:`avg_pool2d`, with one spatial axis.

    >>> avg_pool1d(Tensor([[1.0, 3.0, 2.0, 0.0]]), 2).tolist()
    [[2.0, 1.0]]
    """
    return _average("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Mean of each window: (N, C, H, W) -> (N, C, oh, ow), oh = (H + 2 ph - kh) // sh + 1.

    `stride` is the kernel size unless given; with `ceil_mode` a last window may hang over the end. Zeros of the
    padding count unless `count_include_pad` is False; `divisor_override` replaces the count.
    Raises ShapeError if a window does not fit, ArgumentError if padding exceeds half a kernel.

    >>> avg_pool2d(Tensor([[[1.0, 3.0], [2.0, 0.0]]]), 2).tolist()
    [[[1.5]]]
    """
    return _average(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Mean of each window: (N, C, D, H, W) -> (N, C, od, oh, ow). As :func:`avg_pool2d`.

    >>> avg_pool3d(Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]), (1, 2, 2)).tolist()
    [[[[1.5]]]]
    """
    return _average(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _average(
    op: str, ndim: int, x: Any, kernel: Size, stride: Size | None, padding: Size, ceil_mode: bool,
    count_include_pad: bool, divisor: int | None,
) -> Tensor:  # fmt: skip
    x, alone = batched(op, x, ndim)
    if divisor is not None and geometry.integer(op, "divisor_override", divisor) == 0:
        raise ArgumentError(f"{op}: divisor_override is 0; it must not be")
    window = _window(op, x.shape[2:], kernel, stride, padding, 1, ceil_mode)
    del window["dilation"]
    return unbatched(_avg_pool(x, count_include_pad=bool(count_include_pad), divisor=divisor, **window), alone)


@primitive()
@adding
def _avg_pool(
    xp: Any, x: Any, *, kernel: Shape, stride: Shape, padding: Shape, ceil_mode: bool, count_include_pad: bool,
    divisor: int | None,
) -> Any:  # fmt: skip
    return kernels.average(
        xp, x, kernel=kernel, stride=stride, padding=padding, ceil_mode=ceil_mode,
        count_include_pad=count_include_pad, divisor=divisor,
    )  # fmt: skip


@primitive()
@adding
def _avg_unpool(
    xp: Any, g: Any, *, shape: Shape, kernel: Shape, stride: Shape, padding: Shape, ceil_mode: bool,
    count_include_pad: bool, divisor: int | None,
) -> Any:  # fmt: skip
    """Each cotangent shared out over its window."""
    return kernels.average_spread(
        xp, g, shape=shape, kernel=kernel, stride=stride, padding=padding, count_include_pad=count_include_pad,
        divisor=divisor,
    )  # fmt: skip


_avg_pool.vjp(lambda g, z, x, **p: _avg_unpool(g, shape=x.shape, **p))
_avg_unpool.vjp(lambda h, z, g, shape, **p: _avg_pool(h, **p))


# To a given size ----------------------------------------------------------------------------------------------


def adaptive_avg_pool1d(input: Any, output_size: int | Sequence[int]) -> Tensor:
    """Mean over windows that divide the axis evenly: (N, C, L) -> (N, C, l), l given.

    >>> adaptive_avg_pool1d(Tensor([[1.0, 3.0, 2.0]]), 2).tolist()
    [[2.0, 2.5]]
    """
    return _adaptive("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: Any, output_size: int | Sequence[int | None] | None) -> Tensor:
    """Mean over windows that divide each axis evenly: (N, C, H, W) -> (N, C, oh, ow), oh and ow given.

    Window i runs from floor(i H / oh) to ceil((i + 1) H / oh); None keeps an axis. Size 1 is the global mean.
    Raises ArgumentError for sizes below 1.

    >>> adaptive_avg_pool2d(Tensor([[[1.0, 3.0], [2.0, 0.0]]]), 1).tolist()
    [[[1.5]]]
    """
    return _adaptive("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_avg_pool3d(input: Any, output_size: int | Sequence[int | None] | None) -> Tensor:
    """Mean over windows that divide each axis evenly: (N, C, D, H, W) -> (N, C, od, oh, ow), sizes given.

    >>> adaptive_avg_pool3d(Tensor([[[[1.0, 3.0], [2.0, 0.0]]]]), 1).tolist()
    [[[[1.5]]]]
    """
    return _adaptive("adaptive_avg_pool3d", 3, input, output_size)


def _adaptive(op: str, ndim: int, x: Any, size: int | Sequence[int | None] | None) -> Tensor:
    x, alone = batched(op, x, ndim)
    return unbatched(_adaptive_avg_pool(x, size=sizes_asked(op, x, size)), alone)


def sizes_asked(op: str, x: Tensor, size: int | Sequence[int | None] | None) -> Shape:
    """The lengths that adaptive pooling is to give: one for all axes or one for each, None for an axis as it is.

    >>> sizes_asked("adaptive_avg_pool2d", Tensor([[[[1.0, 2.0]]]]), (1, None))
    (1, 2)
    """
    ndim = x.ndim - 2
    given = tuple(size) if isinstance(size, Sequence) else (size,) * ndim
    if len(given) != ndim:
        raise ArgumentError(f"{op}: output_size is {size}; one integer or {ndim} of them are needed")
    filled = tuple(n if want is None else want for n, want in zip(x.shape[2:], given, strict=True))
    if 0 in x.shape[2:]:
        raise ShapeError(f"{op}: x is {x.shape}; there is nothing to pool")
    return geometry.per_axis(op, "output_size", filled, ndim)


@primitive()
@adding
def _adaptive_avg_pool(xp: Any, x: Any, *, size: Shape) -> Any:
    return kernels.adaptive_average(xp, x, size=size)


@primitive()
@adding
def _adaptive_avg_unpool(xp: Any, g: Any, *, shape: Shape) -> Any:
    """Each cotangent shared out over its window."""
    return kernels.adaptive_spread(xp, g, shape=shape)


_adaptive_avg_pool.vjp(lambda g, z, x, size: _adaptive_avg_unpool(g, shape=x.shape))
_adaptive_avg_unpool.vjp(lambda h, z, g, shape: _adaptive_avg_pool(h, size=g.shape[2:]))


# Checks -------------------------------------------------------------------------------------------------------


def _window(
    op: str, space: Shape, kernel: Size, stride: Size | None, padding: Size, dilation: Size, ceil_mode: bool
) -> dict[str, Any]:
    """The parameters of a pooling window, made canonical and known to fit."""
    ndim = len(space)
    sizes = geometry.per_axis(op, "kernel_size", kernel, ndim)
    empty = stride is None or (isinstance(stride, Sequence) and not stride)
    steps = sizes if empty else geometry.per_axis(op, "stride", stride, ndim)  # type: ignore[arg-type]
    pads = geometry.per_axis(op, "padding", padding, ndim, least=0)
    gaps = geometry.per_axis(op, "dilation", dilation, ndim)
    for k, p, d in zip(sizes, pads, gaps, strict=True):
        if 2 * p > d * (k - 1) + 1:
            raise ArgumentError(f"{op}: padding is {p}; at most half of kernel {k} (dilation {d}) can be padding")
    counts = geometry.pool_windows(space, sizes, steps, pads, gaps, bool(ceil_mode))
    geometry.check_fit(op, space, sizes, tuple((p, p) for p in pads), gaps, counts)
    return {"kernel": sizes, "stride": steps, "padding": pads, "dilation": gaps, "ceil_mode": bool(ceil_mode)}


def global_avg_pool(input: Any) -> Tensor:
    """Mean over all spatial axes, kept with length 1: input (N, C, *spatial) -> (N, C, 1, ...).

    >>> global_avg_pool(Tensor([[[[1.0, 3.0], [2.0, 0.0]]]])).shape
    (1, 1, 1, 1)
    """
    x = as_tensor(input)
    if not 3 <= x.ndim <= 5:
        raise ShapeError(f"global_avg_pool: x is {x.ndim}-d {x.shape}; it must be (N, C, *spatial)")
    return _adaptive_avg_pool(x, size=(1,) * (x.ndim - 2))
