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
from autocnn.types import Array

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
Way = tuple[Any, Step]
"""A path from its end: all but the last step, as a Way or None, and the last. Long chains share their parts."""


def link_views(made: Tensor | tuple[Tensor, ...], parent: Tensor, p: Primitive, params: dict[str, Any]) -> None:
    """Note that the outputs of an op are views of its first input, where they share its memory."""
    known = parent.__dict__
    base: Tensor = known.get("_base", parent)
    before: Way | None = known.get("_way")
    array = parent._array
    if type(made) is not tuple:
        if _shares(made._array, array):  # type: ignore[union-attr]
            _link(made, base, (before, Step(p, params, None)))  # type: ignore[arg-type]
        return
    for i, view in enumerate(made):
        if _shares(view._array, array):
            _link(view, base, (before, Step(p, params, i)))


def _shares(view: Array, array: Array) -> bool:
    """Whether an array looks into another's memory."""
    memory = view.base
    return memory is not None and (memory is array or memory is array.base or owner(view) is owner(array))


def _link(view: Tensor, base: Tensor, way: Way) -> None:
    known = view.__dict__
    known["_base"] = base
    known["_way"] = way
    views = base.__dict__.get("_views")
    if views is None:
        base.__dict__["_views"] = [weakref.ref(view)]
        return
    views.append(weakref.ref(view))
    if len(views) & (len(views) - 1) == 0:  # at 2, 4, 8 ...: drop the dead, at a cost that stays linear
        views[:] = [reference for reference in views if reference() is not None]


def base_of(tensor: Tensor) -> tuple[Tensor, Path]:
    """The tensor that a view looks into, and how; the tensor itself and no steps where it is no view."""
    way: Way | None = tensor.__dict__.get("_way")
    steps = []
    while way is not None:
        way, step = way
        steps.append(step)
    return tensor.__dict__.get("_base", tensor), tuple(reversed(steps))


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
