"""Recurrent layers give what PyTorch gives: outputs, last states, gradients, by the same keys."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn
from autocnn.errors import ArgumentError, ShapeError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

RNG = np.random.default_rng(0)
LAYERS: dict[str, Any] = {
    "rnn": lambda nn: nn.RNN(3, 4),
    "rnn, relu": lambda nn: nn.RNN(3, 4, 2, "relu", bias=False),
    "rnn, by name": lambda nn: nn.RNN(3, 4, nonlinearity="relu", bidirectional=True),
    "lstm": lambda nn: nn.LSTM(3, 4),
    "lstm, all": lambda nn: nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True),
    "lstm, projected": lambda nn: nn.LSTM(3, 4, 2, proj_size=2, bidirectional=True),
    "gru": lambda nn: nn.GRU(3, 4),
    "gru, all": lambda nn: nn.GRU(3, 4, 2, False, True, 0.0, True),
}
CELLS: dict[str, Any] = {
    "rnn": lambda nn: nn.RNNCell(3, 4, nonlinearity="relu"),
    "lstm": lambda nn: nn.LSTMCell(3, 4),
    "gru": lambda nn: nn.GRUCell(3, 4, bias=False),
}


def tensors(outputs: Any) -> list[Any]:
    return [t for part in outputs for t in tensors(part)] if isinstance(outputs, tuple) else [outputs]


def compare(make: Any, x: np.ndarray, states: list[np.ndarray]) -> None:
    """All outputs and gradients; states to begin with may be none."""
    torch.manual_seed(0)
    theirs, ours = make(torch.nn).double(), make(nn).double()
    state = {key: value.numpy() for key, value in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    found = []
    for library, module in ((torch, theirs), (ac, ours)):
        inputs = [library.tensor(v, requires_grad=True) for v in (x, *states)]
        first = tuple(inputs[1:]) if len(states) > 1 else inputs[1] if states else None
        outputs = tensors(module(inputs[0], first))
        sum(((i + 1) * y * y).sum() for i, y in enumerate(outputs)).backward()
        given = [*outputs, *(p.grad for p in (*inputs, *module.parameters()))]
        found.append([t.detach().numpy() for t in given])
    for expected, own in zip(*found, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_layers_over_sequences(name: str) -> None:
    make = LAYERS[name]
    module = make(nn)
    compare(make, RNG.normal(size=(5, 2, 3)), [])
    rows, batch = module.num_layers * (2 if module.bidirectional else 1), 5 if module.batch_first else 2
    widths = [module.proj_size or 4, 4][: module.states]
    compare(make, RNG.normal(size=(5, 2, 3)), [RNG.normal(size=(rows, batch, w)) for w in widths])
    compare(make, RNG.normal(size=(5, 3)), [RNG.normal(size=(rows, w)) for w in widths])


@pytest.mark.parametrize("name", CELLS)
def test_single_steps(name: str) -> None:
    compare(CELLS[name], RNG.normal(size=(2, 3)), [])
    compare(CELLS[name], RNG.normal(size=(2, 3)), [RNG.normal(size=(2, 4))] * (2 if name == "lstm" else 1))


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(
        ShapeError, match=r"^LSTM: x has shape \(5, 2, 4\); it must have 2 or 3 axes, the last of 3$"
    ):
        nn.LSTM(3, 4)(ac.ones(5, 2, 4))
    for make in (nn.RNN, nn.LSTM, nn.GRU):
        with pytest.raises(ShapeError, match=r": x has shape \(0, 2, 3\); it must have one step at least$"):
            make(3, 4)(ac.ones(0, 2, 3))
    with pytest.raises(
        ArgumentError, match=r"^GRU: proj_size is 2; it is below hidden_size, and 0 but for an LSTM$"
    ):
        nn.GRU(3, 4, proj_size=2)
    with pytest.raises(ArgumentError, match=r"^RNN: nonlinearity is 'sin'; it is 'tanh' or 'relu'$"):
        nn.RNN(3, 4, nonlinearity="sin")
    with pytest.raises(ArgumentError, match=r"^RNNBase: it has no cell; use RNN, LSTM or GRU$"):
        nn.recurrent.RNNBase(3, 4)(ac.ones(5, 2, 3))
    assert repr(nn.LSTM(3, 4, 2, dropout=0.5)).startswith("LSTM(3, 4, num_layers=2, dropout=0.5)")
