"""A recurrent layer is its cell, step by step, in every dtype, in both directions, through dropout and hooks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn
from autocnn.backend import onednn
from autocnn.errors import DTypeError, ShapeError
from autocnn.ops.recurrent import gru_layer, lstm_layer

KINDS: dict[str, Any] = {"LSTM": (nn.LSTM, nn.LSTMCell), "GRU": (nn.GRU, nn.GRUCell)}
RNG = np.random.default_rng(0)


def by_cells(layer: Any, cell: Any, x: Any) -> Any:
    """The outputs of a layer of one level, from cells that share its parameters."""
    ways = []
    for end in layer._ends(0):
        own = cell(layer.input_size, layer.hidden_size)
        for name in own._parameters:
            own._parameters[name] = layer._parameters[f"{name}_{end}"]
        state, found = None, []
        for t in range(len(x))[:: -1 if end.endswith("reverse") else 1]:
            state = own(x[t], state)
            found.append(state[0] if isinstance(state, tuple) else state)
        ways.append(ac.stack(found[::-1] if end.endswith("reverse") else found))
    return ac.cat(ways, -1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dtype", "off"), [("float64", 1e-12), ("float32", 1e-5), ("float16", 1e-2)])
def test_a_layer_is_its_cell_step_by_step(kind: str, dtype: str, off: float) -> None:
    ac.manual_seed(0)
    make, cell = KINDS[kind]
    layer = make(5, 4, bidirectional=True).to(dtype)
    x = ac.tensor(RNG.normal(size=(6, 3, 5)).astype(dtype), requires_grad=True)
    wanted = (x, *layer.parameters())
    one, other = layer(x)[0], by_cells(layer, cell, x)
    found = [ac.autograd.grad((y * y).sum(), wanted) for y in (one, other)]
    assert one.dtype == other.dtype == np.dtype(dtype)
    for a, b in zip((one, *found[0]), (other, *found[1]), strict=True):
        np.testing.assert_allclose(a.array, b.array, rtol=off, atol=4 * off)


@pytest.mark.parametrize("kind", KINDS)
def test_the_kernels_agree_with_and_without_onednn(kind: str) -> None:
    ac.manual_seed(0)
    layer = KINDS[kind][0](8, 16, 2, bidirectional=True)
    x = ac.tensor(RNG.normal(size=(7, 3, 8)).astype("f"), requires_grad=True)

    def run() -> list[Any]:
        y = layer(x)[0]
        return [y, *ac.autograd.grad((y * y).sum(), (x, *layer.parameters()))]

    with onednn.disabled():
        expected = run()
        y = layer(x)[0]
    for a, b in zip([*run(), *ac.autograd.grad((y * y).sum(), (x,))], [*expected, expected[1]], strict=True):
        np.testing.assert_allclose(a.array, b.array, rtol=1e-4, atol=1e-5)


def test_large_and_undefined_numbers_stay_what_they_are() -> None:
    x = np.zeros((2, 3, 1), np.float32)
    x[0, :, 0] = 1e30, -1e30, np.nan
    y, c = lstm_layer(x, np.zeros((3, 1), "f"), np.zeros((3, 1), "f"), np.ones((4, 1), "f"), np.zeros((4, 1), "f"))
    np.testing.assert_allclose(y.array[0, :, 0], [np.tanh(1.0), 0.0, np.nan], rtol=1e-6)
    np.testing.assert_allclose(c.array[:, 0], [0.5, 0.0, np.nan], rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_shows_one_op_for_all_steps(kind: str) -> None:
    layer = KINDS[kind][0](3, 4)
    graph = ac.graph.trace(layer, ac.ones(5, 2, 3), order=1)
    ops = [v.op for v in graph.vertices]
    assert ops.count(kind.lower()) == ops.count(f"{kind.lower()}_backward") == 1
    assert len(ops) < 40
    work = {op: ac.graph.analysis.multiply_adds(graph, i) for i, op in enumerate(ops)}
    weights = layer.weight_ih_l0.array.size + layer.weight_hh_l0.array.size
    assert work[kind.lower()] == 5 * 2 * weights == work[f"{kind.lower()}_backward"] // 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_hook_sees_the_gradient_of_the_states(kind: str) -> None:
    seen = []
    y, _ = KINDS[kind][0](3, 4)(ac.ones(5, 2, 3))
    y.register_hook(lambda g: seen.append(g.shape))
    y.sum().backward()
    assert seen == [(5, 2, 4)]


def test_what_does_not_fit_is_said() -> None:
    x = ac.ones(5, 2, 3)
    with pytest.raises(ShapeError, match=r"^lstm_layer: h is \(3, 4\); it must be \(2, 4\), as x is \(5, 2, 3\)$"):
        nn.LSTM(3, 4)(x, (ac.zeros(1, 3, 4), ac.zeros(1, 2, 4)))
    with pytest.raises(
        ShapeError, match=r"^gru_layer: x is \(2, 3\), w \(12, 3\); they must be \(T, N, I\) and \(3 H, I\)$"
    ):
        gru_layer(x[0], ac.zeros(2, 4), ac.zeros(12, 3), ac.zeros(12, 4))
    with pytest.raises(DTypeError, match=r"^gru_layer: x is float64 \(5, 2, 3\), h is float64"):
        nn.GRU(3, 4)(x.double())
