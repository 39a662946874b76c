"""A computation as data: vertices, edges, text, JSON, transformations and counts."""

from autocnn.graph.analysis import to_networkx
from autocnn.graph.data import Edge, Graph, Vertex
from autocnn.graph.diff import Difference, diff
from autocnn.graph.onnx import to_onnx
from autocnn.graph.replay import replay
from autocnn.graph.store import from_json, load, save, to_json
from autocnn.graph.text import listing
from autocnn.graph.trace import graph_of, trace

__all__ = [
    "Difference",
    "Edge",
    "Graph",
    "Vertex",
    "diff",
    "from_json",
    "graph_of",
    "listing",
    "load",
    "replay",
    "save",
    "to_json",
    "to_networkx",
    "to_onnx",
    "trace",
]
