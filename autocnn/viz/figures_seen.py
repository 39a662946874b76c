"""Figures of what a network has learned: filters, maps, patches, and where in an image a score comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autocnn.errors import GraphError
from autocnn.viz.figures import _INK, _MUTED, Figure, _blank, _finished

POSITIVE, NEGATIVE = (0xD5, 0x5E, 0x00), (0x00, 0x72, 0xB2)
"""Vermilion and blue, of the Okabe-Ito palette."""
_MOST = 16
"""The most tiles in a row."""

Key = Sequence[tuple[str | None, str]]
"""What colours mean: each, with words; words alone have None."""

_VERMILION, _BLUE = "#D55E00", "#0072B2"
_OWN = "each has a scale of its own"
_GREYS: Key = (("#000000", "least"), ("#FFFFFF", "most"))


def filters(weights: Any, *, title: str = "", most: int = 64) -> Figure:
    """Filters (O, C, kh, kw): of three channels as colours about grey, else a row of channels for each filter.

    Blue is negative, white 0, vermilion positive; every filter has a scale of its own.

    >>> filters([[[[1.0, -1.0]]]]).bytes("png")[1:4]
    b'PNG'
    """
    array = _array("filters", weights, (4,))[:most]
    signs: Key = ((_BLUE, "negative"), ("#FFFFFF", "0"), (_VERMILION, "positive"), (None, _OWN))
    if array.shape[1] == 3:
        colours = [_about_grey(each) for each in array]
        return _grid([("", colours)], title, wrap=True, key=(("#808080", "0 in all channels"), (None, _OWN)))
    if array.shape[1] == 1:
        return _grid([("", [_signed(each[0]) for each in array])], title, wrap=True, key=signs)
    rows = [
        (str(number), [_signed(c, abs(each).max()) for c in each[:_MOST]])
        for number, each in enumerate(array[:_MOST])
    ]
    shown = f"{_MOST} of {array.shape[1]} channels" if array.shape[1] > _MOST else "a row of channels each"
    return _grid(rows, title, key=(*signs[:-1], (None, f"filters by number, {shown}; {_OWN}")))


def feature_maps(layers: Mapping[str, Any], *, count: int = 8, title: str = "") -> Figure:
    """The first maps (C, h, w) of each layer in a row, by the layer's name; dark is little, light is much.

    A layer without positions, (C,), is a row of grey squares.

    >>> feature_maps({"conv1": [[[0.0, 1.0]], [[2.0, 0.0]]]}).bytes("png")[1:4]
    b'PNG'
    """
    if not layers:
        raise GraphError("feature_maps: layers is empty; give the maps of at least one")
    rows = []
    for name, values in layers.items():
        maps = _array("feature_maps", values, (1, 3))
        maps = maps[:, None, None] if maps.ndim == 1 else maps
        low, high = float(maps[:count].min()), float(maps[:count].max())
        rows.append((f"{name}\n{_said(maps.shape)}", [_grey(m, low, high) for m in maps[:count]]))
    return _grid(rows, title, key=(*_GREYS, (None, "of a row")))


def tiles(rows: Mapping[str, Any], *, title: str = "") -> Figure:
    """Images (k, C, h, w) or (k, h, w) in a row for each name: patches that units answer to, images made for them.

    Of three channels in colours, else grey; each image has a scale of its own.

    >>> tiles({"unit 0": [[[0.0, 1.0]]]}).bytes("png")[1:4]
    b'PNG'
    """
    if not rows:
        raise GraphError("tiles: rows is empty; give the images of at least one")
    return _grid(
        [(name, [_picture(image) for image in _array("tiles", images, (3, 4))]) for name, images in rows.items()],
        title,
        key=((None, _OWN),),
    )


def heatmaps(
    images: Any, maps: Mapping[str, Any], *, names: Sequence[str] = (), title: str = ""
) -> Figure:  # fmt: skip
    """Images (N, C, H, W), and over each what a method says of its pixels: a row an image, a column a method.

    ``maps`` gives (N, h, w) by the name of a method, or (N, C, h, w), which is summed over channels; smaller maps
    are enlarged. Vermilion speaks for the class, blue against it, the stronger the colour; each map has a scale
    of its own. A map of sizes, which has no sign, is vermilion throughout. ``names`` stand beside the rows.

    >>> heatmaps([[[[0.0, 1.0]]]], {"saliency": [[[0.5, 1.0]]]}).bytes("png")[1:4]
    b'PNG'
    """
    pictures = _array("heatmaps", images, (4,))
    if not maps or not len(pictures):
        raise GraphError("heatmaps: images or maps is empty; give an image and the map of one method at least")
    columns = {name: _array("heatmaps", each, (3, 4)) for name, each in maps.items()}
    for name, each in columns.items():
        if len(each) != len(pictures):
            raise GraphError(f"heatmaps: {name} has {len(each)} maps for {len(pictures)} images")
    key: Key = ((_VERMILION, "for the class, or size"), (_BLUE, "against it"), (None, _OWN))
    width = 1.5 * (len(columns) + 1) + (0.9 if names else 0.1)
    figure = _canvas(width, 1.5 * len(pictures) + 0.5, title, key)
    axes = figure.subplots(len(pictures), len(columns) + 1, squeeze=False)
    height, width = pictures.shape[2:]
    for row, image in enumerate(pictures):
        for axis, name in zip(axes[row], ["image", *columns], strict=True):
            _bare(axis)
            shown = _picture(image)
            flat = name == "image"
            axis.imshow(shown if flat else _faint(shown), extent=(0, width, height, 0), interpolation="nearest")
            if not flat:
                heat = _heat(columns[name][row])
                how = "nearest" if heat.shape[:2] == (height, width) else "bilinear"
                axis.imshow(heat, extent=(0, width, height, 0), interpolation=how)
            if row == 0:
                axis.set_title(name, fontsize=9, color=_INK)
        if names:
            axes[row][0].set_ylabel(names[row], fontsize=9, color=_INK, rotation=0, ha="right", va="center")
    _explain(figure, key)
    return _finished(figure, title)


# Pixels --------------------------------------------------------------------------------------------------------


def _array(name: str, values: Any, ranks: tuple[int, ...]) -> np.ndarray[Any, Any]:
    array = np.asarray(values, dtype="float64")
    if array.ndim not in ranks or not array.size:
        raise GraphError(
            f"{name}: an array has shape {array.shape}; of {' or '.join(map(str, ranks))} axes, not empty"
        )
    if not np.isfinite(array).all():
        raise GraphError(f"{name}: an array has values that are not finite; leave them out")
    return array


def _grey(values: Any, low: float, high: float) -> Any:
    """RGB in [0, 1]."""
    return np.repeat(((values - low) / (high - low or 1.0)).clip(0, 1)[..., None], 3, -1)


def _picture(image: Any) -> Any:
    """An image (C, h, w) or (h, w) as RGB, from its least value to its largest."""
    if image.ndim == 3 and image.shape[0] != 3:
        image = image.mean(0)
    low, high = float(image.min()), float(image.max())
    return _grey(image, low, high) if image.ndim == 2 else np.moveaxis((image - low) / (high - low or 1.0), 0, -1)


def _about_grey(image: Any) -> Any:
    """(3, h, w) as RGB, 0 in the middle."""
    return np.moveaxis(0.5 + image / (2 * abs(image).max() or 1.0), 0, -1)


def _signed(values: Any, largest: float = 0.0) -> Any:
    """(h, w) as RGB from blue over white to vermilion."""
    share = (values / (largest or abs(values).max() or 1.0)).clip(-1, 1)[..., None]
    ends = np.where(share > 0, np.array(POSITIVE) / 255, np.array(NEGATIVE) / 255)
    return 1 - abs(share) * (1 - ends)


def _heat(values: Any) -> Any:
    """(h, w) or (C, h, w) as RGBA: the colour says the sign, its opacity the size; 1 % may be full."""
    values = values.sum(0) if values.ndim == 3 else values
    largest = np.quantile(abs(values), 0.99) or abs(values).max() or 1.0
    shown = np.empty((*values.shape, 4))
    shown[..., :3] = np.where(values[..., None] > 0, np.array(POSITIVE) / 255, np.array(NEGATIVE) / 255)
    shown[..., 3] = (abs(values) / largest).clip(0, 1)
    return shown


def _faint(picture: Any) -> Any:
    """Grey, and near to white: a ground for colours."""
    return 0.8 + 0.2 * np.repeat(picture.mean(-1, keepdims=True), 3, -1)


# Panels --------------------------------------------------------------------------------------------------------


def _grid(rows: Sequence[tuple[str, Sequence[Any]]], title: str, *, wrap: bool = False, key: Key = ()) -> Figure:
    """Tiles, a row for each name; one long row is broken into several that look about as wide as high."""
    if wrap:
        every = rows[0][1]
        columns = _columns(len(every))
        rows = [("", every[i : i + columns]) for i in range(0, len(every), columns)]
    most = max(len(pictures) for _, pictures in rows)
    side = max(0.55, min(1.2, 9.0 / most))
    width = side * most + (1.2 if any(name for name, _ in rows) else 0.3)
    figure = _canvas(width, side * len(rows) + (0.5 if title else 0.2), title, key)
    axes = figure.subplots(len(rows), most, squeeze=False)
    for line, (name, pictures) in zip(axes, rows, strict=True):
        for place, axis in enumerate(line):
            _bare(axis)
            if place < len(pictures):
                axis.imshow(pictures[place], interpolation="nearest")
            else:
                axis.set_visible(False)
        line[0].set_ylabel(name, fontsize=8.5, color=_INK, rotation=0, ha="right", va="center")
    _explain(figure, key)
    return _finished(figure, title)


def _canvas(width: float, height: float, title: str, key: Key) -> Any:
    """A figure with room for its title and for its key, in inches; panels stand together in the middle."""
    line = sum(0.35 + 0.075 * len(words) for _, words in key)
    name = 0.12 * max(len(part) for part in title.split("\n"))
    figure = _blank(max(width, line, name), height + (0.3 if key else 0.0))
    figure.set_layout_engine("compressed")
    return figure


def _explain(figure: Any, key: Key) -> None:
    """What colours mean, in a line below everything."""
    from matplotlib.patches import Patch

    if not key:
        return
    marks = [
        Patch(facecolor=color or "none", edgecolor=_MUTED if color else "none", linewidth=0.5, label=words)
        for color, words in key
    ]
    figure.legend(
        handles=marks, loc="outside lower center", ncols=len(marks), frameon=False, fontsize=8.5,
        labelcolor=_MUTED, handlelength=1.0, handleheight=1.0, handletextpad=0.5, columnspacing=1.2,
    )  # fmt: skip


def _columns(count: int) -> int:
    """A width for so many tiles, about twice the height, that leaves few places empty.

    >>> [_columns(count) for count in (1, 6, 16, 64)]
    [1, 3, 4, 8]
    """
    wanted = (1.8 * count) ** 0.5
    return min(range(1, _MOST + 1), key=lambda n: (2 * (-count % n) / n + abs(n - wanted) / wanted, n))


def _bare(axis: Any) -> None:
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_color(_MUTED)
    axis.spines[:].set_linewidth(0.5)


def _said(shape: Sequence[int]) -> str:
    """How many maps of what size."""
    count, *sizes = shape
    return f"{count} of {'×'.join(map(str, sizes))}" if max(sizes) > 1 else f"{count} numbers"
