"""A look into a network: its layers and sizes, what it has learned, and how its gradient flows."""

from autocnn.inspect.by_hand import Formula, by_hand
from autocnn.inspect.layers import Layer, Window, layers, layers_of
from autocnn.inspect.pictures import draw_flow, draw_paths, flow_numbers
from autocnn.inspect.summary import Summary, summary

__all__ = [
    "Formula", "Layer", "Summary", "Window", "by_hand", "draw_flow", "draw_paths", "flow_numbers", "layers",
    "layers_of", "summary",
]  # fmt: skip
