"""Recurrent layers over sequences, by PyTorch's names and state-dict keys."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

from autocnn import ops
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, ShapeError
from autocnn.nn import init
from autocnn.nn.module import Module
from autocnn.nn.settings import positive, unset
from autocnn.ops.recurrent import gru_layer, lstm_layer

State = tuple[Tensor, ...]
"""What a layer remembers: (h,), or (h, c) of an LSTM."""
Step = Callable[[Tensor, Tensor, State], State]
"""From the input's and the state's share of the gates, and the state, to the next state."""


def _elman(nonlinearity: str) -> Step:
    act = {"tanh": ops.tanh, "relu": ops.relu}[nonlinearity]
    return lambda x, h, state: (act(ops.add(x, h)),)


def _long_short(x: Tensor, h: Tensor, state: State) -> State:
    i, f, g, o = ops.chunk(ops.add(x, h), 4, -1)
    c = ops.add(ops.mul(ops.sigmoid(f), state[1]), ops.mul(ops.sigmoid(i), ops.tanh(g)))
    return ops.mul(ops.sigmoid(o), ops.tanh(c)), c


def _gated(x: Tensor, h: Tensor, state: State) -> State:
    xs, hs = ops.chunk(x, 3, -1), ops.chunk(h, 3, -1)
    r, z = (ops.sigmoid(ops.add(a, b)) for a, b in zip(xs[:2], hs[:2], strict=True))
    n = ops.tanh(ops.add(xs[2], ops.mul(r, hs[2])))
    return (ops.add(n, ops.mul(z, ops.sub(state[0], n))),)


def _draw(module: Module, hidden: int) -> None:
    for p in module.parameters():
        init.uniform_(p, -1 / math.sqrt(hidden), 1 / math.sqrt(hidden))


class RNNBase(Module):
    """Layers of one kind of cell, in one direction or both. Subclasses say which cell."""

    gates: ClassVar[int] = 1
    states: ClassVar[int] = 1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._build(*args, **kwargs)

    def _build(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        positive(self._get_name(), input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        if not 0 <= proj_size < hidden_size or (proj_size and self.states == 1):
            raise ArgumentError(
                f"{self._get_name()}: proj_size is {proj_size}; it is below hidden_size, and 0 but for an LSTM"
            )
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        width, gates = proj_size or hidden_size, self.gates * hidden_size
        for layer in range(num_layers):
            below = input_size if layer == 0 else width * len(self._ends(layer))
            for end in self._ends(layer):
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (gates, below), "weight_hh": (gates, width)}
                if bias:
                    shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                for name, shape in shapes.items():
                    self.register_parameter(f"{name}_{end}", unset(shape, device, dtype))
        self.reset_parameters()

    def _ends(self, layer: int) -> list[str]:
        """How the names of a layer's parameters end, for each direction."""
        return [f"l{layer}", f"l{layer}_reverse"] if self.bidirectional else [f"l{layer}"]

    def _kinds(self) -> list[str]:
        """How the names of a layer's parameters begin."""
        return ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if self.bias else [])]

    def _step(self) -> Step:
        raise ArgumentError(f"{self._get_name()}: it has no cell; use RNN, LSTM or GRU")

    def reset_parameters(self) -> None:
        """Draw all parameters within 1 / sqrt(hidden_size)."""
        _draw(self, self.hidden_size)

    def flatten_parameters(self) -> None:
        """Nothing: where parameters lie makes no difference."""

    def forward(self, input: Tensor, hx: Any = None) -> tuple[Tensor, Any]:
        """The states of the last layer at each place, and the last state of each layer and direction."""
        alone = input.ndim == 2
        x = ops.unsqueeze(input, 1) if alone else ops.transpose(input, 0, 1) if self.batch_first else input
        if x.ndim != 3 or x.shape[2] != self.input_size:
            raise ShapeError(
                f"{self._get_name()}: x has shape {input.shape}; "
                f"it must have 2 or 3 axes, the last of {self.input_size}"
            )
        if not x.shape[0]:
            raise ShapeError(f"{self._get_name()}: x has shape {input.shape}; it must have one step at least")
        state = self._first(x, hx, alone)
        last: list[State] = []
        for layer in range(self.num_layers):
            ways = []
            for turn, end in enumerate(self._ends(layer)):
                row = len(last)
                y, after = self._run(x, tuple(s[row] for s in state), end, turn == 1)
                ways.append(y)
                last.append(after)
            x = ops.cat(ways, -1) if len(ways) > 1 else ways[0]
            if self.dropout and layer + 1 < self.num_layers:
                x = ops.dropout(x, self.dropout, self.training)
        ended = tuple(ops.stack(parts) for parts in zip(*last, strict=True))
        y = ops.squeeze(x, 1) if alone else ops.transpose(x, 0, 1) if self.batch_first else x
        ended = tuple(ops.squeeze(s, 1) for s in ended) if alone else ended
        return y, ended if self.states > 1 else ended[0]

    def _first(self, x: Tensor, hx: Any, alone: bool) -> State:
        """The states to begin with, (layers and directions, N, width) each."""
        if hx is None:
            rows = self.num_layers * len(self._ends(0))
            widths = (self.proj_size or self.hidden_size, self.hidden_size)[: self.states]
            return tuple(ops.zeros(rows, x.shape[1], w, dtype=x.dtype, device=x.device) for w in widths)
        given = hx if self.states > 1 else (hx,)
        return tuple(ops.unsqueeze(s, 1) if alone else s for s in given)

    def _run(self, x: Tensor, state: State, end: str, backwards: bool) -> tuple[Tensor, State]:
        """One layer in one direction: its states h at each place, and the last state. Step by step, here."""
        own, step = self._parameters, self._step()
        shares = ops.linear(x, own[f"weight_ih_{end}"], own.get(f"bias_ih_{end}"))
        found: list[Tensor] = []
        for t in reversed(range(x.shape[0])) if backwards else range(x.shape[0]):
            state = step(
                shares[t], ops.linear(state[0], own[f"weight_hh_{end}"], own.get(f"bias_hh_{end}")), state
            )
            if self.proj_size:
                state = (ops.linear(state[0], own[f"weight_hr_{end}"]), *state[1:])
            found.append(state[0])
        return ops.stack(found[::-1] if backwards else found), state

    def extra_repr(self) -> str:
        """The settings that are not the usual ones."""
        usual = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        said = [f"{name}={vars(self)[name]}" for name, value in usual.items() if vars(self)[name] != value]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *said])


