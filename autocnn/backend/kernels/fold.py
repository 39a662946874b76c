"""Windows laid out as columns (im2col) and summed back (col2im), each the adjoint of the other."""

from __future__ import annotations

from collections.abc import Sequence

from autocnn.backend.geometry import Pads, volume, windows
from autocnn.backend.kernels.windows import channels_last, frames, inner, logical, needed, sliding, taps
from autocnn.types import Array, Namespace, Shape


def unfold(
    xp: Namespace,
    x: Array,
    *,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
) -> Array:
    """Windows as columns: x (N, C, *spatial) -> (N, C * prod(kernel), L), L windows in row-major order."""
    n, c, *space = x.shape
    counts = windows(space, kernel, stride, padding, dilation)
    columns = xp.empty((n, c, *kernel, *counts), x.dtype)
    across = range(1, 1 + len(space))
    within = range(1 + len(space), 1 + 2 * len(space))
    order = (0, 1 + 2 * len(space), *within, *across)
    for block, frame in frames(xp, channels_last(xp, x), padding, needed(counts, kernel, stride, dilation), 1):
        columns[block] = xp.transpose(sliding(xp, frame, counts, kernel, stride, dilation), order)
    return xp.reshape(columns, (n, c * volume(kernel), volume(counts)))


def fold(
    xp: Namespace,
    columns: Array,
    *,
    shape: Shape,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Pads,
    dilation: Sequence[int],
) -> Array:
    """Columns added back where their windows lie: (N, C * prod(kernel), L) -> ``shape`` (N, C, *spatial)."""
    n, c, *space = shape
    counts = windows(space, kernel, stride, padding, dilation)
    parts = xp.reshape(columns, (n, c, *kernel, *counts))
    ahead = (0, *range(2 + len(space), 2 + 2 * len(space)), 1)  # (N, *counts, C) of one kernel offset
    extent = needed(counts, kernel, stride, dilation)
    frame = xp.zeros((n, *extent, c), columns.dtype)
    for offset, place in taps(counts, kernel, stride, dilation):
        part = parts[(slice(None), slice(None), *offset)]
        part = xp.transpose(part, tuple(a if a < 2 else a - len(space) for a in ahead))
        xp.add(frame[place], part, out=frame[place])
    x = xp.zeros((n, *space, c), columns.dtype)
    mine, framed = inner(space, padding, extent)
    x[mine] = frame[framed]
    return logical(xp, x)
