"""Indexing: by slices and numbers, by arrays and masks; gathering, and its adjoint, scattering."""

from autocnn.ops.indexing.getitem import getitem
from autocnn.ops.indexing.running import (
    cummax,
    cummin,
)
from autocnn.ops.indexing.scatter import (
    scatter,
    scatter_add,
    scatter_reduce,
)
from autocnn.ops.indexing.select import (
    argwhere,
    gather,
    index_add,
    index_copy,
    index_fill,
    index_select,
    masked_select,
    nonzero,
    one_hot,
    repeat_interleave,
    take,
    take_along_dim,
)
from autocnn.ops.indexing.setitem import setitem
from autocnn.ops.indexing.windows import windows

__all__ = [
    "argwhere",
    "cummax",
    "cummin",
    "gather",
    "getitem",
    "index_add",
    "index_copy",
    "index_fill",
    "index_select",
    "masked_select",
    "nonzero",
    "one_hot",
    "repeat_interleave",
    "scatter",
    "scatter_add",
    "scatter_reduce",
    "setitem",
    "take",
    "take_along_dim",
    "windows",
]
