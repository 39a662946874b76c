"""The figures in docs/performance.md, which nobody writes by hand."""

from __future__ import annotations

from pathlib import Path

from . import growth
from .cases import CASES
from .results import Results
from .tables import Table, remarks, tables

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def shown(results: Results) -> list[Table]:
    """The tables of the cases, then those of the series."""
    usual = results.only({case.name for case in CASES})
    return [*(tables(usual) if usual.rows else []), *growth.tables(results)]


def section(results: Results) -> str:
    """All tables, below the words that say where and when."""
    machine = results.machine
    about = (
        f"Measured {results.date} on {machine['cores']} cores ({machine['processor']}), {machine['system']}, "
        f"Python {machine['python']}, with {results.threads} threads."
    )
    said = [f"- {remark}" for remark in remarks(results)]
    parts = ["## Figures", about, *(table.markdown() for table in shown(results))]
    return "\n\n".join([*parts, *(["\n".join(said)] if said else [])])


def rewrite(text: str, figures: str) -> str:
    """The page with these figures in the place of those that it had; at its end where it had none.

    >>> once = rewrite("# Page\\n", "1")
    >>> print(once, end="")
    # Page
    <BLANKLINE>
    <!-- figures: begin -->
    1
    <!-- figures: end -->
    >>> rewrite(once, "2") == once.replace("1", "2")
    True
    """
    before, found, rest = text.partition(BEGIN)
    after = rest.partition(END)[2] if found else "\n"
    return f"{before if found else before + chr(10)}{BEGIN}\n{figures}\n{END}{after}"
