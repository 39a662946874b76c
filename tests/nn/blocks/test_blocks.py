"""Every block beside its definition in PyTorch: the same state, results and gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autocnn import nn
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.nn import blocks

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch
t, F = torch.nn, torch.nn.functional


class Of(t.Module):  # type: ignore[misc, name-defined]
    """A PyTorch module of named children, and what it does with them."""

    def __init__(self, does: Callable[..., Any], **children: Any) -> None:
        super().__init__()
        self.does = does
        for name, child in children.items():
            self.add_module(name, child)

    def forward(self, x: Any) -> Any:
        return self.does(self, x)


def squeezing() -> Any:
    def does(m: Any, x: Any) -> Any:
        return x * torch.sigmoid(m.fc2(torch.relu(m.fc1(x.mean((2, 3), keepdim=True)))))

    return Of(does, fc1=t.Conv2d(6, 2, 1), fc2=t.Conv2d(2, 6, 1))


def steps(*layers: Any) -> Any:
    return t.Sequential(*layers)


def cba(c: int, o: int, k: int = 3, s: int = 1, g: int = 1, act: Any = t.ReLU) -> Any:
    return steps(t.Conv2d(c, o, k, s, k // 2, groups=g, bias=False), t.BatchNorm2d(o), act())


def separable() -> Any:
    return Of(lambda m, x: m.pointwise(m.depthwise(x)), depthwise=cba(6, 6, s=2, g=6), pointwise=cba(6, 4, 1))


def inverted(c: int, o: int, stride: int, ratio: int) -> Any:
    hidden = c * ratio
    first = [cba(c, hidden, 1, act=t.ReLU6)] if ratio != 1 else []
    body = steps(
        *first,
        cba(hidden, hidden, 3, stride, hidden, t.ReLU6),
        t.Conv2d(hidden, o, 1, bias=False),
        t.BatchNorm2d(o),
    )
    skip = stride == 1 and c == o
    return Of(lambda m, x: x + m.conv(x) if skip else m.conv(x), conv=body)


def basic(c: int, o: int, k: int, p: int = 0) -> Any:
    conv, bn = t.Conv2d(c, o, k, padding=p, bias=False), t.BatchNorm2d(o, eps=0.001)
    return Of(lambda m, x: F.relu(m.bn(m.conv(x))), conv=conv, bn=bn)


def inception() -> Any:
    return Of(
        lambda m, x: torch.cat([branch(x) for branch in m.children()], 1),
        branch1=basic(6, 2, 1),
        branch2=steps(basic(6, 3, 1), basic(3, 4, 3, 1)),
        branch3=steps(basic(6, 1, 1), basic(1, 2, 3, 1)),
        branch4=steps(t.MaxPool2d(3, 1, 1, ceil_mode=True), basic(6, 3, 1)),
    )


def dense_layer(c: int) -> Any:
    return Of(
        lambda m, x: m.conv2(F.relu(m.norm2(m.conv1(F.relu(m.norm1(x)))))),
        norm1=t.BatchNorm2d(c),
        conv1=t.Conv2d(c, 8, 1, bias=False),
        norm2=t.BatchNorm2d(8),
        conv2=t.Conv2d(8, 2, 3, padding=1, bias=False),
    )


def dense() -> Any:
    def does(m: Any, x: Any) -> Any:
        for layer in m.children():
            x = torch.cat([x, layer(x)], 1)
        return x

    return Of(does, **{f"denselayer{i + 1}": dense_layer(6 + 2 * i) for i in range(3)})


def transition() -> Any:
    return Of(
        lambda m, x: F.avg_pool2d(m.conv(F.relu(m.norm(x))), 2),
        norm=t.BatchNorm2d(6),
        conv=t.Conv2d(6, 3, 1, bias=False),
    )


class Standardized(t.Conv2d):  # type: ignore[misc, name-defined]
    def forward(self, x: Any) -> Any:
        var, mean = torch.var_mean(self.weight, (1, 2, 3), keepdim=True, unbiased=False)
        return self._conv_forward(x, (self.weight - mean) / torch.sqrt(var + 1e-5), self.bias)


SHAPE = (3, 6, 5, 7)
BLOCKS: dict[str, tuple[Callable[[], nn.Module], Callable[[], Any]]] = {
    "squeeze": (lambda: blocks.SqueezeExcitation(6, 2), squeezing),
    "separable": (lambda: blocks.DepthwiseSeparableConv2d(6, 4, stride=2), separable),
    "conv": (
        lambda: blocks.Conv2dNormActivation(6, 4, 5, activation_layer=nn.ReLU6),
        lambda: cba(6, 4, 5, act=t.ReLU6),
    ),
    "inverted with a skip": (lambda: blocks.InvertedResidual(6, 6, 1, 2), lambda: inverted(6, 6, 1, 2)),
    "inverted with a stride": (lambda: blocks.InvertedResidual(6, 6, 2, 3), lambda: inverted(6, 6, 2, 3)),
    "inverted, not wider": (lambda: blocks.InvertedResidual(6, 4, 1, 1), lambda: inverted(6, 4, 1, 1)),
    "inception": (lambda: blocks.Inception(6, 2, 3, 4, 1, 2, 3), inception),
    "dense": (lambda: blocks.DenseBlock(3, 6, 4, 2, 0.0), dense),
    "dense, thrifty": (lambda: blocks.DenseBlock(3, 6, 4, 2, 0.0, memory_efficient=True), dense),
    "transition": (lambda: blocks.Transition(6, 3), transition),
    "standardised": (
        lambda: blocks.WSConv2d(6, 4, 3, 2, 1, groups=2),
        lambda: Standardized(6, 4, 3, 2, 1, groups=2),
    ),
}


def close(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("training", [True, False])
def test_results_gradients_and_state(name: str, training: bool) -> None:
    torch.manual_seed(0)
    ours, theirs = BLOCKS[name][0]().double(), BLOCKS[name][1]().double()
    state = {key: value.numpy().copy() for key, value in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    ours.train(training), theirs.train(training)
    random = np.random.default_rng(0)
    values = random.standard_normal(SHAPE)
    x, u = Tensor(values).requires_grad_(), torch.tensor(values, requires_grad=True)
    y, v = ours(x), theirs(u)
    close(y, v)
    g = random.standard_normal(y.shape)
    y.backward(Tensor(g))
    v.backward(torch.tensor(g))
    close(x.grad, u.grad)
    for (key, p), (other, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert key == other
        close(p.grad, q.grad)
    for (key, b), (_, c) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
        assert key
        close(b, c)


@pytest.mark.parametrize("layer", [blocks.WSConv1d, blocks.WSConv2d, blocks.WSConv3d])
def test_scale_and_shift_of_a_standardised_filter_do_not_matter(layer: Any) -> None:
    conv = layer(2, 3, 2, bias=False, eps=0.0).double()
    x = Tensor(np.random.default_rng(0).standard_normal((2, 2, *(4, 3, 5)[: conv.dims])))
    before = conv(x).detach().numpy()
    conv.weight.data = conv.weight.data * 3 + 1
    np.testing.assert_allclose(conv(x).detach().numpy(), before, rtol=1e-9, atol=1e-9)


def test_a_dense_layer_drops_in_training_only() -> None:
    layer = blocks.DenseLayer(3, 4, 2, 0.5)
    x = Tensor(np.random.default_rng(0).standard_normal((4, 3, 6, 6)).astype(np.float32))
    assert 0.3 < (layer(x).detach().numpy() == 0).mean() < 0.7
    assert (layer.eval()(x).detach().numpy() != 0).all()


def test_a_stride_that_is_no_inverted_residual_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"^InvertedResidual: stride is 3; it must be 1 or 2$"):
        blocks.InvertedResidual(3, 3, 3, 6)
    with pytest.raises(ArgumentError, match=r"^StochasticDepth: mode is 'image'; it must be 'batch' or 'row'$"):
        blocks.StochasticDepth(0.1, "image")
