"""Whether ops are recorded: context managers that are decorators too."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from typing import Any, TypeVar, cast

from autocnn.engine.tape import Context, left, local

F = TypeVar("F", bound=Callable[..., Any])


class set_grad_enabled:
    """Record ops, or not: at once, for the length of a ``with`` block, or in a function that it decorates.

    >>> with set_grad_enabled(False):
    ...     is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self._before = local.context.recording
        local.context = local.context._replace(recording=self.mode)

    def __enter__(self) -> None:
        local.context = local.context._replace(recording=self.mode)

    def __exit__(self, *error: object) -> None:
        local.context = local.context._replace(recording=self._before)

    def __call__(self, function: F) -> F:
        self.__exit__()  # what is decorated has the mode; what stands around it has not

        return _inside(lambda: set_grad_enabled(self.mode), function)


class _Mode:
    """A grad mode for a ``with`` block or a decorated function; it may be entered many times, on any thread."""

    recording: bool

    def __new__(cls, function: Any = None) -> Any:
        """`@no_grad` works as `@no_grad()` does."""
        return super().__new__(cls) if function is None else cls()(function)

    def __enter__(self) -> None:
        outside = local.context
        local.context = outside if outside.recording is self.recording else _switched(outside)
        local.modes.append((local.context, outside))

    def __exit__(self, *error: object) -> None:
        local.context = left(*local.modes.pop(), "recording")

    def __call__(self, function: F) -> F:
        return _inside(type(self), function)


def _switched(outside: Context) -> Context:
    """The context whose mode is the other one, the same each time: modules remember the contexts they ran in."""
    known, inside = local.switched
    if known is not outside:
        inside = outside._replace(recording=not outside.recording)
        if outside.watch is None:  # a watcher is not to be kept alive
            local.switched = (outside, inside)
    return inside


def _inside(mode: Callable[[], Any], function: F) -> F:
    """The function with a mode around its body: around each step of it, where it is a generator."""
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def steps(*args: Any, **kwargs: Any) -> Any:
            return (yield from _Steps(mode, function(*args, **kwargs)))

        return cast(F, steps)

    @functools.wraps(function)
    def inside(*args: Any, **kwargs: Any) -> Any:
        with mode():
            return function(*args, **kwargs)

    return cast(F, inside)


class _Steps(Generator[Any, Any, Any]):
    """A generator whose body runs in a mode, which the code that takes its values does not."""

    def __init__(self, mode: Callable[[], Any], generator: Generator[Any, Any, Any]) -> None:
        self._mode, self._generator = mode, generator

    def send(self, value: Any) -> Any:
        with self._mode():
            return self._generator.send(value)

    def throw(self, *error: Any) -> Any:
        with self._mode():
            return self._generator.throw(*error)


class no_grad(_Mode):
    """Record nothing: what is computed has no graph. A context manager and a decorator.

    >>> import autocnn as ac
    >>> w = ac.ones(2, requires_grad=True)
    >>> with no_grad():
    ...     (2 * w).requires_grad
    False
    """

    recording = False


class enable_grad(_Mode):
    """Record again inside `no_grad`. A context manager and a decorator.

    >>> with no_grad(), enable_grad():
    ...     is_grad_enabled()
    True
    """

    recording = True


def is_grad_enabled() -> bool:
    """Whether ops on this thread are recorded."""
    return local.context.recording
