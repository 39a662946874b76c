"""Parameters of ops as plain values, and back: what a primitive takes, and what a Graph and JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import Any

from autocnn.engine import primitives
from autocnn.engine.views import Step
from autocnn.errors import GraphError

_NOTHING: dict[str, object] = {}
_STEP = "step"


def plain(params: Mapping[str, Any]) -> Mapping[str, object]:
    """Parameters without objects of the engine or of an array library, where there is a plain way to say it.

    >>> from autocnn.engine import Tensor
    >>> plain({"dims": (0, 1), "dtype": Tensor([1.0]).dtype})
    {'dims': (0, 1), 'dtype': 'float32'}
    """
    return {key: _plain(value) for key, value in params.items()} if params else _NOTHING


def _plain(value: Any) -> object:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Step):
        return (_STEP, value.primitive.name, tuple(_plain(pair) for pair in value.params.items()), value.output)
    if isinstance(value, tuple):
        return tuple(_plain(part) for part in value)
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, slice):
        return slice(_plain(value.start), _plain(value.stop), _plain(value.step))
    if hasattr(value, "dtype") and getattr(value, "shape", None) == ():
        return value.item()
    if type(value).__name__.endswith("DType") or type(value).__module__.endswith("backend.arrays"):
        return str(value)
    try:
        return index(value)
    except TypeError:
        return value


def live(params: Mapping[str, object]) -> dict[str, Any]:
    """Parameters as primitives take them.

    Raises GraphError for a primitive that is not known here.
    """
    return {key: _live(value) for key, value in params.items()}


def _live(value: object) -> Any:
    if isinstance(value, tuple):
        if len(value) == 4 and value[0] == _STEP:
            return Step(known(str(value[1])), {key: _live(part) for key, part in value[2]}, value[3])
        return tuple(_live(part) for part in value)
    return value


def known(name: str) -> Any:
    """The primitive of a name.

    Raises GraphError if there is none.
    """
    found = primitives().get(name)
    if found is None:
        raise GraphError(f"replay: no primitive is named {name!r}; import the module that defines it")
    return found
