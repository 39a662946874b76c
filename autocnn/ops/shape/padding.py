"""Constant padding and cropping, each the adjoint of the other; flipping and rolling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autocnn.engine import Tensor, as_tensor, method, primitive
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.axes import as_int, as_sizes, by_name, many_axes, one_axis
from autocnn.ops.shape.borders import MODES, border_axes
from autocnn.ops.shape.views import clone, flatten, reshape
from autocnn.types import Array, Axes, Namespace, Size

Widths = tuple[tuple[int, int], ...]


def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """input with `value` (0) around it: `pad` is (left, right) of the last axis, then (top, bottom) ...

    Negative widths crop. (a, b) -> (a, left + b + right) for `pad=(left, right)`. Instead of a constant `mode`
    takes the border from inside: mirrored at the edge, which is not repeated (``"reflect"``), the edge again and
    again (``"replicate"``), or from the other end (``"circular"``).

    Raises ArgumentError for widths that are no pairs, another mode, or a border longer than what it is made of.

    >>> pad(Tensor([1.0, 2.0]), (1, -1)).tolist()
    [0.0, 1.0]
    """
    input = as_tensor(input)
    widths = as_sizes("pad", "pad", (tuple(pad),))
    if mode != "constant" and mode not in MODES:
        raise ArgumentError(f"pad: mode is {mode!r}; must be 'constant', {', '.join(map(repr, MODES))}")
    if mode != "constant" and value:
        raise ArgumentError(f"pad: value is {value}, mode {mode!r}; only a constant border has a value")
    if len(widths) % 2 or len(widths) > 2 * input.ndim:
        raise ArgumentError(
            f"pad: pad is {widths}; must be (before, after) of at most {input.ndim} axes, x is {input.shape}"
        )
    pairs = tuple(zip(widths[::2], widths[1::2], strict=True))[::-1]
    every = ((0, 0),) * (input.ndim - len(pairs)) + pairs
    if mode != "constant":
        return border_axes("pad", input, every, mode)
    return pad_axes("pad", input, every, 0.0 if value is None else value)


def pad_axes(op: str, x: Tensor, widths: Widths, value: float = 0.0) -> Tensor:
    """x padded by (before, after) on each axis, cropped where a width is negative."""
    left = [n + low + high for n, (low, high) in zip(x.shape, widths, strict=True)]
    if any(n < 0 for n in left):
        raise ShapeError(f"{op}: pad is {widths}, x {x.shape}; more is cut off than there is")
    cut = tuple([(max(-low, 0), max(-high, 0)) for low, high in widths])
    add = tuple([(max(low, 0), max(high, 0)) for low, high in widths])
    if any(map(any, cut)):
        x = _crop(x, widths=cut)
    if any(map(any, add)):
        return _pad(x, widths=add, value=value)
    return x if any(map(any, cut)) else clone(x)


@primitive()
def _pad(xp: Any, x: Any, *, widths: Widths, value: float) -> Any:
    shape = tuple([n + low + high for n, (low, high) in zip(x.shape, widths, strict=True)])
    z = xp.empty_like(x, shape=shape)  # in the layout of x
    frame = z
    for axis, (low, high) in enumerate(widths):
        frame = xp.moveaxis(frame, axis, 0)
        frame[:low] = value
        frame[len(frame) - high :] = value
        frame = xp.moveaxis(frame[low : len(frame) - high], 0, axis)
    frame[...] = x
    return z


@primitive(view=True)
def _crop(xp: Any, x: Any, *, widths: Widths) -> Any:
    return x[tuple([slice(low, n - high) for n, (low, high) in zip(x.shape, widths, strict=True)])]


_pad.vjp(lambda g, z, x, widths, value: _crop(g, widths=widths))
_crop.vjp(lambda g, z, x, widths: _pad(g, widths=widths, value=0.0))


@_crop.adds
def _add_crop(xp: Namespace, total: Array, g: Array, x: Any, *, widths: Widths) -> None:
    total[_inside(g.shape, widths)] += g


def _inside(shape: Sequence[int], widths: Widths) -> tuple[slice, ...]:
    return tuple([slice(low, low + n) for n, (low, _) in zip(shape, widths, strict=True)])


@method("flip")
@by_name("dims")
def flip(input: Any, *dims: Any) -> Tensor:
    """input with the order of elements reversed along the axes `dims`; a copy.

    >>> flip(Tensor([[1.0, 2.0]]), (1,)).tolist()
    [[2.0, 1.0]]
    """
    input = as_tensor(input)
    axes = many_axes("flip", as_sizes("flip", "dims", dims), input.ndim, "dims")
    return _flip(input, dims=axes if input.ndim else ())


@method("fliplr")
def fliplr(input: Any) -> Tensor:
    """input reversed along its second axis.

    >>> fliplr(Tensor([[1.0, 2.0]])).tolist()
    [[2.0, 1.0]]
    """
    return flip(input, 1)


@method("flipud")
def flipud(input: Any) -> Tensor:
    """input reversed along its first axis.

    >>> flipud(Tensor([1.0, 2.0])).tolist()
    [2.0, 1.0]
    """
    return flip(input, 0)


@primitive()
def _flip(xp: Any, x: Any, *, dims: tuple[int, ...]) -> Any:
    return xp.flip(x, dims).copy(order="K")


_flip.vjp(lambda g, z, x, dims: _flip(g, dims=dims))


@method("roll")
def roll(input: Any, shifts: Size, dims: Axes = None) -> Tensor:
    """input with its elements moved by `shifts` along `dims`, what falls off coming in again.

    Without dims its elements move as one row. Raises ArgumentError unless there are as many shifts as dims.

    >>> roll(Tensor([1.0, 2.0, 3.0]), 1).tolist()
    [3.0, 1.0, 2.0]
    """
    input = as_tensor(input)
    by = tuple(as_int("roll", "shifts", s) for s in (shifts if isinstance(shifts, Sequence) else (shifts,)))
    if dims is None or dims == ():
        if len(by) != 1:
            raise ArgumentError(f"roll: shifts is {shifts} without dims; must be one number")
        return reshape(_roll(flatten(input), shifts=by, dims=(0,)), input.shape)
    given = dims if isinstance(dims, Sequence) else (dims,)
    axes = tuple(one_axis("roll", d, input.ndim, "dims", needed=True) for d in given)
    if len(by) != len(axes):
        raise ArgumentError(f"roll: shifts is {shifts}, dims {dims}; as many of one as of the other")
    return _roll(input, shifts=by, dims=axes)


@primitive()
def _roll(xp: Any, x: Any, *, shifts: tuple[int, ...], dims: tuple[int, ...]) -> Any:
    return xp.roll(x, shifts, dims)


_roll.vjp(lambda g, z, x, shifts, dims: _roll(g, shifts=tuple([-s for s in shifts]), dims=dims))
