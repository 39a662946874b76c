"""The one visual language of every graph picture: what each colour, shape and line means.

Colours are from the palette of M. Okabe and K. Ito, "Color Universal Design" (2008), lightened for fills. No
distinction rests on colour alone: families also differ in shape, passes in outline, edges in width and dash.
"""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass

from autocnn.graph import Vertex

INK = "#22303C"
MUTED = "#5B6B7A"
FAINT = "#9AA7B3"
FONT = "Helvetica,Arial,DejaVu Sans,sans-serif"


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of vertex: its words in the legend, its fill and its outline's form."""

    title: str
    fill: str
    shape: str
    style: str = "filled"


@dataclass(frozen=True, slots=True)
class Pass:
    """Forward, backward or second order: outline of its vertices, ground of its modules."""

    title: str
    line: str
    ground: str
    width: float
    rings: int = 1


@dataclass(frozen=True, slots=True)
class Stroke:
    """A kind of edge."""

    title: str
    color: str
    width: float
    style: str = "solid"


FAMILIES = {
    "convolution": Family("convolution", "#B9DCF2", "box"),
    "linear": Family("matrix product", "#CFCBEF", "box3d"),
    "activation": Family("activation", "#FBDDA6", "ellipse"),
    "pooling": Family("pooling", "#AFE3D0", "hexagon"),
    "norm": Family("normalisation", "#F7F1A8", "octagon"),
    "arithmetic": Family("arithmetic", "#E3E7EB", "box", "filled,rounded"),
    "reduction": Family("reduction, loss", "#EDCBDD", "tab"),
    "view": Family("shape, indexing", "#FFFFFF", "cds"),
    "random": Family("random draw", "#FFFFFF", "component"),
    "stop": Family("gradient stops here", "#FFFFFF", "box", "filled,diagonals"),
    "module": Family("collapsed module", "#DCE6EE", "folder"),
    "input": Family("input", "#FFFFFF", "box", "filled,rounded,bold"),
    "parameter": Family("parameter", "#F1F3F5", "cylinder"),
    "constant": Family("constant", "#FFFFFF", "box", "filled,dotted"),
    "output": Family("output", "#22303C", "box", "filled,rounded"),
}

PASSES = {
    "forward": Pass("forward", "#3E5060", "#F6F8FA", 1.0),
    "backward": Pass("backward", "#D55E00", "#FFF3EA", 2.0),
    "second": Pass("second order", "#8A3374", "#F9EEF6", 1.4, rings=2),
}

STROKES = {
    "forward": Stroke("value", "#3E5060", 1.1),
    "backward": Stroke("gradient", "#D55E00", 1.1),
    "second": Stroke("second-order gradient", "#8A3374", 1.1),
    "leaf": Stroke("parameter or constant", "#9AA7B3", 0.8),
    "saved": Stroke("value kept for the backward pass", "#9AA7B3", 0.8, "dashed"),
    "skip forward": Stroke("skip connection", "#0072B2", 3.4),
    "skip backward": Stroke("gradient through a skip", "#D55E00", 3.4),
    "skip second": Stroke("second order through a skip", "#8A3374", 3.4),
}

_COLOR = re.compile(r'(color)="(#[0-9A-F]{6})"')
"""A colour that we set: in what users name, a quote never follows an equals sign bare."""

GROUND, NIGHT = "#FFFFFF", "#12181E"

DARK = {
    GROUND: NIGHT, INK: "#E6ECF1", MUTED: "#A3B1BE", FAINT: "#66747F",
    "#B9DCF2": "#0F4C75", "#CFCBEF": "#443C86", "#FBDDA6": "#7A5410", "#AFE3D0": "#0B5C46", "#F7F1A8": "#5F5A14",
    "#E3E7EB": "#39444E", "#EDCBDD": "#6B3C57", "#DCE6EE": "#2B3F50", "#F1F3F5": "#232D36",
    "#3E5060": "#A9BBCB", "#D55E00": "#FF9A4A", "#8A3374": "#DB93C8", "#0072B2": "#56B4E9",
    "#F6F8FA": "#1E262D", "#FFF3EA": "#252220", "#F9EEF6": "#22222C",
}  # fmt: skip
"""The colour that stands for each one on a dark ground: the same hue, its lightness turned round."""


