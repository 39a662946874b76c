"""Windows laid out as columns (im2col) and summed back into an image (col2im)."""

from __future__ import annotations

from typing import Any

from autocnn.backend import geometry, kernels
from autocnn.engine import Tensor, as_tensor, primitive
from autocnn.errors import ShapeError
from autocnn.ops.channels import batched, unbatched
from autocnn.ops.shape import reshape
from autocnn.types import Shape, Size


def unfold(input: Any, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> Tensor:
    """Every window as a column: input (N, C, H, W) -> (N, C kh kw, L), L = oh ow windows in row-major order.

    The batch axis may be left out. Raises ShapeError if a window does not fit.

    >>> unfold(Tensor([[[1.0, 2.0, 3.0]]]), (1, 2)).tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    x, alone = batched("unfold", input, 2)
    window = _window("unfold", kernel_size, dilation, padding, stride)
    counts = geometry.windows(x.shape[2:], **window)
    geometry.check_fit("unfold", x.shape[2:], window["kernel"], window["padding"], window["dilation"], counts)
    return unbatched(_unfold(x, **window), alone)


def fold(
    input: Any, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Tensor:
    """Columns added where their windows lie, adjoint of :func:`unfold`: input (N, C kh kw, L) -> (N, C, H, W).

    The batch axis may be left out. Raises ShapeError unless the number and height of the columns fit.

    >>> fold(Tensor([[1.0, 2.0], [2.0, 3.0]]), (1, 3), (1, 2)).tolist()
    [[[1.0, 4.0, 3.0]]]
    """
    x = as_tensor(input)
    if x.ndim not in (2, 3):
        raise ShapeError(f"fold: x is {x.ndim}-d {x.shape}; it must be (N, C kh kw, L) or (C kh kw, L)")
    columns = reshape(x, (1, *x.shape)) if x.ndim == 2 else x
    space = geometry.per_axis("fold", "output_size", output_size, 2)
    window = _window("fold", kernel_size, dilation, padding, stride)
    counts = geometry.windows(space, **window)
    geometry.check_fit("fold", space, window["kernel"], window["padding"], window["dilation"], counts)
    taps, places = geometry.volume(window["kernel"]), geometry.volume(counts)
    if columns.shape[1] % taps or columns.shape[2] != places:
        raise ShapeError(
            f"fold: x is {x.shape}; output {geometry.by(space)} and kernel {geometry.by(window['kernel'])} need"
            f" a multiple of {taps} rows and {places} columns"
        )
    shape = (columns.shape[0], columns.shape[1] // taps, *space)
    return unbatched(_fold(columns, shape=shape, **window), x.ndim == 2)


@primitive()
def _unfold(xp: Any, x: Any, *, kernel: Shape, stride: Shape, padding: Any, dilation: Shape) -> Any:
    return kernels.unfold(xp, x, kernel=kernel, stride=stride, padding=padding, dilation=dilation)


@primitive()
def _fold(xp: Any, x: Any, *, shape: Shape, kernel: Shape, stride: Shape, padding: Any, dilation: Shape) -> Any:
    return kernels.fold(xp, x, shape=shape, kernel=kernel, stride=stride, padding=padding, dilation=dilation)


_unfold.vjp(lambda g, z, x, **p: _fold(g, shape=x.shape, **p))
_fold.vjp(lambda g, z, x, shape, **p: _unfold(g, **p))


def _window(op: str, kernel: Size, dilation: Size, padding: Size, stride: Size) -> dict[str, Any]:
    sizes = geometry.per_axis(op, "kernel_size", kernel, 2)
    steps = geometry.per_axis(op, "stride", stride, 2)
    gaps = geometry.per_axis(op, "dilation", dilation, 2)
    frame = geometry.pads(op, padding, sizes, steps, gaps)
    return {"kernel": sizes, "stride": steps, "padding": frame, "dilation": gaps}
