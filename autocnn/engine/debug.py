"""Debug mode: the user's line of every op, and an error at the first NaN, infinity, or silent overwrite."""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from autocnn.backend.arrays import to_numpy
from autocnn.engine.tape import Node, Place, Watcher, watching
from autocnn.engine.tensor import Tensor
from autocnn.errors import InPlaceError, NonFiniteError
from autocnn.types import Array

_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


@contextmanager
def debug() -> Iterator[None]:
    """Record the line of every op of a ``with`` block, and check what ops make, forward and backward.

    Raises NonFiniteError at the first NaN or infinity that an op makes, InPlaceError where an array that a
    backward pass needs was overwritten behind the library's back (through NumPy, say).

    >>> import autocnn as ac
    >>> with debug():
    ...     ac.tensor([1.0, -1.0]).log()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autocnn.errors.NonFiniteError: log: made 1 NaN in float32 (2,); input 0 float32 (2,) in [-1, 1]...
    """
    with watching(_Debug()):
        yield


class _Debug(Watcher):
    """The watcher behind debug mode."""

    def __init__(self) -> None:
        self._sums: WeakKeyDictionary[Node, tuple[int, ...]] = WeakKeyDictionary()

    def place(self, place: Place) -> Place:
        """The place of an op, with the line of the user's code that called it."""
        return place if place.order else place._replace(line=user_line())

    def seen(self, node: Node, inputs: tuple[Any, ...], outputs: tuple[Array, ...]) -> None:
        """Check what an op made."""
        if node.name == "item":
            return
        if node.saved:
            self._sums[node] = _checksums(node.saved)
        for array in outputs:
            if array.dtype.kind == "f":
                values = to_numpy(array)
                if not np.isfinite(values).all():
                    raise NonFiniteError(_report(node, inputs, values))

    def used(self, node: Node, saved: tuple[Any, ...]) -> None:
        """Check that what a backward pass is about to use is what the forward pass saved."""
        before = self._sums.get(node)
        if before is not None and before != _checksums(saved):
            raise InPlaceError(
                f"backward: {node.name} saved an array that was overwritten since without the library's knowledge"
                f"{_where(node.place)}; write to a copy"
            )


def user_line() -> str | None:
    """File and line of the innermost caller outside the library."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_HOME):
            return f"{name}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _checksums(saved: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(
        zlib.crc32(np.ascontiguousarray(to_numpy(x)).tobytes()) if hasattr(x, "dtype") else hash(x) for x in saved
    )


def _report(node: Node, inputs: tuple[Any, ...], values: Array) -> str:
    nans, infinities = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    found = [f"{nans} NaN"] * bool(nans) + [f"{infinities} infinity"] * bool(infinities)
    parts = [f"{node.name}: made {' and '.join(found)} in {values.dtype} {values.shape}"]
    parts += [f"input {i} {_range(x)}" for i, x in enumerate(inputs)]
    return "; ".join(parts) + _where(node.place)


def _range(x: Any) -> str:
    if not isinstance(x, Tensor):
        return f"is {x}"
    values = to_numpy(x._array)
    if values.size == 0 or values.dtype.kind not in "fiu":
        return f"{values.dtype} {values.shape}"
    return f"{values.dtype} {values.shape} in [{values.min():.4g}, {values.max():.4g}]"


def _where(place: Place) -> str:
    text = " in the backward pass" if place.order else ""
    text += f" in {place.scope}" if place.scope else ""
    return text + (f" at {place.line}" if place.line else "")
