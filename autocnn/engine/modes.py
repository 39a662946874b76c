"""Whether ops are recorded: context managers that are decorators too."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from autocnn.engine.tape import local

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

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with set_grad_enabled(self.mode):
                return function(*args, **kwargs)

        return cast(F, inside)


class _Mode:
    """A grad mode for a ``with`` block or a decorated function; it may be entered many times, on any thread."""

    recording: bool

    def __new__(cls, function: Any = None) -> Any:
        """`@no_grad` works as `@no_grad()` does."""
        return super().__new__(cls) if function is None else cls()(function)

    def __enter__(self) -> None:
        context = local.context
        local.modes.append(context.recording)
        local.context = context._replace(recording=self.recording)

    def __exit__(self, *error: object) -> None:
        local.context = local.context._replace(recording=local.modes.pop())

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return function(*args, **kwargs)

        return cast(F, inside)


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
