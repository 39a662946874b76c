"""Tensors that share memory: which tensor is a view of which, and by which ops.

A view remembers its base, and the ops that lead from one to the other; the base knows its living views weakly.
An in-place write to one of them gives all of them the graph of what they now hold (see `inplace`).
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from autocnn.backend.arrays import owner
from autocnn.engine.tensor import Tensor

if TYPE_CHECKING:
    from autocnn.engine.primitive import Primitive


class Step(NamedTuple):
    """One op on the way from a base to its view; `output` says which of several outputs."""

    primitive: Primitive
    params: dict[str, Any]
    output: int | None

    def __call__(self, x: Any) -> Any:
        z = self.primitive(x, **self.params)
        return z if self.output is None else z[self.output]

    def __repr__(self) -> str:
        return f"{self.primitive.name}{self.params or ''}"


Path = tuple[Step, ...]


def link_views(made: Tensor | tuple[Tensor, ...], parent: Tensor, p: Primitive, params: dict[str, Any]) -> None:
    """Note that the outputs of an op are views of its first input, where they share its memory."""
    memory = owner(parent._array)
    base: Tensor = getattr(parent, "_base", parent)
    path: Path = getattr(parent, "_path", ())
    views: list[weakref.ref[Tensor]] = base.__dict__.setdefault("_views", [])
    for i, view in enumerate(made if isinstance(made, tuple) else (made,)):
        if owner(view._array) is memory:
            view._base = base  # type: ignore[attr-defined]
            view._path = (*path, Step(p, params, i if isinstance(made, tuple) else None))  # type: ignore[attr-defined]
            views.append(weakref.ref(view))
    if len(views) & (len(views) - 1) == 0:  # at 1, 2, 4, 8 ...: drop the dead, at a cost that stays linear
        views[:] = [reference for reference in views if reference() is not None]


def base_of(tensor: Tensor) -> tuple[Tensor, Path]:
    """The tensor that a view looks into, and how; the tensor itself and no steps where it is no view."""
    return getattr(tensor, "_base", tensor), getattr(tensor, "_path", ())


def views_of(base: Tensor) -> Iterator[Tensor]:
    """The living views of a base."""
    for reference in getattr(base, "_views", ()):
        view = reference()
        if view is not None:
            yield view


def follow(x: Any, path: Iterable[Step]) -> Any:
    """Take the steps of a path from an array, or a Tensor."""
    for step in path:
        x = step(x)
    return x
