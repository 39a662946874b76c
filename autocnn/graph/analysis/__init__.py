"""Questions about a graph that need its shape and its ops, not its values."""

from autocnn.graph.analysis.blocks import Block, residual_blocks, skip_edges
from autocnn.graph.analysis.costs import (
    Memory,
    activation_memory,
    count_parameters,
    memory_of,
    multiply_adds,
    saved_bytes,
    work,
)
from autocnn.graph.analysis.field import Field, receptive_field, receptive_fields
from autocnn.graph.analysis.networks import articulation_points, dominators, to_networkx
from autocnn.graph.analysis.paths import Length, count_paths, longest_path, path_lengths

__all__ = [
    "Block",
    "Field",
    "Length",
    "Memory",
    "activation_memory",
    "articulation_points",
    "count_parameters",
    "count_paths",
    "dominators",
    "longest_path",
    "memory_of",
    "multiply_adds",
    "path_lengths",
    "receptive_field",
    "receptive_fields",
    "residual_blocks",
    "saved_bytes",
    "skip_edges",
    "to_networkx",
    "work",
]
