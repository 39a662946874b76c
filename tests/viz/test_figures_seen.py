"""Figures of what a network has learned: what colours mean, what is written, and mistakes."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn import viz
from autocnn.errors import GraphError
from autocnn.viz import figures_seen as seen


def texts(figure: viz.Figure) -> list[str]:
    axes = figure.figure.axes
    return [t.get_text() for axis in axes for t in (axis.title, axis.yaxis.label, *axis.texts) if t.get_text()]


def key(figure: viz.Figure) -> list[str]:
    (legend,) = figure.figure.legends
    return [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize(
    "figure",
    [
        lambda: viz.filters(np.ones((1, 1, 3, 3)), title="Much longer than the picture below it is wide"),
        lambda: viz.filters(np.ones((1, 30, 3, 3))),
        lambda: viz.feature_maps({"fc": [1.0]}, title="Maps"),
        lambda: viz.tiles({"a": np.ones((1, 3, 3))}, title="One"),
        lambda: viz.heatmaps(
            np.ones((1, 1, 3, 3)), {"saliency": np.ones((1, 3, 3))}, names=["a cat"], title="Why?"
        ),
    ],
)
def test_nothing_is_cut_off(figure):
    drawn = figure().figure
    whole = drawn.bbox
    words = [*drawn.legends[0].get_texts(), *([drawn._suptitle] if drawn._suptitle else [])]
    for part in words:
        box = part.get_window_extent()
        assert whole.x0 <= box.x0 < box.x1 <= whole.x1, part.get_text()
        assert whole.y0 <= box.y0 < box.y1 <= whole.y1, part.get_text()


def test_signs_have_colours():
    blue, white, red = seen._signed(np.array([[-2.0, 0.0, 2.0]]))[0]
    np.testing.assert_allclose(255 * blue, seen.NEGATIVE)
    np.testing.assert_allclose(255 * red, seen.POSITIVE)
    np.testing.assert_allclose(white, 1)
    heat = seen._heat(np.array([[[1.0, -3.0]], [[1.0, 1.0]]]))  # summed: 2, -2
    np.testing.assert_allclose(heat[0, :, 3], 1)
    np.testing.assert_allclose(255 * heat[0, :, :3], [seen.POSITIVE, seen.NEGATIVE])
    assert seen._signed(np.zeros((2, 2))).min() == 1
    assert seen._heat(np.zeros((2, 2)))[..., 3].max() == 0
    np.testing.assert_allclose(seen._about_grey(np.array([[[-1.0]], [[0.0]], [[1.0]]]))[0, 0], [0, 0.5, 1])
    np.testing.assert_allclose(seen._picture(np.array([[3.0, 5.0]]))[0], [[0, 0, 0], [1, 1, 1]])


@pytest.mark.parametrize(
    ("shape", "tiles"), [((6, 1, 5, 5), 6), ((16, 3, 7, 7), 16), ((4, 8, 3, 3), 32), ((20, 30, 3, 3), 256)]
)
def test_filters(shape, tiles):
    figure = viz.filters(np.random.default_rng(0).normal(size=shape), title="Filters")
    assert sum(len(axis.images) for axis in figure.figure.axes) == tiles
    assert figure.figure._suptitle.get_text() == "Filters"
    assert "each has a scale of its own" in key(figure)[-1]
    assert ("of 30 channels" in key(figure)[-1]) == (shape[1] > 16)
    assert ("negative" in key(figure)) == (shape[1] != 3)


def test_maps_and_tiles():
    figure = viz.feature_maps({"conv1": np.ones((16, 4, 5)), "fc": np.arange(10)}, count=3)
    assert texts(figure) == ["conv1\n16 of 4×5", "fc\n10 numbers"]
    assert sum(len(axis.images) for axis in figure.figure.axes) == 6
    figure = viz.tiles({"unit 1": np.ones((2, 3, 4, 4)), "unit 2": np.ones((3, 4, 4))})
    assert texts(figure) == ["unit 1", "unit 2"]
    assert sum(len(axis.images) for axis in figure.figure.axes) == 5


def test_heatmaps():
    images = np.random.default_rng(0).normal(size=(2, 3, 8, 8))
    maps = {"saliency": abs(images).max(1), "Grad-CAM": np.ones((2, 2, 2)), "integrated": images}
    figure = viz.heatmaps(images, maps, names=["a cat", "a dog"])
    assert texts(figure) == ["image", "a cat", "saliency", "Grad-CAM", "integrated", "a dog"]
    assert [len(axis.images) for axis in figure.figure.axes] == [1, 2, 2, 2] * 2
    assert key(figure) == ["for the class, or size", "against it", "each has a scale of its own"]
    assert figure.bytes("svg") == viz.heatmaps(images, maps, names=["a cat", "a dog"]).bytes("svg")


def test_equivariance():
    errors = {"shift by 1": {"conv": 1e-8, "pool": 0.25}, "flip": {"conv": 2e-3, "pool": 3.0, "-": float("nan")}}
    figure = viz.equivariance(errors, notes={"pool": "stride 2"})
    (axis,) = figure.figure.axes
    assert [t.get_text() for t in axis.texts] == ["0", "0.25", "·", "0.002", "3.00", "·"]
    assert [t.get_text() for t in axis.get_yticklabels()] == ["conv", "pool (stride 2)", "outside of modules"]


MISTAKES = [
    (lambda: viz.filters(np.ones((3, 3))), "filters: an array has shape (3, 3); of 4 axes, not empty"),
    (lambda: viz.feature_maps({}), "feature_maps: layers is empty"),
    (lambda: viz.tiles({}), "tiles: rows is empty"),
    (lambda: viz.tiles({"a": [[[np.nan]]]}), "tiles: an array has values that are not finite"),
    (lambda: viz.heatmaps(np.ones((1, 1, 2, 2)), {}), "heatmaps: images or maps is empty"),
    (
        lambda: viz.heatmaps(np.ones((1, 1, 2, 2)), {"a": np.ones((2, 2, 2))}),
        "heatmaps: a has 2 maps for 1 images",
    ),
    (lambda: viz.equivariance({}), "equivariance: errors is empty"),
]


@pytest.mark.parametrize(("mistake", "said"), MISTAKES, ids=[said[:24] for _, said in MISTAKES])
def test_mistakes(mistake, said):
    with pytest.raises(GraphError) as caught:
        mistake()
    assert said in str(caught.value)
