"""Every error that the library raises on purpose.

Each derives from :class:`AutocnnError` and from the builtin exception that it specialises, so that both
``except AutocnnError`` and ``except ValueError`` work. The text has one form:
``op: argument is value (shape); law. remedy``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable


class AutocnnError(Exception):
    """The root of the library's errors."""


class ArgumentError(AutocnnError, ValueError):
    """An argument has a value that the operation cannot take."""


class ShapeError(ArgumentError):
    """Shapes that do not fit together, or not the operation."""


class OutOfRangeError(ArgumentError, IndexError):
    """An axis or an index that a tensor does not have."""


class MissingError(AutocnnError, AttributeError):
    """A name that is not here. The nearest ones that are get looked up when the text is asked for.

    >>> str(MissingError("nn", "Conv2D", lambda: ["Conv1d", "Conv2d", "Linear"]))
    "nn has no attribute 'Conv2D'; the nearest is 'Conv2d'"
    """

    def __init__(self, owner: str, missing: str = "", known: Callable[[], Iterable[str]] = tuple) -> None:
        super().__init__(owner, missing)
        self._known = known

    def __str__(self) -> str:
        owner, missing = self.args
        if not missing:
            return str(owner)
        near = nearest(missing, self._known())
        return f"{owner} has no attribute {missing!r}" + (f"; the nearest is {near!r}" if near else "")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, whatever its case; None where none is at all like it.

    >>> nearest("avgpool2d", ["AvgPool2d", "AvgPool3d"])
    'AvgPool2d'
    """
    named = {k.lower().strip("_"): k for k in sorted(known, reverse=True) if k[:1] != "_" or name[:1] == "_"}
    near = difflib.get_close_matches(name.lower().strip("_"), named, n=1)
    return named[near[0]] if near else None


class DTypeError(AutocnnError, TypeError):
    """An element type that the operation cannot take."""


class OperandError(AutocnnError, TypeError):
    """An object that is no tensor, array or number where one is needed."""


class DeviceError(AutocnnError, RuntimeError):
    """Arrays on different devices, or a device that is not there."""


class GradientError(AutocnnError, RuntimeError):
    """A backward pass that cannot be carried out as asked."""


class ReleasedGraphError(GradientError):
    """A backward pass through a graph whose saved arrays an earlier pass has released."""


class InPlaceError(GradientError):
    """An array that a backward pass needs was overwritten, or an in-place write that may not be made."""


class NonFiniteError(AutocnnError, ArithmeticError):
    """Debug mode met the first NaN or infinity."""


class StateError(AutocnnError, KeyError, RuntimeError):
    """A state dictionary whose keys or shapes do not match."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class GraphError(AutocnnError, ValueError):
    """A graph that is not well formed, or a question that it cannot answer."""


class DataError(AutocnnError, ValueError):
    """A data file that is damaged, or is not what it should be."""


class DataNotFoundError(AutocnnError, FileNotFoundError):
    """A data file that is not there."""


class UsageError(ArgumentError):
    """A wrong name or value given by the person at the command line."""
