"""How many images a network still knows when they have moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from autocnn.backend.arrays import namespace
from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError, ShapeError
from autocnn.inspect.equivariance import Transform, shift
from autocnn.inspect.look import given, running
from autocnn.types import Array


@dataclass(frozen=True)
class ShiftAccuracy:
    """The share of images that a network puts into the right class, by how far they have moved."""

    axis: str
    images: int
    correct: dict[int, int]
    """By pixels: to the right, or down."""

    @property
    def accuracy(self) -> dict[int, float]:
        """Shares by pixels, as `viz.accuracy_under_shift` takes them."""
        return {pixels: right / self.images for pixels, right in self.correct.items()}

    def __getitem__(self, pixels: int) -> float:
        if pixels not in self.correct:
            raise ArgumentError(f"accuracy_under_shift: no shift by {pixels}; there is {sorted(self.correct)}")
        return self.correct[pixels] / self.images

    def rows(self) -> list[dict[str, Any]]:
        """A row for each shift."""
        return [
            {"axis": self.axis, "shift": pixels, "images": self.images, "correct": right, "accuracy": self[pixels]}
            for pixels, right in self.correct.items()
        ]

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {"axis": self.axis, "images": self.images, "rows": self.rows()}

    def __str__(self) -> str:
        way = "to the right" if self.axis == "horizontal" else "down"
        lines = [f"pixels {way}  accuracy of {self.images} images"]
        return "\n".join([*lines, *(f"{pixels:{len(way) + 7}}  {self[pixels]:8.1%}" for pixels in self.correct)])


def accuracy_under_shift(
    model: Callable[..., Any], x: Any, y: Any, shifts: Iterable[int] = range(-4, 5), *,
    axis: str = "horizontal", batch: int = 256,
) -> ShiftAccuracy:  # fmt: skip
    """Move images (N, C, H, W) by so many pixels and count how many of them the model still knows, in eval mode.

    ``y`` holds their classes (N,). Positive shifts are to the right, or with ``axis="vertical"`` down. What leaves
    on one side comes in on the other, so images need a margin that is as wide as the largest shift.

    Raises ArgumentError for another axis or no shift, ShapeError if x, y or the model's outputs do not fit.

    >>> import autocnn as ac
    >>> left_or_right = lambda x: ac.stack([x[:, 0, 0, :2].sum(1), x[:, 0, 0, 2:].sum(1)], 1)
    >>> accuracy_under_shift(left_or_right, [[[[1.0, 0, 0, 0]]], [[[0, 1.0, 0, 0]]]], [0, 0], range(3)).accuracy
    {0: 1.0, 1: 0.5, 2: 0.0}
    """
    if axis not in ("horizontal", "vertical"):
        raise ArgumentError(f"accuracy_under_shift: axis is {axis!r}; 'horizontal' or 'vertical'")
    motions = {pixels: shift(right=pixels) if axis == "horizontal" else shift(down=pixels) for pixels in shifts}
    images, classes = given(x, model).array, as_tensor(y).array
    if not motions or batch < 1:
        raise ArgumentError(
            f"accuracy_under_shift: shifts is {list(motions)}, batch {batch}; both need one or more"
        )
    if images.ndim != 4 or classes.shape != images.shape[:1] or not len(images):
        raise ShapeError(
            f"accuracy_under_shift: x has shape {tuple(images.shape)}, y {tuple(classes.shape)}; they must be "
            "(N, C, H, W) and (N,)"
        )
    with running(model, record=False):
        correct = {pixels: _correct(model, images, classes, moved, batch) for pixels, moved in motions.items()}
    return ShiftAccuracy(axis, len(images), correct)


def _correct(model: Callable[..., Any], images: Array, classes: Array, moved: Transform, batch: int) -> int:
    xp, count = namespace(images), 0
    for first in range(0, len(images), batch):
        part = slice(first, first + batch)
        scores = model(Tensor(xp.ascontiguousarray(moved(images[part]))))
        if not isinstance(scores, Tensor) or scores.ndim != 2 or len(scores) != len(classes[part]):
            got = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
            raise ShapeError(f"accuracy_under_shift: the model gave {got}; scores (N, classes) are needed")
        count += int((scores.array.argmax(1) == classes[part]).sum())
    return count
