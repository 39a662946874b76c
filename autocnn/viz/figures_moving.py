"""A figure of accuracy by how far the images have moved: a line for each network, a band over its trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autocnn.errors import GraphError
from autocnn.viz.figures import _CYCLE, _DASHES, _MUTED, Figure, _blank, _dress
from autocnn.viz.line_ends import End, named, noted


def accuracy_under_shift(
    runs: Mapping[str, Sequence[Mapping[int, float]]],
    *,
    axis: str = "horizontal",
    chance: float | None = None,
    notes: Mapping[str, str] | None = None,
    title: str = "",
) -> Figure:
    """Mean accuracy by shift in pixels, with a band from the lowest to the highest training.

    ``runs`` maps the name of a network to its trainings, each a share by shift, as `accuracy` of
    `inspect.accuracy_under_shift` has them. ``chance`` is the accuracy of guessing, a dotted line; ``notes`` adds
    words to a network's name.

    >>> runs = {"MLP": [{0: 0.95, 1: 0.5}, {0: 0.94, 1: 0.4}], "CNN": [{0: 0.97, 1: 0.9}]}
    >>> accuracy_under_shift(runs, chance=0.1).bytes("png")[1:4]
    b'PNG'
    """
    if not runs or not all(trainings and all(trainings) for trainings in runs.values()):
        raise GraphError("accuracy_under_shift: runs is empty, or a network has no training; give one of each")
    figure = _blank(9.6, 5.4)
    panel = figure.subplots()
    panel.set_ylim(0, 102)
    ends = []
    for place, (name, trainings) in enumerate(runs.items()):
        shifts = sorted(set.intersection(*(set(training) for training in trainings)))
        heights = [[100 * training[pixels] for training in trainings] for pixels in shifts]
        means = [sum(several) / len(several) for several in heights]
        color, mark = _CYCLE[place % len(_CYCLE)], "osD^vP"[place % 6]
        dash = _DASHES[place % len(_DASHES)]
        panel.plot(shifts, means, color=color, linestyle=dash, marker=mark, markersize=5, linewidth=2)
        low, high = map(min, heights), map(max, heights)
        panel.fill_between(shifts, list(low), list(high), color=color, alpha=0.2, linewidth=0)
        ends.append(End(shifts[-1], means[-1], noted(name, notes), color, means[-2] if means[1:] else 0.0))
    if chance is not None:
        panel.axhline(100 * chance, color=_MUTED, linewidth=1, linestyle=":", zorder=1)
        ends.append(End(ends[-1].x, 100 * chance, "guessing", _MUTED))
    _dress(panel, "accuracy [%]")
    panel.xaxis.get_major_locator().set_params(integer=True)
    way = "to the right" if axis == "horizontal" else "down"
    several = any(trainings[1:] for trainings in runs.values())
    band = "; bands from the lowest to the highest training" if several else ""
    panel.set_xlabel(f"shift {way} [pixels]{band}", color=_MUTED, fontsize=9)
    figure.draw_without_rendering()  # the names are set by the final limits
    return named(figure, {panel: ends}, title)
