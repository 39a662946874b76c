"""Integrated gradients: a score shared out among pixels so that the shares add up to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from autocnn.backend.arrays import namespace
from autocnn.engine import Tensor, as_tensor
from autocnn.errors import ArgumentError, GraphError, NonFiniteError, ShapeError
from autocnn.inspect.look import Target, scored
from autocnn.types import Array

_NOISE = 1e-6
"""What rounding leaves of a float32 score, as a share of it."""


@dataclass(frozen=True)
class Integrated:
    """The share of each pixel in the difference of the score between an image and its baseline."""

    values: Array = field(repr=False)
    """(N, C, H, W)"""
    differences: tuple[float, ...]
    """The score of each image minus that of its baseline."""
    sums: tuple[float, ...]
    """What the shares of each image add up to."""
    steps: tuple[int, ...]
    """Gradients that were taken for each image."""

    @property
    def gaps(self) -> tuple[float, ...]:
        """How far sum and difference are apart, by image, as a share of the difference: completeness is 0."""
        return tuple(
            abs(total - wanted) / abs(wanted) if wanted else abs(total)
            for total, wanted in zip(self.sums, self.differences, strict=True)
        )

    def __str__(self) -> str:
        worst = max(self.gaps, default=0.0)
        return (
            f"Do the shares add up to the score? Within {worst:.1e} of it ({len(self.sums)} images, "
            f"{min(self.steps)} to {max(self.steps)} gradients each)."
        )


def integrated_gradients(
    model: Callable[..., Any], x: Any, target: Target = None, *, baseline: Any = 0.0, tolerance: float = 1e-3,
    steps: int = 16, most: int = 4096, batch: int = 64,
) -> Integrated:  # fmt: skip
    """(x - x0) times the gradient's mean along the straight line from a baseline x0 to x.

    Completeness says that the shares sum to f(x) - f(x0). That holds on every piece of the line by itself, so
    that one knows where it does not yet: the worse half of the pieces is halved, until the sum over all is within
    ``tolerance`` of the difference. ``baseline`` is a number, an image, or one for each image.
    Source: Sundararajan, Taly and Yan (2017).

    Raises GraphError if ``most`` gradients for an image do not suffice, NonFiniteError if a score is inf or nan.

    >>> import autocnn as ac
    >>> found = integrated_gradients(ac.models.LeNet5(), ac.rand(2, 1, 32, 32))
    >>> max(found.gaps) < 1e-3
    True
    """
    if steps < 1 or tolerance <= 0:
        raise ArgumentError(
            f"integrated_gradients: steps, tolerance are {steps}, {tolerance}; at least 1, above 0"
        )
    ends = scored(model, x, target)
    images = ends.images.array
    base = _baseline(baseline, ends.images)
    floors = scored(model, base, ends.target).scores.array
    values = namespace(images).zeros(images.shape, "float64")
    totals, counts = [], []
    for image in range(images.shape[0]):
        line = _Line(model, base[image], images[image], _one(ends.target, image), batch)
        wanted = float(ends.scores.array[image]) - float(floors[image])
        scale = max(abs(float(ends.scores.array[image])), abs(float(floors[image])))
        if not isfinite(wanted):
            high, low = float(ends.scores.array[image]), float(floors[image])
            raise NonFiniteError(
                f"integrated_gradients: the score of image {image} is {high}, that of its baseline {low}; "
                "both are finite where shares are to add up"
            )
        pieces = line.pieces(
            float(floors[image]), float(ends.scores.array[image]), wanted, scale, tolerance, steps, most
        )
        for piece in pieces:
            values[image] += piece.share * (images[image] - base[image])
        totals.append(float(values[image].sum()))
        counts.append(line.taken)
        if abs(totals[-1] - wanted) > max(tolerance * abs(wanted), _NOISE * scale):
            raise GraphError(
                f"integrated_gradients: after {line.taken} gradients the shares of image {image} sum to "
                f"{totals[-1]:.6g}, the score differs by {wanted:.6g}; allow more with most="
            )
    differences = tuple(float(a) - float(b) for a, b in zip(ends.scores.array, floors, strict=True))
    return Integrated(values, differences, tuple(totals), tuple(counts))


@dataclass(slots=True)
class _Piece:
    """A piece of the line, from a to b, where the score is `low` and `high`."""

    a: float
    b: float
    low: float
    high: float
    middle: float = 0.0
    """The score half way."""
    gradient: Any = None
    error: float = 0.0

    @property
    def share(self) -> Any:
        return (self.b - self.a) * self.gradient


class _Line:
    def __init__(self, model: Callable[..., Any], start: Array, end: Array, target: Any, batch: int) -> None:
        self.model, self.start, self.target, self.batch = model, start, target, batch
        self.way = end - start
        self.taken = 0

    def pieces(
        self, low: float, high: float, wanted: float, scale: float, tolerance: float, steps: int, most: int
    ) -> list[_Piece]:  # fmt: skip
        """Pieces, halved where the errors are, until their sum is small."""
        points = self._scores([k / steps for k in range(1, steps)])
        heights = [low, *points, high]
        fresh = [_Piece(k / steps, (k + 1) / steps, heights[k], heights[k + 1]) for k in range(steps)]
        done: list[_Piece] = []
        while fresh:
            self._measure(fresh)
            done += fresh
            if abs(sum(p.error for p in done)) <= max(tolerance * abs(wanted) / 2, _NOISE / 2 * scale):
                break
            worst = sorted(done, key=lambda p: -abs(p.error))[: (len(done) + 1) // 2]
            open_ = worst[: max((most - self.taken) // 2, 0)]
            halved = {id(p) for p in open_}
            done = [p for p in done if id(p) not in halved]
            fresh = [
                half
                for p in open_
                for half in (
                    _Piece(p.a, (p.a + p.b) / 2, p.low, p.middle), _Piece((p.a + p.b) / 2, p.b, p.middle, p.high),
                )
            ]  # fmt: skip
        return done

    def _measure(self, pieces: list[_Piece]) -> None:
        for begin in range(0, len(pieces), self.batch):
            some = pieces[begin : begin + self.batch]
            found = self._at([(p.a + p.b) / 2 for p in some])
            for piece, g, score in zip(some, found.gradient(), found.scores.array, strict=True):
                piece.gradient, piece.middle = g.astype("float64"), float(score)
                rise = (piece.b - piece.a) * float((piece.gradient * self.way).sum())
                piece.error = rise - (piece.high - piece.low)
            self.taken += len(some)

    def _scores(self, places: list[float]) -> list[float]:
        found = []
        for begin in range(0, len(places), self.batch):
            found += [float(s) for s in self._at(places[begin : begin + self.batch]).scores.array]
        return found

    def _at(self, places: list[float]) -> Any:
        xp = namespace(self.start)
        points = xp.stack([self.start + self.way.dtype.type(place) * self.way for place in places])
        target = self.target if callable(self.target) else self.target * len(places)
        return scored(self.model, points, target)


def _one(target: Any, image: int) -> Any:
    return target if callable(target) else (target[image],)


def _baseline(baseline: Any, images: Tensor) -> Array:
    xp = namespace(images.array)
    start = as_tensor(baseline).to(images.device).array.astype(images.dtype)
    try:
        return xp.broadcast_to(start, images.shape).copy()
    except ValueError:
        raise ShapeError(
            f"integrated_gradients: baseline has shape {tuple(start.shape)}, x {tuple(images.shape)}; it is a "
            "number, an image or one for each"
        ) from None
