"""Graphs made from graphs: parts of them, and coarser views of them."""

from autocnn.graph.transform.blocks import readable, with_blocks
from autocnn.graph.transform.collapsing import collapse, module_name
from autocnn.graph.transform.hiding import VIEWS, hidden, hide
from autocnn.graph.transform.outline import Outline, Part, Wire, outline
from autocnn.graph.transform.parts import (
    ancestors,
    backward,
    between,
    descendants,
    forward,
    module,
    second,
    subgraph,
)
from autocnn.graph.transform.unroll import Unrolled, unroll

__all__ = [
    "VIEWS",
    "Outline",
    "Part",
    "Unrolled",
    "Wire",
    "ancestors",
    "backward",
    "between",
    "collapse",
    "descendants",
    "forward",
    "hidden",
    "hide",
    "module",
    "module_name",
    "outline",
    "readable",
    "second",
    "subgraph",
    "unroll",
    "with_blocks",
]
