"""Reductions over axes: sums, moments, extremes, norms."""

from autocnn.ops.reduce.extremes import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    count_nonzero,
    max,
    min,
)
from autocnn.ops.reduce.moments import (
    std,
    std_mean,
    var,
    var_mean,
)
from autocnn.ops.reduce.norms import (
    logsumexp,
    norm,
    vector_norm,
)
from autocnn.ops.reduce.sums import (
    cumsum,
    mean,
    nansum,
    prod,
    sum,
)

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "cumsum",
    "logsumexp",
    "max",
    "mean",
    "min",
    "nansum",
    "norm",
    "prod",
    "std",
    "std_mean",
    "sum",
    "var",
    "var_mean",
    "vector_norm",
]
