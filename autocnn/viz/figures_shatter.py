"""Figures of shattered gradients: autocorrelation beside noise, and the cosines of all pairs of inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from autocnn.errors import GraphError
from autocnn.viz.figures import _INK, _MUTED, Figure, _blank, _dress, _finished, _looks
from autocnn.viz.line_ends import End, named, noted

_NOISE = "#8A97A3"


def autocorrelation(
    networks: Mapping[str, Sequence[float]],
    *,
    floor: float,
    white: Sequence[float],
    brown: Sequence[float] = (),
    spread: Mapping[str, Sequence[float]] | None = None,
    notes: Mapping[str, str] | None = None,
    title: str = "",
) -> Figure:
    """How alike gradients are that lie so many inputs apart: a line for each network, noise in grey behind.

    Each sequence is by lag, from 0. The grey band is `white` ± `floor`: 95 % of the lags of white noise lie in
    it. The dotted line is brown noise. `spread` are standard errors, drawn as bands. `notes` add words to names.

    >>> lines = {"plain": [1.0, 0.01, -0.02], "residual": [1.0, 0.4, 0.2]}
    >>> autocorrelation(lines, floor=0.12, white=[1.0, 0.0, 0.0]).bytes("png")[1:4]
    b'PNG'
    """
    if not networks:
        raise GraphError("autocorrelation: networks is empty; give at least one")
    figure = _blank(9.6, 5.4)
    axis = figure.subplots()
    last = max(map(len, networks.values())) - 1
    lags = range(1, min(last + 1, len(white)))
    low, high = [white[lag] - floor for lag in lags], [white[lag] + floor for lag in lags]
    axis.fill_between(lags, low, high, color=_NOISE, alpha=0.25, linewidth=0)
    axis.plot(lags, [white[lag] for lag in lags], color=_NOISE, linewidth=1)
    ends = [End(lags[-1], white[lags[-1]], f"white noise ± {floor:.2g}", _MUTED)]
    if len(brown) > 1:
        shown = list(brown[: last + 1])
        axis.plot(range(len(shown)), shown, color=_MUTED, linestyle=":", linewidth=1.6)
        ends.append(End(len(shown) - 1, shown[-1], "brown noise", _MUTED))
    for (name, values), (color, dash, _) in zip(networks.items(), _looks(networks), strict=True):
        axis.plot(range(len(values)), list(values), color=color, linestyle=dash, linewidth=2)
        errors = (spread or {}).get(name, ())
        if len(errors) == len(values) and all(map(math.isfinite, errors)):
            below = [v - e for v, e in zip(values, errors, strict=True)]
            above = [v + e for v, e in zip(values, errors, strict=True)]
            axis.fill_between(range(len(values)), below, above, color=color, alpha=0.15, linewidth=0)
        ends.append(End(len(values) - 1, values[-1], noted(name, notes), color))
    _dress(axis, "autocorrelation of the gradient")
    axis.set_xlabel("distance [inputs apart]", color=_MUTED, fontsize=9)
    axis.set_xlim(0, last)
    axis.set_ylim(min(-0.3, axis.get_ylim()[0]), 1.03)
    return named(figure, {axis: ends}, title)


def cosines(
    networks: Mapping[str, Sequence[Sequence[float]]],
    *,
    notes: Mapping[str, str] | None = None,
    inputs: str = "input",
    title: str = "",
) -> Figure:
    """Cosines between the gradients of every two inputs: a square for each network, on one scale.

    Purple is opposite (-1), white unrelated (0), orange alike (1); grey where an input has no gradient. Above each
    square stands the mean cosine of inputs next to each other.

    >>> cosines({"plain": [[1.0, 0.0], [0.0, 1.0]], "residual": [[1.0, 0.9], [0.9, 1.0]]}).bytes("png")[1:4]
    b'PNG'
    """
    if not networks:
        raise GraphError("cosines: networks is empty; give at least one")
    import matplotlib

    figure = _blank(4.0 * len(networks) + 1.4, 4.6)
    axes = figure.subplots(1, len(networks), squeeze=False)[0]
    colors = matplotlib.colormaps["PuOr_r"].with_extremes(bad="#C8CED3")
    for axis, (name, matrix) in zip(axes, networks.items(), strict=True):
        n = len(matrix)
        extent = (0.5, n + 0.5, n + 0.5, 0.5)
        image = axis.imshow(matrix, vmin=-1, vmax=1, cmap=colors, extent=extent, interpolation="nearest")
        near = [matrix[i][i + 1] for i in range(n - 1)]
        mean = sum(near) / len(near) if near else math.nan
        axis.set_title(f"{noted(name, notes)}: neighbours {mean:.2f}", loc="left", fontsize=10, color=_INK)
        axis.set_xlabel(inputs, color=_MUTED, fontsize=9)
        axis.tick_params(colors=_MUTED, labelsize=8.5)
        axis.spines[:].set_color(_MUTED)
    axes[0].set_ylabel(inputs, color=_MUTED, fontsize=9)
    bar = figure.colorbar(image, ax=list(axes), shrink=0.8, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.set_label("cosine between two gradients", color=_MUTED, fontsize=9)
    bar.ax.tick_params(colors=_MUTED, labelsize=8.5)
    bar.outline.set_visible(False)
    return _finished(figure, title)
