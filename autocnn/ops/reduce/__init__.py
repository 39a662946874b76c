"""Reductions over axes: sums, extremes, norms."""

from autocnn.ops.reduce.sums import mean, sum

__all__ = ["mean", "sum"]
