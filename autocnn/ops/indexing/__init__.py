"""Indexing: by slices and numbers, by arrays and masks; gathering, and its adjoint, scattering."""

from autocnn.ops.indexing.getitem import getitem
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
    scatter,
    scatter_add,
    take,
    take_along_dim,
)
from autocnn.ops.indexing.setitem import setitem

__all__ = [
    "argwhere",
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
    "setitem",
    "take",
    "take_along_dim",
]
