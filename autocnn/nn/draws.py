"""First values keyed by seed and path: one parameter more, such as a projection's, shifts no other's draw."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.ops.random import drawn_apart, generator_of

if TYPE_CHECKING:
    from autocnn.backend.random import Generator
    from autocnn.nn.module import Module

M = TypeVar("M", bound="Module")


def by_path(make: Callable[[], M], seed: int) -> M:
    """The network that `make()` gives, where what a parameter is drawn from depends on `seed` and its path alone.

    Networks that share parameters, by path and shape, then share their first values to the bit: with skips and
    without, of another depth, with one more projection, made in another process. `make` is called twice: once to
    learn which draw is for which parameter, once to draw; so whatever it does to its parameters holds. Draws of
    `nn.init` are keyed; others come from `seed` in the order in which they are made. The library's generator is
    left as it was.

    Raises ArgumentError if the second call does not draw as the first did.

    >>> from autocnn import nn
    >>> one = by_path(lambda: nn.Sequential({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)}), seed=0)
    >>> other = by_path(lambda: nn.Sequential({"new": nn.Linear(2, 2), "b": nn.Linear(2, 2)}), seed=0)
    >>> one.b.weight.tolist() == other.b.weight.tolist() != one.a.weight.tolist()
    True
    """
    with drawn_apart(seed):
        first = _Noted()
        with _in_force(first):
            model = make()
        second = _Keyed(seed, _paths(first.filled, model), [tensor.shape for tensor in first.filled])
    with drawn_apart(seed), _in_force(second):
        model = make()
    second.check_end()
    return model


def source(given: Generator | None, tensor: Tensor) -> Generator | None:
    """The generator that a draw for a tensor is to come from; None is the library's own."""
    return given if given is not None or _now.law is None else _now.law.generator(tensor)


def done(tensor: Tensor) -> None:
    """A tensor has all its values: the next draw is for another, or begins anew."""
    if _now.law is not None:
        _now.law.done(tensor)


class _Noted:
    """Notes which tensors are filled by draws, in order."""

    def __init__(self) -> None:
        self.filled: list[Tensor] = []
        self._drawn = False

    def generator(self, tensor: Tensor) -> Generator | None:
        self._drawn = True
        return None

    def done(self, tensor: Tensor) -> None:
        if self._drawn:
            self.filled.append(tensor)
        self._drawn = False


class _Keyed(_Noted):
    """Gives every filling a generator of its own, keyed by the seed and the path of what is filled."""

    def __init__(self, seed: int, paths: list[str], shapes: list[tuple[int, ...]]) -> None:
        super().__init__()
        self.seed, self.paths, self.shapes = seed, paths, shapes
        self._generator: Generator | None = None

    def generator(self, tensor: Tensor) -> Generator | None:
        number = len(self.filled)
        if number >= len(self.paths) or self.shapes[number] != tensor.shape:
            self.refuse()
        if not self._drawn:
            self._generator = generator_of(self.seed, self.paths[number])
        self._drawn = True
        return self._generator

    def check_end(self) -> None:
        if len(self.filled) < len(self.paths):
            self.refuse()

    def refuse(self) -> None:
        raise ArgumentError("by_path: make draws other parameters when it is called again; it must draw the same")


def _paths(filled: list[Tensor], model: Module) -> list[str]:
    """The path of each tensor that was filled; of one that the model does not own, its number among those."""
    owned = {id(t): path for path, t in [*model.named_buffers(), *model.named_parameters()]}
    arrays = {id(t.array): path for path, t in model.named_parameters()}
    paths = []
    for number, tensor in enumerate(filled):
        path = owned.get(id(tensor), arrays.get(id(tensor.array)))
        paths.append(f"/{number}" if path is None else path)
    return paths


class _Now(threading.local):
    law: _Noted | None = None


_now = _Now()


@contextmanager
def _in_force(law: _Noted) -> Iterator[None]:
    before, _now.law = _now.law, law
    try:
        yield
    finally:
        _now.law = before
