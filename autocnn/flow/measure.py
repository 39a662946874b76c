"""How large a gradient is, measured so that no square underflows and the batch size drops out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError


@dataclass(frozen=True)
class Size:
    """The size of the gradient of a mean loss at one tensor.

    `rms` is sqrt(mean over images and elements of (N dL/dv)^2), L the mean loss over N images: the gradient of an
    image's own loss, whatever the batch. `largest` is the largest magnitude in the same unit; `zeros` the share of
    elements that are exactly 0; `strange` the number that are NaN or infinite.
    """

    rms: float
    largest: float
    zeros: float
    strange: int


def size(gradient: Tensor, images: int) -> Size:
    """Measure the gradient of a mean loss over `images` images at a tensor, of any shape.

    The magnitudes are divided by the largest before they are squared, so that 1e-30 is measured as such in
    float32, whose squares end at 1e-45.

    Raises ArgumentError if there is no image.

    >>> f"{size(Tensor([3e-30, -4e-30, 0.0, 0.0]), images=1).rms:.3g}"
    '2.5e-30'
    """
    if images < 1:
        raise ArgumentError(f"size: images is {images}; a mean loss is over at least 1")
    array = gradient.array
    count = array.size
    if count == 0:
        return Size(0.0, 0.0, 0.0, 0)
    magnitude = abs(array.astype("float64"))
    finite = magnitude < math.inf  # False for NaN too
    strange = count - int(finite.sum())
    zeros = count - int((array != 0).sum())
    if strange:
        return Size(math.nan, math.inf, zeros / count, strange)
    largest = float(magnitude.max())
    if largest == 0:
        return Size(0.0, 0.0, zeros / count, 0)
    scaled = magnitude / largest
    rms = largest * math.sqrt(float((scaled * scaled).mean()))
    return Size(rms * images, largest * images, zeros / count, strange)


@contextmanager
def sizes_at(modules: Sequence[Any]) -> Iterator[list[Size | None]]:
    """Measure, in every backward pass of a ``with`` block, the gradient at the output of each module.

    What is measured is the gradient that training runs on: nothing is computed twice. The list holds a Size for
    each module, in the order given; None where no gradient has arrived.

    >>> import autocnn as ac
    >>> from autocnn import nn
    >>> layers = [nn.Linear(3, 3), nn.Tanh()]
    >>> with sizes_at(layers) as sizes:
    ...     nn.Sequential(*layers)(ac.ones(2, 3)).mean().backward()
    >>> len(sizes), round(sizes[1].rms, 4)
    (2, 0.3333)
    """
    sizes: list[Size | None] = [None] * len(modules)
    handles = [module.register_forward_hook(_measuring(i, sizes)) for i, module in enumerate(modules)]
    try:
        yield sizes
    finally:
        for handle in handles:
            handle.remove()


def _measuring(i: int, sizes: list[Size | None]) -> Any:
    def after_forward(module: Any, inputs: Any, output: Tensor) -> None:
        if output.requires_grad:
            output.register_hook(keep)

    def keep(g: Tensor) -> None:
        sizes[i] = size(g, g.shape[0])

    return after_forward
