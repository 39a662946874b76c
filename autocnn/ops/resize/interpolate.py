"""Images of another size, one axis after the other, and the adjoint that is the derivative."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import Any

from autocnn.backend import kernels
from autocnn.engine import Tensor, as_tensor, primitive
from autocnn.errors import ArgumentError, DTypeError, ShapeError
from autocnn.ops.axes import as_int
from autocnn.ops.elementwise.casts import quiet
from autocnn.ops.pool import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from autocnn.ops.precision import adding
from autocnn.ops.shape import clone
from autocnn.types import Shape

_OF = {"linear": (1, "linear"), "bilinear": (2, "linear"), "trilinear": (3, "linear"), "bicubic": (2, "cubic")}
"""The modes of one number of axes: of how many, and what they do along each."""
_ANY = ("nearest", "nearest-exact", "area")
_AREA = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}


def interpolate(
    input: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Images of a given size, or so many times as large: input (N, C, *spatial) -> (N, C, *size).

    `mode` is "nearest" (the next lower element), "nearest-exact" (the nearest), "linear", "bilinear", "trilinear"
    (weighted by distance; 1, 2 and 3 axes), "bicubic" or "area" (means). With `align_corners` the centres of the
    outermost elements lie on each other, otherwise the edges of the images do. With a scale factor positions
    are divided by it, with `recompute_scale_factor` by the ratio of the sizes. `antialias` averages over what
    becomes smaller ("bilinear" and "bicubic").
    Raises ArgumentError for settings that do not go together, ShapeError for an image without elements.

    >>> interpolate(Tensor([[[1.0, 2.0]]]), scale_factor=2).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    >>> interpolate(Tensor([[[1.0, 2.0]]]), 3, mode="linear", align_corners=True).tolist()
    [[[1.0, 1.5, 2.0]]]
    """
    x = as_tensor(input)
    if not 3 <= x.ndim <= 5:
        raise ShapeError(f"interpolate: x is {x.ndim}-d {x.shape}; it must be (N, C, *spatial), with 1 to 3 axes")
    _check(x, mode, align_corners, antialias)
    lengths, scales = _lengths(x, size, scale_factor, recompute_scale_factor)
    if 0 in x.shape[1:] or min(lengths) < 1:
        raise ShapeError(f"interpolate: x is {x.shape}, size {lengths}; neither may be without elements")
    if mode == "area":
        return _AREA[x.ndim - 2](x, lengths)
    return _resized(x, lengths, scales, _OF.get(mode, (0, mode))[1], bool(align_corners), bool(antialias))


def _resized(
    x: Tensor, lengths: Shape, scales: tuple[float, ...], mode: str, corners: bool, smooth: bool
) -> Tensor:
    axes: list[int] = []
    steps: list[float] = []
    for axis, (length, scale) in enumerate(zip(lengths, scales, strict=True), 2):
        n = x.shape[axis]
        whole = length == n or (length == 2 * n and mode == "nearest")
        if whole and (mode == "linear" or smooth or (mode == "nearest" and x.ndim == 4)):
            scale = 0.0  # whatever the factor was, as in PyTorch
        if length != n or (scale not in (0.0, 1.0) and not corners):
            axes.append(axis)
            steps.append(1 / scale if scale else 0.0)
    if not axes:
        return clone(x)
    way = {"mode": mode, "steps": tuple(steps), "corners": corners, "smooth": smooth}
    return _resize(x, axes=tuple(axes), lengths=tuple([lengths[axis - 2] for axis in axes]), **way)