def themed(dot: str, theme: str) -> str:
    """DOT text as it is, or with every colour as by night."""
    return _COLOR.sub(lambda found: f'{found[1]}="{by_night(found[2])}"', dot) if theme == "dark" else dot


def by_night(color: str) -> str:
    """The colour that takes a colour's place on a dark ground.

    >>> by_night("#FFFFFF"), by_night("#C6DBEF")
    ('#12181E', '#1B344B')
    """
    if color in DARK:
        return DARK[color]
    hue, light, strength = colorsys.rgb_to_hls(*(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)))
    parts = colorsys.hls_to_rgb(hue, 0.08 + 0.84 * (1 - light), 0.85 * strength)
    return "#" + "".join(f"{round(255 * part):02X}" for part in parts)


_WORDS = {
    "convolution": ("conv", "unfold", "fold", "im2col", "col2im"),
    "linear": ("matmul", "linear", "einsum", "tensordot", "outer", "dot", "mm", "bmm"),
    "activation": (
        *(
            "relu",
            "tanh",
            "sigmoid",
            "softmax",
            "elu",
            "selu",
            "celu",
            "gelu",
            "silu",
            "mish",
            "softplus",
            "step",
        ),
        *("hardtanh", "hardsigmoid", "hardswish", "leaky", "softsign", "logsigmoid", "prelu", "threshold"),
    ),
    "pooling": ("pool", "unpool", "resize", "unresize"),
    "norm": ("norm", "normalize", "normalise"),
    "reduction": (
        *("sum", "mean", "prod", "amax", "amin", "argmax", "argmin", "var", "std", "any", "all", "cumsum"),
        *("logsumexp", "entropy", "nll", "loss", "mse", "bce", "huber", "max", "min"),
    ),
    "view": (
        *(
            "reshape",
            "transpose",
            "permute",
            "broadcast",
            "expand",
            "squeeze",
            "unsqueeze",
            "flatten",
            "view",
        ),
        *("cast", "cat", "stack", "split", "pad", "crop", "flip", "roll", "repeat", "take", "put", "item"),
        *(
            "gather",
            "scatter",
            "index",
            "select",
            "one",
            "unbind",
            "moveaxis",
            "swapaxes",
            "copy",
            "contiguous",
        ),
    ),
    "random": ("dropout", "rand", "randn", "uniform", "normal", "bernoulli", "mask"),
}
_EXACT = {
    "arithmetic": ("clamp_max", "clamp_min"),
    "stop": ("detach",),
    "linear": ("project",),
    "reduction": ("hot_classes", "over_samples", "per_sample", "pick", "place", "weight_of"),
    "view": (
        *(
            "alias",
            "channel_spread",
            "clear",
            "clone",
            "diagonal",
            "overwrite",
            "same",
            "slice",
            "spread",
        ),
        *("to_device", "tril", "triu", "undiagonal", "ungather", "unindex", "unslice", "zeros_like"),
    ),
}
_NAMED = {name: family for family, names in _EXACT.items() for name in names}
_FAMILY_OF = {word: family for family, words in _WORDS.items() for word in words}
_ORDER = ("convolution", "norm", "pooling", "activation", "linear", "random", "reduction", "view")


def family(vertex: Vertex) -> str:
    """The family of a vertex, from its kind and the words of its op's name.

    >>> family(Vertex(0, "conv_weight", "op", {}, (), "float32"))
    'convolution'
    """
    if vertex.kind != "op":
        return vertex.kind
    if vertex.op in _NAMED:
        return _NAMED[vertex.op]
    words = vertex.op.lower().split("_")
    stems = {_FAMILY_OF.get(word) or _FAMILY_OF.get(_stem(word)) for word in words}
    return next((name for name in _ORDER if name in stems), "arithmetic")


def stroke(source: Vertex, target: Vertex, skip: bool = False) -> str:
    """The kind of the edge between two vertices.

    >>> w = Vertex(0, "", "parameter", {}, (), "float32")
    >>> stroke(w, Vertex(1, "conv", "op", {}, (), "float32"))
    'leaf'
    """
    if skip:
        return f"skip {target.phase}"
    if source.phase == "forward" and target.phase != "forward":
        return "saved"
    return "leaf" if source.kind in ("parameter", "constant") else target.phase


def _stem(word: str) -> str:
    """A word without its dimension: conv2d, pool1d."""
    return word[:-2] if len(word) > 2 and word[-1] == "d" and word[-2].isdigit() else word
