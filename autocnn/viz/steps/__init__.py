"""One convolution as one self-contained page: step through outputs, weights' gradients and inputs' gradients."""

from __future__ import annotations

import html as markup
import os
from collections.abc import Mapping
from typing import Any

from autocnn.graph.store import write_whole
from autocnn.viz import style
from autocnn.viz.offline import filled, part, policy, program
from autocnn.viz.page.data import as_script
from autocnn.viz.report.theme import variables
from autocnn.viz.steps.checks import check
from autocnn.viz.steps.words import every_sum, facts, title_of

__all__ = ["convolution_steps"]

SCRIPTS = ("mathematics.js", "sums.js", "grid.js", "panels.js", "written.js", "steps.js")
"""The page's program, in the order in which its parts build on each other."""

COLORS = {
    "ground": style.GROUND,
    "ink": style.INK,
    "muted": style.MUTED,
    "faint": style.FAINT,
    "line": "#DDE3E8",
    "positive": "#D55E00",
    "negative": "#0072B2",
    "mark": "#007A5A",
    "broken": "#C0182B",
    "full": ".74",
}
"""Vermilion and blue for the sign, green for what takes part in the sum that is shown.

``full`` is how strong a colour may be at most under a number, so that the number can be read.
"""

_NIGHT = {"line": "#2A343D", "mark": "#35D6A4", "broken": "#FF6B7A", "full": ".5"}


def convolution_steps(
    numbers: Mapping[str, Any], path: str | os.PathLike[str] | None = None, *, title: str = ""
) -> str:
    """A page on which to step through one convolution, written to ``path`` if one is given, and returned.

    By slider, keys or clicks: an output as the window times the filter; a weight's gradient as the inputs that it
    met times the gradients of what they went into; an input's gradient as the filter, turned by 180 degrees, over
    these. `numbers` is what `inspect.convolution_steps` found, as `to_dict` gives it: x, w, bias, z, g, dx, dw and
    db as nested lists, stride, padding, dilation, groups.
    Raises GraphError for anything else, and for what is too large for a page.

    >>> one = [[[2.0]]]
    >>> numbers = {"format": "autocnn.convolution", "version": 1, "dtype": "float32", "groups": 1}
    >>> numbers |= {"stride": [1, 1], "dilation": [1, 1], "padding": [[0, 0], [0, 0]], "bias": None, "db": None}
    >>> numbers |= {"x": one, "w": [one], "z": [[[4.0]]], "g": [[[1.0]]], "dx": one, "dw": [one]}
    >>> convolution_steps(numbers)[:15]
    '<!doctype html>'
    """
    check(numbers)
    title = title_of(numbers, title)
    script = program(__package__, SCRIPTS)
    style_text = variables(COLORS, _NIGHT) + part(__package__, "steps.css")
    page = filled(
        part(__package__, "steps.html"),
        policy=policy(script, style_text),
        title=markup.escape(title),
        style=style_text,
        script=script,
        facts=markup.escape(" · ".join(facts(numbers))),
        sums=every_sum(numbers.get("sums") or {}),
        data=as_script({name: value for name, value in numbers.items() if name != "sums"}),
    )
    if path is not None:
        write_whole(path, page.encode())
    return page
