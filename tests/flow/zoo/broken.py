"""Networks with one thing broken on purpose, and their healthy neighbours: known by construction."""

from __future__ import annotations

import autocnn as ac
from autocnn import Tensor, nn
from autocnn.nn import functional as F

from .entry import entry, features, images
from .parts import (
    Net,
    Through,
    cnn,
    glorot,
    he,
    huge,
    lecun,
    mlp,
    replaced,
    residual,
    scaled,
    set_to,
    times,
    tiny,
)

NAN, INF = float("nan"), float("inf")
RELU, TANH = nn.ReLU, nn.Tanh
BUILT = "by construction: "


def under_no_grad(x: Tensor) -> Tensor:
    with ac.no_grad():
        return x.tanh()


def frozen(count: int) -> nn.Module:
    model = mlp(6, RELU, he, width=32)()
    for p in list(model.parameters())[: 2 * count]:
        p.requires_grad_(False)
    return model


class Unused(nn.Module):
    """A network with a part that is never called."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.other = mlp(4, RELU, he, width=32)(), nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        """The scores, of the body alone."""
        return self.body(x)


class Detached(nn.Module):
    """x + F(x), F's result detached."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = nn.Linear(16, 16)

    def forward(self, x: Tensor) -> Tensor:
        """The sum."""
        return x + self.branch(x).detach()


def bits(n: int = 32, d: int = 16) -> Tensor:
    """Whole numbers from 0 to 255."""
    return ac.randint(0, 256, (n, d)).float()


def with_nan() -> Tensor:
    x = ac.randn(32, 16)
    x.array[3, 4] = NAN
    return x


def squares(out: Tensor, y: Tensor) -> Tensor:
    return (out[:, 0] - y.float()).square().mean()


def satisfied(out: Tensor, y: Tensor) -> Tensor:
    return (out.clamp(-9, 9) - 100).relu().mean()


def roots(out: Tensor, y: Tensor) -> Tensor:
    return (out - out.detach()).square().sum(1).sqrt().mean()


