"""Networks by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from autocnn.errors import UsageError
from autocnn.models.deep import plain, residual
from autocnn.models.lenet import LeNet5
from autocnn.nn import Module

__all__ = ["LeNet5", "get", "names", "plain", "residual"]

_MODELS: dict[str, Callable[..., Module]] = {"lenet5": LeNet5, "plain": plain, "residual": residual}


def names() -> list[str]:
    """The names that `get` knows.

    >>> names()
    ['lenet5', 'plain', 'residual']
    """
    return sorted(_MODELS)


def get(name: str) -> Callable[..., Module]:
    """What makes the network of a name; case, ``-`` and ``_`` do not matter.

    Raises UsageError for an unknown name, with the nearest known one.

    >>> get("LeNet-5") is LeNet5
    True
    """
    plain_name = name.lower().replace("-", "").replace("_", "")
    if plain_name in _MODELS:
        return _MODELS[plain_name]
    near = difflib.get_close_matches(plain_name, _MODELS, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]!r}? " if near else ""
    raise UsageError(f"model: {name!r} is not known. {meant}There are {', '.join(names())}")
