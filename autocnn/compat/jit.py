"""`torch.jit`: Python stays Python, so every annotation for its compiler gives back what it is put on."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final, TypeVar

from autocnn.nn import Module

T = TypeVar("T")
ScriptModule = Module


def script(obj: T, *args: Any, **kwargs: Any) -> T:
    """The function, class or module itself.

    >>> script(len) is len
    True
    """
    return obj


export = interface = script_method = script
script_if_tracing = _script_if_tracing = script


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """The function itself; with or without arguments before it.

    >>> ignore(len) is ignore()(len) is ignore(drop=True)(len) is len
    True
    """
    return drop if callable(drop) else script


unused = ignore


def trace(func: T, *args: Any, **kwargs: Any) -> T:
    """The function or module itself, which was not run.

    >>> trace(len, "abc") is len
    True
    """
    return func


def is_scripting() -> bool:
    """Never.

    >>> is_scripting()
    False
    """
    return False


is_tracing = is_scripting


def annotate(the_type: Any, the_value: T) -> T:
    """The value itself.

    >>> annotate(int, 3)
    3
    """
    return the_value


_overload_method = overload = weak_module = weak_script_method = script
fx = SimpleNamespace(wrap=lambda function: function)
"""`torch.fx`: what is marked for its tracer stays as it is."""

Attribute: Callable[[Any, Any], Any] = lambda value, type: value  # noqa: E731

__all__ = [
    "Attribute", "Final", "ScriptModule", "annotate", "export", "ignore", "interface", "is_scripting",
    "is_tracing", "script", "script_if_tracing", "script_method", "trace", "unused",
]  # fmt: skip
