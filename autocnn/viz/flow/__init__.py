"""How gradients flow through a graph, as a picture: how large they are, and what meets at every fork."""

from autocnn.viz.flow.paths import unrolled
from autocnn.viz.flow.picture import flow

__all__ = ["flow", "unrolled"]
