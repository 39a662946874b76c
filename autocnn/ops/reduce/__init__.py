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
from autocnn.ops.reduce.running import (
    cumprod,
)
from autocnn.ops.reduce.sorting import (
    argsort,
    kthvalue,
    median,
    msort,
    nanmedian,
    sort,
    topk,
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
    "argsort",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "kthvalue",
    "logsumexp",
    "max",
    "mean",
    "median",
    "min",
    "msort",
    "nanmedian",
    "nansum",
    "norm",
    "prod",
    "sort",
    "std",
    "std_mean",
    "sum",
    "topk",
    "var",
    "var_mean",
    "vector_norm",
]
