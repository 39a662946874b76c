"""What zero padding takes from a convolution: taps that fall beside the image see nothing.

A mean over positions hides that the loss is at the border. From layer to layer values gather in the middle, where
all taps count, so that over many layers much less is lost than a power of the first layer's share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from autocnn.errors import ArgumentError
from autocnn.types import Array


def taps(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Array:
    """Which input each output's taps see, along one axis: (outputs, inputs), 0 or 1.

    Raises ArgumentError if the kernel does not fit.

    >>> taps(3, 3, padding=1).astype(int).tolist()
    [[1, 1, 0], [1, 1, 1], [0, 1, 1]]
    """
    outputs = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    if min(size, kernel, stride, dilation) < 1 or outputs < 1:
        raise ArgumentError(
            f"taps: kernel {kernel} (stride {stride}, dilation {dilation}) does not fit in {size} "
            f"padded by {padding}"
        )
    places = np.arange(outputs)[:, None] * stride - padding + np.arange(kernel) * dilation
    seen: Array = (places[:, :, None] == np.arange(size)).sum(axis=1, dtype=np.float64)
    return seen


def tap_share(
    size: int | Sequence[int], kernel: int = 3, stride: int = 1, padding: int = 1, dilation: int = 1
) -> float:
    """The share of a convolution's taps that fall on the image, of one height or of several axes.

    A 3x3 kernel with padding 1 on HxH: ((3H - 2) / (3H))^2. It multiplies the mean variance of one layer whose
    input is alike everywhere; for deep stacks see `padding_gain`.

    >>> [round(tap_share((side, side)), 2) for side in (8, 4, 2)]
    [0.84, 0.69, 0.44]
    """
    sizes = [size] if isinstance(size, int) else size
    return math.prod(float(taps(n, kernel, stride, padding, dilation).mean() * n / kernel) for n in sizes)


def padding_gain(size: int | Sequence[int], layers: int, kernel: int = 3) -> float:
    """What zero padding alone leaves of the mean variance after so many layers of one size, stride 1.

    Of the gradient's mean square too: the kernel is odd, so that the taps are their own transpose. Along each
    axis it is 1^T (A / k)^L 1 / H for the banded matrix A of the taps, whose largest eigenvalue for k = 3 is
    1 + 2 cos(pi / (H + 1)): on 8x8, 56 layers leave 0.0081, where 0.84^56 would say 6e-5.

    Raises ArgumentError for an even kernel or a negative number of layers.

    >>> round(padding_gain((8, 8), 56), 4), round(tap_share((8, 8)) ** 56, 6)
    (0.0081, 5.9e-05)
    """
    if kernel % 2 == 0 or layers < 0:
        raise ArgumentError(f"padding_gain: kernel is {kernel} and layers {layers}; an odd number, and at least 0")
    sizes = [size] if isinstance(size, int) else size
    gain = 1.0
    for n in sizes:
        band = taps(n, kernel, padding=kernel // 2) / kernel
        gain *= float(np.linalg.matrix_power(band, layers).sum()) / n
    return gain