class RNN(RNNBase):
    """h' = tanh(W x + b + V h + c), or relu: `RNN(input_size, hidden_size, num_layers, nonlinearity, ...)`.

    Source: J. Elman, "Finding Structure in Time", 1990.

    >>> y, h = RNN(3, 4)(ops.ones(5, 2, 3))
    >>> y.shape, h.shape
    ((5, 2, 4), (1, 2, 4))
    """

    def _build(self, *args: Any, nonlinearity: str = "tanh", **kwargs: Any) -> None:
        if len(args) > 3:
            args, nonlinearity = (*args[:3], *args[4:]), args[3]
        if nonlinearity not in ("tanh", "relu"):
            raise ArgumentError(f"{self._get_name()}: nonlinearity is {nonlinearity!r}; it is 'tanh' or 'relu'")
        self.nonlinearity = nonlinearity
        super()._build(*args, **kwargs)

    def _step(self) -> Step:
        return _elman(self.nonlinearity)


class LSTM(RNNBase):
    """Long short-term memory: i, f, g, o = gates of x and h; c' = f c + i g; h' = o tanh c'.

    -> outputs, (h, c). `LSTM(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
    proj_size)`. Source: S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", 1997, with forget gates.

    >>> y, (h, c) = LSTM(3, 4, bidirectional=True)(ops.ones(5, 2, 3))
    >>> y.shape, h.shape, c.shape
    ((5, 2, 8), (2, 2, 4), (2, 2, 4))
    """

    gates, states = 4, 2

    def _step(self) -> Step:
        return _long_short

    def _run(self, x: Tensor, state: State, end: str, backwards: bool) -> tuple[Tensor, State]:
        """One op for all steps, unless what is projected goes into the next step."""
        if self.proj_size:
            return super()._run(x, state, end, backwards)
        w, v, *biases = [self._parameters[f"{name}_{end}"] for name in self._kinds()]
        h, c = state
        y, c = lstm_layer(x, h, c, w, v, ops.add(*biases) if biases else None, backwards)
        return y, (y[0 if backwards else -1], c)


