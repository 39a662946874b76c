"""Indexing: by slices and numbers, by arrays and masks; gathering, and its adjoint, scattering."""

from autocnn.ops.indexing.getitem import getitem
from autocnn.ops.indexing.setitem import setitem

__all__ = ["getitem", "setitem"]
