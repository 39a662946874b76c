"""The table of cases: a row for every primitive. A primitive without one fails the tests."""

from tests.ops.case import Case
from tests.ops.cases import (
    activation,
    choice,
    elementwise,
    linalg,
    plumbing,
    recurrent,
    reduce,
    resize,
    shape,
    windows,
)

CASES: dict[str, tuple[Case, ...]] = {
    **elementwise.ROWS,
    **choice.ROWS,
    **activation.ROWS,
    **reduce.ROWS,
    **shape.ROWS,
    **linalg.ROWS,
    **windows.ROWS,
    **resize.ROWS,
    **recurrent.ROWS,
    **plumbing.ROWS,
}