class GRU(RNNBase):
    """Gated recurrent units: r, z = gates of x and h; n = tanh(x + r h); h' = (1 - z) n + z h.

    Source: K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014.

    >>> GRU(3, 4, batch_first=True)(ops.ones(2, 5, 3))[0].shape
    (2, 5, 4)
    """

    gates = 3

    def _step(self) -> Step:
        return _gated

    def _run(self, x: Tensor, state: State, end: str, backwards: bool) -> tuple[Tensor, State]:
        """One op for all steps."""
        w, v, *biases = [self._parameters[f"{name}_{end}"] for name in self._kinds()]
        b, d = biases or (None, None)
        y = gru_layer(x, state[0], w, v, b, d, backwards)
        return y, (y[0 if backwards else -1],)


class RNNCellBase(Module):
    """One step of a recurrent layer. Subclasses say which."""

    gates: ClassVar[int] = 1
    states: ClassVar[int] = 1

    def _build(self, input_size: int, hidden_size: int, bias: bool, device: Any, dtype: Any) -> None:
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        gates = self.gates * hidden_size
        self.weight_ih = unset((gates, input_size), device, dtype)
        self.weight_hh = unset((gates, hidden_size), device, dtype)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, unset((gates,), device, dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters within 1 / sqrt(hidden_size)."""
        _draw(self, self.hidden_size)

    def _next(self, input: Tensor, hx: Any, step: Step) -> State:
        if hx is None:
            zeros = ops.zeros(*input.shape[:-1], self.hidden_size, dtype=input.dtype, device=input.device)
            state: State = (zeros,) * self.states
        else:
            state = tuple(hx) if self.states > 1 else (hx,)
        own = self._parameters
        x = ops.linear(input, own["weight_ih"], own["bias_ih"])
        return step(x, ops.linear(state[0], own["weight_hh"], own["bias_hh"]), state)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(RNNCellBase):
    """One step of an RNN: x (N, I), h (N, H) -> h'.

    >>> RNNCell(3, 4)(ops.ones(2, 3)).shape
    (2, 4)
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        self.nonlinearity = nonlinearity
        self._build(input_size, hidden_size, bias, device, dtype)

    def forward(self, input: Tensor, hx: Any = None) -> Tensor:
        """The next state."""
        return self._next(input, hx, _elman(self.nonlinearity))[0]


class LSTMCell(RNNCellBase):
    """One step of an LSTM: x (N, I), (h, c) (N, H) each -> (h', c').

    >>> h, c = LSTMCell(3, 4)(ops.ones(2, 3))
    >>> h.shape, c.shape
    ((2, 4), (2, 4))
    """

    gates, states = 4, 2

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        self._build(input_size, hidden_size, bias, device, dtype)

    def forward(self, input: Tensor, hx: Any = None) -> State:
        """The next states."""
        return self._next(input, hx, _long_short)


class GRUCell(RNNCellBase):
    """One step of a GRU: x (N, I), h (N, H) -> h'.

    >>> GRUCell(3, 4)(ops.ones(2, 3)).shape
    (2, 4)
    """

    gates = 3

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        self._build(input_size, hidden_size, bias, device, dtype)

    def forward(self, input: Tensor, hx: Any = None) -> Tensor:
        """The next state."""
        return self._next(input, hx, _gated)[0]
