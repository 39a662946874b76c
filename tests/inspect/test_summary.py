"""Tables of layers: windows, formulas by hand, three ways to write them; published totals are in tests/models."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

import autocnn as ac
from autocnn import models, nn
from autocnn.inspect import layers_of, summary


def every_kind() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(32, 32, 3, stride=(2, 1), padding=(1, 2), dilation=2, groups=32, bias=False), nn.BatchNorm2d(32),
        nn.ConvTranspose2d(32, 8, 3, stride=2, padding=1, output_padding=1),
    )  # fmt: skip


def test_windows_of_every_kind():
    found = summary(every_kind().eval(), ac.zeros(2, 3, 20, 21))
    layers = {layer.path: layer for layer in found}
    assert [layers[path].windows[0].kernel for path in "0235"] == [(5, 5), (3, 3), (3, 3), (3, 3)]
    depthwise = layers["3"].windows[0]
    assert (depthwise.stride, depthwise.padding, depthwise.groups) == ((2, 1), ((1, 1), (2, 2)), 32)
    said = {(formula.layer, formula.what): formula for formula in found.formulas() if formula.what != "output"}
    assert said["0", "parameters"].text == "(3·5·5 + 1)·32"
    assert said["0", "parameters"].value == 2_432
    assert said["3", "multiply-adds"].text.endswith("· 1·3·3")
    assert said["5", "parameters"].value == 32 * 8 * 9 + 8
    wrong = [str(formula) for formula in found.formulas() if not formula.agrees]
    assert not wrong
    assert layers["2"].shape == (2, 32, 10, 10)
    assert layers["2"].field.size == (7, 7)
    assert layers["0"].gradients == 4 * (2_432 + 2 * 32 * 20 * 21)


def test_a_formula_that_is_wrong_would_be_seen():
    from dataclasses import replace

    from autocnn.inspect import by_hand, layers_of

    (layer,) = layers_of(nn.Conv2d(1, 2, 3), ac.zeros(1, 1, 5, 5))
    assert all(formula.agrees for formula in by_hand([layer]))
    wrong = by_hand([replace(layer, parameters=1)])
    assert [f.agrees for f in wrong] == [True, False, True]
    assert str(wrong[1]) == "-: parameters (1·3·3 + 1)·2 = 20, but the engine counts 1"


def test_shared_and_unused_parameters():
    class Twice(nn.Module):
        def __init__(self):
            self.inner, self.spare = nn.Linear(3, 3), nn.Linear(3, 3)

        def forward(self, x):
            return self.inner(self.inner(x).relu())

    found = summary(Twice(), ac.zeros(1, 3))
    assert [layer.parameters for layer in found] == [12, 0, 0]
    assert (found.parameters, found.multiply_adds) == (12, 18)
    assert found.unused == ("spare.weight", "spare.bias")
    assert found.note.endswith("Not used, not counted: spare.weight, spare.bias.")


def test_text_markdown_and_html_say_the_same():
    found = summary(models.LeNet5(), ac.zeros(1, 1, 32, 32))
    rows = [line.split() for line in found.text().splitlines()]
    assert rows[0] == ["LeNet5", "on", "1×1×32×32"]
    c3 = ["c3", "conv_bias", "1×16×10×10", "5×5", "1", "0", "2,416", "240,000", "4.59", "KiB", "15.7", "KiB"]
    assert [*c3, "14×14"] in rows
    assert "| c3 | conv_bias | 1×16×10×10 | 5×5 | 1 | 0 | 2,416 | 240,000 | 4.59 KiB | 15.7 KiB | 14×14 |" in (
        found.markdown().splitlines()
    )

    class Cells(HTMLParser):
        def __init__(self):
            super().__init__()
            self.rows = []

        def handle_starttag(self, tag, attrs):
            if tag == "tr":
                self.rows.append([])

        def handle_data(self, data):
            if self.rows and data.strip():
                self.rows[-1].append(data)

    parser = Cells()
    parser.feed(found.html())
    assert ["c3", "conv_bias", *c3[2:8], "4.59 KiB", "15.7 KiB", "14×14"] in parser.rows
    assert found.html().startswith("<!doctype html>")
    assert '<meta charset="utf-8">' in found.html()
    assert "position:sticky" in found.html()
    assert "overflow" not in found.html()  # heads stick to the page, not to a box that does not scroll
    assert found._repr_html_() in found.html()
    assert 'title="78.0 % of all">48,120</td>' in found.html()
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["parameters"] == 61_706
    assert str(found) == found.text()


def test_a_model_in_training_stays_as_it_is():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5))
    before = {name: value.numpy().copy() for name, value in net.state_dict().items()}
    ac.manual_seed(4)
    expected = ac.rand(3).tolist()
    for look in (summary, layers_of):
        ac.manual_seed(4)
        look(net, ac.ones(2, 1, 5, 5))
        assert ac.rand(3).tolist() == expected
        assert all((value.numpy() == before[name]).all() for name, value in net.state_dict().items())
    assert net.training


def test_formulas_stand_below_each_table():
    found = summary(models.LeNet5(), ac.zeros(1, 1, 32, 32))
    said = "c3: parameters (6·5·5 + 1)·16 = 2,416"
    assert said in found.text(formulas=True).splitlines()
    assert f"- {said}" in found.markdown(formulas=True).splitlines()
    cells = [f">{cell}<" for cell in ("(6·5·5 + 1)·16", "2,416", "2,416", "all equal")]
    page = found.html(formulas=True)
    assert [page.count(cell) for cell in cells] == [1, 3, 3, 1]  # a sum, by hand and by the engine
    assert not any("By hand" in table or "(6·5·5" in table for table in (found.text(), found.html()))


def test_paths_are_those_of_parameters():
    found = summary(models.CifarResNet(8), ac.zeros(1, 3, 8, 8))
    assert [layer.path for layer in found][3:6] == ["layer1.0.conv1", "layer1.0.bn1", "layer1.0.relu"]


@pytest.mark.parametrize(
    ("name", "path", "sees"), [("alexnet", "features.12", 195), ("vgg16", "features.30", 212)]
)
def test_receptive_fields_are_the_known_ones(name, path, sees, thin):
    """Araujo, Norris and Sim (2019), "Computing Receptive Fields of Convolutional Neural Networks", table 1."""
    found = summary(models.get(name)().eval(), ac.zeros(1, 3, 224, 224))
    (layer,) = [layer for layer in found if layer.path == path]
    assert layer.field.size == (sees, sees)
