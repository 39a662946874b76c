"""Graphs and numbers as pictures."""

from autocnn.viz.dot import to_dot
from autocnn.viz.figures import Figure, gradient_flow, learning_curve
from autocnn.viz.flow import flow
from autocnn.viz.page import html
from autocnn.viz.picture import Picture, draw
from autocnn.viz.render import render

__all__ = ["Figure", "Picture", "draw", "flow", "gradient_flow", "html", "learning_curve", "render", "to_dot"]
