"""Primitives that move no number: they mark a place in the graph, or write into a region."""

from __future__ import annotations

from typing import Any

import numpy as np

from autocnn.engine import primitives
from autocnn.engine.views import Step
from tests.ops.case import Case, normal
from tests.ops.cases.elementwise import Row


def column(k: int) -> tuple[Step, ...]:
    """The way to column k of a matrix, by way of its transpose."""
    known = primitives()
    return (Step(known["permute"], {"dims": (1, 0)}, None), Step(known["slice"], {"index": (k,)}, None))


def flat(k: int) -> tuple[Step, ...]:
    """The way to element k of a matrix, by way of a reshape, which some layouts have to copy."""
    known = primitives()
    return (Step(known["reshape"], {"shape": (6,)}, None), Step(known["slice"], {"index": (k,)}, None))


def with_element(x: Any, v: Any) -> Any:
    """x with its fifth element, counted in C order, replaced."""
    z = np.array(x)
    z[1, 1] = v
    return z


def with_column(x: Any, v: Any) -> Any:
    """x with its second column replaced."""
    z = np.array(x)
    z[:, 1] = v
    return z


ROWS: dict[str, Row] = {
    "gate": (Case(lambda x, y: (x, y), (normal(2, 3), normal(2))),),
    "overwrite": (
        Case(with_column, (normal(2, 3), normal(2)), {"path": column(1)}),
        Case(with_element, (normal(2, 3), normal()), {"path": flat(4)}),
    ),
    "clear": (
        Case(lambda x: with_column(x, 0.0), (normal(2, 3),), {"path": column(1)}, linear=(0,)),
        Case(lambda x: with_element(x, 0.0), (normal(2, 3),), {"path": flat(4)}, linear=(0,)),
    ),
    "to_device": (Case(lambda x: x, (normal(2, 3),), {"device": "cpu"}, linear=(0,)),),
}