BROKEN = [
    entry("dead relu by bias", set_to(mlp(6, RELU, he, width=32), _4_bias=-100.0), "dead", place="relu in 5",
          reason=BUILT + "a bias of -100"),
    entry("dead conv relu by bias", set_to(cnn(6, RELU, he), _4_bias=-100.0), "dead", place="relu in 5",
          reason=BUILT + "a bias of -100", data=images()),
    entry("dead relu6 by bias", set_to(mlp(6, nn.ReLU6, he, width=32), _4_bias=-100.0), "dead",
          reason=BUILT + "a bias of -100", place="in 5"),
    entry("dead gelu by bias", set_to(mlp(6, nn.GELU, he, width=32), _4_bias=-100.0), "dead",
          reason=BUILT + "a bias of -100", place="gelu in 5"),
    entry("leaky relu, bias -100", set_to(mlp(6, nn.LeakyReLU, he, width=32), _4_bias=-100.0), "saturated",
          reason=BUILT + "every derivative is 0.01", place="leaky_relu in 5"),
    entry("elu, bias -100", set_to(mlp(6, nn.ELU, he, width=32), _4_bias=-100.0), "saturated",
          reason=BUILT + "every derivative is exp(-100)", place="elu in 5"),
    entry("all relus dead", set_to(mlp(4, RELU, he, width=32), _0_bias=-99.0, _2_bias=-99.0, _4_bias=-99.0),
          "dead", place="relu in 1", reason=BUILT + "biases of -99"),
    entry("bias +100 before relu", set_to(mlp(6, RELU, he, width=32), _4_bias=3.0),
          reason=BUILT + "open relus pass everything"),
    entry("saturated tanh by bias", set_to(mlp(6, TANH, glorot, width=32), _4_bias=50.0), "saturated",
          place="tanh in 5", reason=BUILT + "tanh(50) = 1"),
    entry("saturated tanh by scale", times(mlp(6, TANH, glorot, width=32), _4_weight=1e3), "saturated",
          place="tanh in 5", reason=BUILT + "weights times 1000"),
    entry("saturated sigmoid by scale", times(mlp(3, nn.Sigmoid, glorot, width=64), _0_weight=300.0), "saturated",
          place="sigmoid in 1", reason=BUILT + "weights times 300"),
    entry("saturated hardtanh by scale", times(mlp(6, nn.Hardtanh, glorot, width=32), _4_weight=1e3),
          "saturated", place="hardtanh in 5", reason=BUILT + "weights times 1000"),
    entry("pixels 0..255 into tanh", mlp(4, TANH, glorot, width=32), "saturated", data=bits, place="tanh in 1",
          reason=BUILT + "inputs of 147 on average"),
    entry("pixels 0..255 into relu", mlp(4, RELU, he, width=32), data=bits,
          reason=BUILT + "relu passes any scale; a note says it"),
    entry("tiny layer in tanh", times(mlp(12, TANH, glorot, width=32), _8_weight=1e-6), "vanishing",
          place="linear in 8", reason=BUILT + "one weight times 1e-6"),
    entry("tiny layer in relu", times(mlp(12, RELU, he, width=32), _8_weight=1e-6), "vanishing",
          place="linear in 8", reason=BUILT + "one weight times 1e-6"),
    entry("large layer in relu", times(mlp(12, RELU, he, width=32), _8_weight=1e5), "exploding",
          place="linear in 8", reason=BUILT + "one weight times 1e5"),
    entry("large and small layer cancel", times(mlp(12, RELU, he, width=32), _8_weight=16.0, _10_weight=1 / 16),
          reason=BUILT + "16 and 1/16"),
    entry("nan weight", set_to(mlp(6, RELU, he), _4_weight=NAN), "non-finite", place="4.weight",
          reason=BUILT + "NaN in the weights"),
    entry("nan image", mlp(6, RELU, he), "non-finite", data=with_nan, place="x",
          reason=BUILT + "NaN in the images"),
    entry("inf bias", set_to(mlp(6, TANH, glorot), _4_bias=INF), "non-finite", place="4.bias",
          reason=BUILT + "infinity in a bias"),
    entry("overflow", mlp(60, RELU, scaled(huge, 3.0), width=32), "non-finite", reason=BUILT + "50^60 > 1e38"),
    entry("exp overflows", replaced(times(mlp(4, RELU, he), _0_weight=100.0), 1,
          lambda: Through(lambda x: x.exp())), "non-finite", place="exp in 1", reason=BUILT + "exp of over 89"),
    entry("log of negatives", replaced(mlp(4, RELU, he), 1, lambda: Through(lambda x: x.log())), "non-finite",
          reason=BUILT + "log of negative numbers", place="log in 1"),
    entry("sqrt at 0", mlp(4, RELU, he), "non-finite", loss=roots, reason=BUILT + "sqrt'(0) is infinite",
          place="sqrt"),
    entry("overflow from large images", mlp(20, RELU, scaled(huge, 3.0), width=32), "non-finite",
          reason=BUILT + "50^20 fits float32, times 1e8 it does not", data=lambda: ac.randn(32, 16) * 1e8),
    entry("detached in the middle", replaced(mlp(6, TANH, glorot), 5,
          lambda: Through(lambda x: x.detach().tanh())), "cut", reason=BUILT + "detach()"),
    entry("no_grad in the middle", replaced(mlp(6, TANH, glorot), 5, lambda: Through(under_no_grad)), "cut",
          reason=BUILT + "no_grad()", place="tanh in 5"),
    entry("argmax in the middle", replaced(mlp(6, TANH, glorot), 5,
          lambda: Through(lambda x: F.one_hot(x.argmax(1), 16).float())), "cut", reason=BUILT + "argmax"),
    entry("detached branches", lambda: Net(nn.Linear(16, 16), [Detached() for _ in range(5)], nn.Linear(16, 4)),
          "cut", reason=BUILT + "the branches' results are detached"),
    entry("rounded in the middle", replaced(mlp(6, TANH, glorot), 5, lambda: Through(lambda x: x.round())), "dead",
          reason=BUILT + "a step function", place="round in 5"),
    entry("times zero", replaced(mlp(6, TANH, glorot), 5, lambda: Through(lambda x: x * 0)), "dead",
          reason=BUILT + "times 0", place="mul in 5"),
    entry("zero layer, tanh", set_to(mlp(6, TANH, glorot), _4_weight=0.0, _4_bias=0.0), "dead", place="tanh in 5",
          reason=BUILT + "all its units are 0"),
    entry("zero layer, relu", set_to(mlp(6, RELU, he), _4_weight=0.0, _4_bias=0.0), "dead", place="relu in 5",
          reason=BUILT + "all its units are 0"),
    entry("zero head", set_to(mlp(6, RELU, he, width=32), _10_weight=0.0), reason=BUILT + "it gets a gradient"),
    entry("zero head above vanishing", set_to(mlp(20, nn.Sigmoid), _38_weight=0.0), "vanishing",
          reason=BUILT + "sigmoid's derivative is at most 1/4"),
    entry("frozen trunk", lambda: frozen(4), reason=BUILT + "frozen on purpose"),
    entry("unused part", Unused, reason=BUILT + "nothing is wrong with what is used"),
    entry("dropout of everything", replaced(mlp(6, TANH, glorot), 5, lambda: nn.Dropout(1.0)), "dead",
          reason=BUILT + "p = 1", place="dropout in 5"),
    entry("hinge satisfied", mlp(4, RELU, he, width=32), "dead", loss=satisfied,
          reason=BUILT + "the loss is 0 for every image", place="relu"),
    entry("values underflow", mlp(20, RELU, scaled(tiny, 0.1), bias=False), "vanishing",
          reason=BUILT + "weights of 1e-4, 20 times over"),
    entry("mse regression", mlp(4, TANH, lecun), loss=squares, reason=BUILT + "an ordinary regression"),
    entry("eval mode", mlp(10, RELU, he, norm=nn.BatchNorm1d, width=32), train=False,
          reason=BUILT + "running statistics of 0 and 1 change nothing"),
    entry("dead branches", set_to(residual(3, lambda: [nn.Linear(16, 16), RELU(), nn.Linear(16, 16)], he),
          **{f"_blocks_{i}_branch_0_bias": -100.0 for i in range(3)}), "dead",
          reason=BUILT + "biases of -100", place="blocks/0/branch/1"),
    entry("bias before batch norm", mlp(6, TANH, glorot, norm=nn.BatchNorm1d), stations=None,
          reason=BUILT + "a bias that the norm removes is harmless", data=features(64)),
    entry("own relu by where", replaced(set_to(mlp(4, RELU, he, width=32), _2_bias=-100.0), 3,
          lambda: Through(lambda x: ac.where(x > 0, x, ac.zeros_like(x)))), "dead", reason=BUILT + "bias of -100",
          place="where in 3"),
    entry("own relu by maximum", replaced(mlp(4, RELU, he, width=32), 3, lambda: Through(lambda x: ac.maximum(x,
          ac.zeros_like(x)))), reason=BUILT + "he's start"),
]  # fmt: skip
