"""Graphs and numbers as pictures."""

from autocnn.viz.dot import to_dot
from autocnn.viz.figures import Figure, gradient_flow, learning_curve
from autocnn.viz.figures_equivariance import equivariance
from autocnn.viz.figures_jacobian import gains, spectra
from autocnn.viz.figures_lesions import lesions
from autocnn.viz.figures_moving import accuracy_under_shift
from autocnn.viz.figures_paths import paths, shares
from autocnn.viz.figures_recording import recording
from autocnn.viz.figures_seen import feature_maps, filters, heatmaps, tiles
from autocnn.viz.figures_shatter import autocorrelation, cosines
from autocnn.viz.figures_sweep import sweep_lines
from autocnn.viz.figures_theory import theory, toy
from autocnn.viz.figures_toeplitz import toeplitz
from autocnn.viz.flow import flow, unrolled
from autocnn.viz.page import html
from autocnn.viz.picture import Picture, draw
from autocnn.viz.render import render
from autocnn.viz.report import report, side_by_side
from autocnn.viz.steps import convolution_steps

__all__ = [
    "Figure", "Picture", "accuracy_under_shift", "autocorrelation", "convolution_steps", "cosines", "draw",
    "equivariance", "feature_maps", "filters", "flow", "gains", "gradient_flow", "heatmaps", "html",
    "learning_curve", "lesions", "paths", "recording", "render", "report", "shares", "side_by_side", "spectra",
    "sweep_lines", "theory", "tiles", "to_dot", "toeplitz", "toy", "unrolled",
]  # fmt: skip
