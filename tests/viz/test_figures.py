import sys
from xml.etree import ElementTree

import pytest

from autocnn.errors import GraphError
from autocnn.viz import gradient_flow, learning_curve

FLOW = {
    "first step": {"plain": [1e-9, 1e-6, 1e-3], "residual": [2e-3, 2e-3, 3e-3]},
    "step 120": {"plain": [0.0, 1e-7, 1e-3], "residual": {1: 1e-3, 2: 2e-3, 3: 3e-3}},
}


def lines(axis) -> dict[str, object]:
    return {line.get_label(): line for line in axis.get_lines() if len(line.get_xdata())}


def test_gradient_flow_shows_what_it_is_given():
    figure = gradient_flow(FLOW, notes={"plain": "test accuracy 10 %"}).figure
    first, last = figure.axes
    assert (first.get_title("left"), last.get_title("left")) == ("first step", "step 120")
    assert first.get_yscale() == "log"
    plain, residual = lines(first).values()
    assert plain.get_label() == "plain (test accuracy 10 %)"
    assert (plain.get_color(), plain.get_linestyle()) == ("#D55E00", "--")
    assert (residual.get_color(), residual.get_linestyle()) == ("#0072B2", "-")
    assert list(plain.get_xdata()) == [1, 2, 3]
    assert list(plain.get_ydata()) == [1e-9, 1e-6, 1e-3]
    zero = lines(last)["plain: exactly 0"]
    assert list(zero.get_xdata()) == [1]
    assert zero.get_ydata()[0] < 1e-9
    assert "block" in first.get_xlabel()
    assert "root mean square" in first.get_ylabel()


def test_other_names_get_colours_that_are_free():
    figure = gradient_flow({"now": {"plain": [1.0], "dense": [2.0], "gated": [3.0]}}).figure
    colors = [line.get_color() for line in lines(figure.axes[0]).values()]
    assert len(set(colors)) == 3


def test_learning_curve_has_units_and_a_legend():
    figure = learning_curve({"training": {0.5: 2.0, 1.0: 1.0}}, {"test": [0.5, 0.75]}, unit="epoch").figure
    loss, accuracy = figure.axes
    assert (loss.get_ylabel(), accuracy.get_ylabel(), accuracy.get_xlabel()) == (
        "loss",
        "accuracy [%]",
        "epoch",
    )
    assert list(lines(accuracy)["test"].get_ydata()) == [50, 75]
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["training  1"]
    assert [text.get_text() for text in accuracy.get_legend().get_texts()] == ["test  75.00 %"]
    assert (loss.get_yscale(), loss.get_ylim()[0]) == ("linear", 0.0)


def test_loss_that_falls_far_has_a_log_axis():
    loss = learning_curve({"training": [2.0, 0.5, 0.01]}).figure.axes[0]
    assert loss.get_yscale() == "log"
    assert loss.yaxis.get_major_formatter()(0.01) == "0.01"


def test_formats_and_stability(tmp_path):
    figure = gradient_flow(FLOW, title="$x$ & <y>")
    assert figure.save(tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")
    assert figure.save(tmp_path / "flow.pdf").read_bytes().startswith(b"%PDF")
    ElementTree.fromstring(figure._repr_svg_())
    assert figure.bytes("svg") == gradient_flow(FLOW, title="$x$ & <y>").bytes("svg")
    with pytest.raises(GraphError, match="figure: format is 'gif'; one of svg, png, pdf"):
        figure.save(tmp_path / "flow.gif")


def test_the_global_state_of_matplotlib_is_left_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    loaded = "matplotlib.pyplot" in sys.modules
    gradient_flow(FLOW).bytes("png")
    assert dict(matplotlib.rcParams) == before
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_refusals(monkeypatch):
    with pytest.raises(GraphError, match="gradient_flow: panels is empty; give at least one moment"):
        gradient_flow({})
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(GraphError, match=r"figures need matplotlib; pip install 'autocnn\[examples\]'"):
        gradient_flow(FLOW)
