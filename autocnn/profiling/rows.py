"""Sums over kernels: by op, pass and module, or by fewer of these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """The kernels of one op, pass and module, added up; empty texts where it does not matter which.

    >>> Row("matmul", "forward", "head", calls=2, seconds=0.5, bytes=10, flops=100).flops_per_second
    200.0
    """

    op: str
    phase: str
    module: str
    calls: int
    seconds: float
    bytes: int
    flops: int

    @property
    def flops_per_second(self) -> float:
        """Floating-point operations a second: of convolutions and matrix products, all else counts as none."""
        return self.flops / self.seconds if self.seconds else 0.0

    @property
    def bytes_per_second(self) -> float:
        """Bytes of operands and results a second."""
        return self.bytes / self.seconds if self.seconds else 0.0


def merged(rows: Iterable[Row], what: str, depth: int | None = None) -> tuple[Row, ...]:
    """Rows by op and pass, or by module and pass; the slowest first."""
    sums: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        path = row.module if depth is None else "/".join(row.module.split("/")[:depth])
        key = (row.op, row.phase, "") if what == "op" else ("", row.phase, path)
        sums.setdefault(key, []).append(row)
    found = [total(same, *key) for key, same in sums.items()]
    return tuple(sorted(found, key=lambda row: -row.seconds))


def total(rows: Iterable[Row], op: str = "", phase: str = "", module: str = "") -> Row:
    """One row for all."""
    each = list(rows)
    return Row(
        op, phase, module, sum(r.calls for r in each), sum(r.seconds for r in each),
        sum(r.bytes for r in each), sum(r.flops for r in each),
    )  # fmt: skip
