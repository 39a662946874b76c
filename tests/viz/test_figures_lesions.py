"""The figure of lesions shows the numbers that it is given."""

from __future__ import annotations

import pytest

from autocnn.errors import GraphError
from autocnn.viz import lesions


def study(network: str, errors: list[float], *, orders: bool = False, meaningless: bool = False) -> dict:
    names = [f"layer{1 + i // 20}/{i}" for i in range(len(errors))]
    row = {"kind": "remove", "seed": None, "tau": 1.0, "loss": 1.0}
    each = [{**row, "blocks": [n], "count": 1, "error": e} for n, e in zip(names, errors, strict=True)]
    sets = [{**row, "blocks": names[:2], "count": 2, "error": e} for e in (0.2, 0.3, 0.7)]
    moved = [{**row, "blocks": ["a <-> b"], "count": 1, "tau": 0.5, "error": 0.4}] if orders else []
    return {
        "network": network, "accuracy": 0.9, "chance": 0.1, "blocks": names, "meaningless": meaningless,
        "each": each, "sets": sets, "orders": moved,
    }  # fmt: skip


def axes(figure):
    return {axis.get_title("left"): axis for axis in figure.figure.get_axes()}


def test_bars_lines_and_dots():
    found = axes(lesions({"residual": study("residual", [0.12, 0.5], orders=True)}))
    bars = found["residual: without one block"]
    assert [round(bar.get_height(), 6) for bar in bars.patches] == [12.0, 50.0]
    assert [text.get_text() for text in bars.get_xticklabels()] == ["layer1/0", "layer1/1"]
    assert sorted(round(line.get_ydata()[0], 6) for line in bars.get_lines()) == [10.0, 90.0]
    assert {text.get_text() for text in bars.texts} == {"nothing removed\n10.0 %", "a guess\n90.0 %"}
    line = next(x for x in found["without several, drawn at random"].get_lines() if x.get_label() == "residual")
    assert [round(y, 6) for y in line.get_ydata()] == [10.0, 31.0, 30.0]  # medians of 12 and 50, of 20, 30 and 70
    assert list(line.get_xdata()) == [0.0, 50.0, 100.0]
    dots = found["in another order (blocks of one shape swapped)"].get_lines()[0]
    assert (list(dots.get_xdata()), list(dots.get_ydata())) == ([0.5], [40.0])


def test_two_networks_share_the_scale_and_keep_their_colours():
    studies = {"residual": study("residual", [0.1]), "plain": study("plain", [0.9, 0.8], meaningless=True)}
    found = axes(lesions(studies, title="both"))
    first, second, third = found.values()
    assert len(found) == 3  # nothing was reordered
    assert first.get_ylim() == second.get_ylim()
    assert "means nothing" in second.get_title("left")
    assert "without one layer" in second.get_title("left")
    looks = {x.get_label(): (x.get_color(), x.get_linestyle()) for x in third.get_lines()}
    assert (looks["residual"], looks["plain"]) == (("#0072B2", "-"), ("#D55E00", "--"))


def test_many_bars_are_named_by_groups():
    bars = next(iter(axes(lesions({"residual": study("residual", [0.1] * 54)})).values()))
    assert [text.get_text() for text in bars.get_xticklabels()] == ["layer1", "layer2", "layer3"]


def test_labels_stand_apart():
    untrained = study("residual", [0.9]) | {"accuracy": 0.1}
    texts = next(iter(axes(lesions({"residual": untrained})).values())).texts
    low, high = sorted(text.xy[1] for text in texts)
    assert high - low >= 15


def test_nothing_to_draw():
    with pytest.raises(GraphError, match="networks is empty"):
        lesions({})
    with pytest.raises(GraphError, match="of none a block was removed"):
        lesions({"plain": study("plain", [])})
