"""The table of cases is whole: every primitive has a row, and every check has cases in which it runs."""

from __future__ import annotations

from autocnn.engine import primitives
from tests.ops.cases import CASES
from tests.ops.test_cases import EVERY, OURS


def test_every_primitive_has_a_row() -> None:
    assert sorted(set(OURS) - set(CASES)) == []


def test_every_row_has_a_primitive() -> None:
    assert sorted(set(CASES) - set(OURS)) == []


def test_names_are_unique() -> None:
    registered = primitives()
    assert [p.forward for p in EVERY if registered[p.name] is not p] == []


def test_a_check_that_never_runs_is_no_check() -> None:
    table = [(OURS[name], case) for name, row in CASES.items() for case in row]
    assert any(case.linear for _, case in table), "adjoint law"
    assert any(case.tied for _, case in table), "ties"
    assert any(p.fast_rule is not None and case.order for p, case in table), "fast rules"