def _check(x: Tensor, mode: str, align_corners: bool | None, antialias: bool) -> None:
    if mode not in _ANY and mode not in _OF:
        raise ArgumentError(f"interpolate: mode is {mode!r}; it must be one of {', '.join((*_ANY, *_OF))}")
    if mode in _OF and _OF[mode][0] != x.ndim - 2:
        raise ArgumentError(f"interpolate: mode is {mode!r}, x {x.shape}; it needs {_OF[mode][0]} spatial axes")
    if align_corners is not None and mode in _ANY:
        raise ArgumentError(f"interpolate: align_corners is {align_corners}, mode {mode!r}; leave it out here")
    if antialias and mode not in ("bilinear", "bicubic"):
        raise ArgumentError(f"interpolate: antialias is True, mode {mode!r}; it is for 'bilinear' and 'bicubic'")
    if x.dtype.kind != "f" and not mode.startswith("nearest"):
        raise DTypeError(f"interpolate: x is {x.dtype}, mode {mode!r}; a mean is no integer. Cast it to a float")


def _lengths(x: Tensor, size: Any, scale: Any, again: bool | None) -> tuple[Shape, tuple[float, ...]]:
    """The new lengths, and by what positions are divided (0: by the ratio of the lengths)."""
    ndim = x.ndim - 2
    if (size is None) == (scale is None):
        raise ArgumentError("interpolate: size and scale_factor; exactly one of them must be given")
    if size is not None:
        if again:
            raise ArgumentError("interpolate: size is given and recompute_scale_factor True; there is no factor")
        return tuple([as_int("interpolate", "size", n) for n in _each("size", size, ndim)]), (0.0,) * ndim
    scales = tuple([float(s) for s in _each("scale_factor", scale, ndim)])
    if min(scales) <= 0:
        raise ArgumentError(f"interpolate: scale_factor is {scale}; it must be above 0")
    lengths = tuple([floor(n * s) for n, s in zip(x.shape[2:], scales, strict=True)])
    return lengths, (0.0,) * ndim if again else scales


def _each(name: str, value: Any, ndim: int) -> tuple[Any, ...]:
    values = tuple(value) if isinstance(value, Sequence) else (value,) * ndim
    if len(values) != ndim:
        raise ArgumentError(f"interpolate: {name} is {value}; one number or {ndim} of them are needed")
    return values


@primitive()
@quiet
@adding
def _resize(
    xp: Any,
    x: Any,
    *,
    axes: Shape,
    lengths: Shape,
    mode: str,
    steps: tuple[float, ...],
    corners: bool,
    smooth: bool,
) -> Any:
    way = {"mode": mode, "steps": steps, "corners": corners, "smooth": smooth}
    return kernels.resize(xp, x, axes=axes, lengths=lengths, **way)


@primitive()
@quiet
@adding
def _unresize(
    xp: Any,
    g: Any,
    *,
    axes: Shape,
    lengths: Shape,
    mode: str,
    steps: tuple[float, ...],
    corners: bool,
    smooth: bool,
) -> Any:
    """Each cotangent added to what its element was made of, in axes of these lengths."""
    way = {"mode": mode, "steps": steps, "corners": corners, "smooth": smooth}
    return kernels.unresize(xp, g, axes=axes, lengths=lengths, **way)


_resize.vjp(lambda g, z, x, axes, lengths, **way: _unresize(g, axes=axes, lengths=_at(x.shape, axes), **way))
_unresize.vjp(lambda h, z, g, axes, lengths, **way: _resize(h, axes=axes, lengths=_at(g.shape, axes), **way))


def _at(shape: Shape, axes: Shape) -> Shape:
    return tuple([shape[axis] for axis in axes])


# Under their old names ----------------------------------------------------------------------------------------


def upsample(
    input: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """`interpolate` under its old name.

    >>> upsample(Tensor([[[1.0, 2.0]]]), 4).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Any, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
) -> Tensor:
    """`interpolate` with mode "nearest".

    >>> upsample_nearest(Tensor([[[1.0, 2.0]]]), 3).tolist()
    [[[1.0, 1.0, 2.0]]]
    """
    return interpolate(input, size, scale_factor)


def upsample_bilinear(
    input: Any, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None
) -> Tensor:
    """`interpolate` with mode "bilinear" and aligned corners.

    >>> upsample_bilinear(Tensor([[[[1.0, 2.0]]]]), (1, 3)).tolist()
    [[[[1.0, 1.5, 2.0]]]]
    """
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
