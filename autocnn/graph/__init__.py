"""A computation as data: vertices, edges, text, JSON, transformations and counts."""

from autocnn.graph.data import Edge, Graph, Vertex
from autocnn.graph.store import from_json, load, save, to_json
from autocnn.graph.text import listing

__all__ = ["Edge", "Graph", "Vertex", "from_json", "listing", "load", "save", "to_json"]
