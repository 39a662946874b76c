"""Numbers as strict JSON keeps them: NaN becomes null, and an infinity "inf" or "-inf"."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def strict(value: Any) -> Any:
    """The same with what JSON lacks put in its words, at any depth; tuples become lists.

    >>> strict({"sizes": (1.0, float("nan"), float("-inf"))})
    {'sizes': [1.0, None, '-inf']}
    """
    if isinstance(value, Mapping):
        return {key: strict(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [strict(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else f"{value}"
    return value


def loose(value: Any) -> Any:
    """What `strict` was given, as far as numbers, texts, lists and mappings go.

    >>> loose([None, "inf", "text"])
    [nan, inf, 'text']
    """
    if isinstance(value, Mapping):
        return {key: loose(part) for key, part in value.items()}
    if isinstance(value, list):
        return [loose(part) for part in value]
    if value is None:
        return math.nan
    return float(value) if value in ("inf", "-inf") else value
