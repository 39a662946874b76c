"""Residual joins are found where they are, and nowhere else."""

from __future__ import annotations

import pytest

import autocnn as ac
from autocnn import models, nn
from autocnn.errors import GraphError
from autocnn.flow.blocks import Address, Join, residual_joins
from autocnn.flow.run import run
from autocnn.graph import Graph, trace
from autocnn.nn import functional as F

CIFAR = (1, 3, 32, 32)


def graph_of(model, shape=(2, 4, 6, 6)) -> Graph:
    model.eval()
    with ac.no_grad():
        return trace(model, ac.ones(*shape))


def joins(model, shape=(2, 4, 6, 6), blocks=None) -> tuple[Join, ...]:
    return residual_joins(graph_of(model, shape), blocks)


class Lambda(nn.Module):
    """A network of three 3x3 convolutions of 4 channels, of what a function makes of them."""

    def __init__(self, function, **parts) -> None:
        self.a, self.b, self.c = (nn.Conv2d(4, 4, 3, padding=1) for _ in range(3))
        for name, part in parts.items():
            setattr(self, name, part)
        self.function = function

    def forward(self, x):
        return self.function(self, x)


# What is one --------------------------------------------------------------------------------------------------


def projected(depth: int) -> nn.Module:
    """The network for CIFAR with option B: shortcuts that change the shape are 1x1 convolutions and norms."""
    net = models.CifarResNet(depth)
    for stage, channels in ((net.layer2, 16), (net.layer3, 32)):
        stage[0].downsample = nn.Sequential(
            nn.Conv2d(channels, 2 * channels, 1, 2, bias=False), nn.BatchNorm2d(2 * channels)
        )
    return net


@pytest.mark.parametrize(("model", "kind"), [(models.resnet20, "fixed"), (lambda: projected(20), "projection")])
def test_every_block_of_a_network_for_cifar_is_found(model, kind):
    graph = graph_of(model(), CIFAR)
    found = residual_joins(graph)
    assert [j.path for j in found] == [f"layer{s}/{b}" for s in (1, 2, 3) for b in range(3)]
    assert [j.kind for j in found if j.path.endswith("0")] == ["identity", kind, kind]
    for j in found:
        assert j.name == j.path
        assert j.address == Address(j.path, "add", 1, 0)
        assert (graph.vertices[j.join].op, graph.vertices[j.fork].op) == ("add", "relu")
        assert graph.vertices[j.branch].scope == f"{j.path}/bn2"
        assert graph.in_edges(j.join)[j.branch_position].source == j.branch
        assert graph.in_edges(j.join)[j.shortcut_position].source == j.shortcut
        assert (j.shortcut == j.fork) == (j.kind == "identity")


@pytest.mark.parametrize("depth", [56, 110])
def test_so_are_those_of_deep_ones(depth):
    assert len(joins(models.CifarResNet(depth), CIFAR)) == (depth - 2) // 2
    assert len(joins(projected(depth), CIFAR)) == (depth - 2) // 2


@pytest.mark.parametrize(("make", "count", "projections"), [(models.resnet18, 8, 3), (models.resnet50, 16, 4)])
def test_networks_for_imagenet(make, count, projections):
    found = joins(make(num_classes=3), (1, 3, 32, 32))
    assert (len(found), sum(j.kind == "projection" for j in found)) == (count, projections)


def test_the_graph_of_a_training_pass_has_the_same_joins():
    net = models.CifarResNet(8)
    found = residual_joins(run(net, ac.randn(4, 3, 32, 32), ac.tensor([0, 1, 2, 3])).graph)
    assert [j.address for j in found] == [j.address for j in joins(net, CIFAR)]
    assert [j.path for j in found] == ["layer1/0", "layer2/0", "layer3/0"]


def test_deep_tanh_networks():
    found = joins(models.residual(8), (2, 1, 8, 8))
    assert [(j.path, j.branch_position) for j in found] == [("blocks/0", 1), ("blocks/1", 1), ("blocks/2", 1)]


class PreActivation(nn.Module):
    """x + F(relu(bn(x))) in the form of 2016; the projection takes the activated input."""

    def __init__(self, channels: int, width: int) -> None:
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(width)
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.project = nn.Conv2d(channels, width, 1, bias=False) if channels != width else None

    def forward(self, x):
        a = self.bn1(x).relu()
        shortcut = x if self.project is None else self.project(a)
        return shortcut + self.conv2(self.bn2(self.conv1(a)).relu())


def test_pre_activation():
    net = nn.Sequential(PreActivation(4, 4), PreActivation(4, 8), PreActivation(8, 8))
    graph = graph_of(net)
    found = residual_joins(graph)
    assert [j.kind for j in found] == ["identity", "projection", "identity"]
    assert [graph.vertices[j.fork].op for j in found] == ["", "relu", "add"]


def test_the_spelling_in_place():
    def block(net, x):
        y = net.b(net.a(x).relu_())
        y += x
        return y.relu_()

    (join,) = joins(Lambda(block))
    assert (join.kind, join.address) == ("identity", Address("", "add", 1, 0))


def test_a_gate_on_the_branch_and_scales_change_nothing():
    def squeezed(net, x):
        y = net.b(net.a(x).relu())
        return x * 0.5 + 0.1 * (y * y.mean((2, 3), keepdim=True).sigmoid())

    (join,) = joins(Lambda(squeezed))
    assert join.kind == "fixed"


class Stochastic(nn.Module):
    """A block that is dropped at random in training."""

    def __init__(self) -> None:
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        if self.training and float(ac.rand(1)) < 0.5:
            return x
        return x + F.dropout(self.conv(x).relu(), 0.2, self.training)


def test_stochastic_depth():
    net = nn.Sequential(*(Stochastic() for _ in range(4)))
    assert [j.path for j in joins(net)] == ["0", "1", "2", "3"]
    ac.manual_seed(0)
    with ac.no_grad():
        some = residual_joins(trace(net.train(), ac.ones(2, 4, 6, 6)))
    assert 0 < len(some) < 4
    assert {j.address for j in some} < {j.address for j in joins(net)}


def test_draws_and_statistics_in_a_training_pass_are_no_ways():
    class Noisy(nn.Module):
        def __init__(self):
            self.conv, self.norm = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)

        def forward(self, x):
            return F.dropout(x, 0.1) + F.dropout(self.norm(self.conv(x)).relu(), 0.5)

    net = nn.Sequential(Noisy(), Noisy(), nn.Flatten(), nn.Linear(144, 3))
    for model in (net.train(), net.eval()):
        found = residual_joins(run(model, ac.randn(2, 4, 6, 6), ac.tensor([0, 1])).graph)
        assert [j.path for j in found] == ["0", "1"]


class Inverted(nn.Module):
    """Expand, filter each channel alone, project; as in MobileNetV2."""

    def __init__(self) -> None:
        self.layers = nn.Sequential(
            nn.Conv2d(4, 12, 1, bias=False), nn.BatchNorm2d(12), nn.ReLU6(),
            nn.Conv2d(12, 12, 3, padding=1, groups=12, bias=False), nn.BatchNorm2d(12), nn.ReLU6(),
            nn.Conv2d(12, 4, 1, bias=False), nn.BatchNorm2d(4),
        )  # fmt: skip

    def forward(self, x):
        return x + self.layers(x)


class Attention(nn.Module):
    """x (N, T, 4): attention and a feed-forward part, each behind a norm and beside a skip."""

    def __init__(self) -> None:
        self.norm1, self.norm2 = nn.LayerNorm(4), nn.LayerNorm(4)
        self.q, self.k, self.v, self.up, self.down = (nn.Linear(4, 4) for _ in range(5))

    def forward(self, x):
        z = self.norm1(x)
        weights = F.softmax(self.q(z) @ self.k(z).transpose(1, 2), dim=-1)
        x = x + weights @ self.v(z)
        return x + self.down(F.gelu(self.up(self.norm2(x))))


@pytest.mark.parametrize(
    ("make", "shape", "names"),
    [
        (Inverted, (2, 4, 6, 6), ["0", "1"]),
        (Attention, (2, 5, 4), ["0 #1", "0 #2", "1 #1", "1 #2"]),
    ],
)
def test_other_families(make, shape, names):
    found = joins(nn.Sequential(make(), make()), shape)
    assert {j.kind for j in found} == {"identity"}
    assert [j.name for j in found] == names


def test_two_branches_beside_one_shortcut():
    graph = graph_of(Lambda(lambda net, x: x + (net.a(x).relu() + net.b(x).relu())))
    (join,) = residual_joins(graph)
    assert graph.vertices[join.branch].op == "add"
    graph = graph_of(Lambda(lambda net, x: (x + net.a(x).relu()) + net.b(x).relu()))
    (join,) = residual_joins(graph)
    assert (graph.vertices[join.branch].op, join.address.call) == ("relu", 1)


def test_a_shared_block_is_found_at_each_call():
    class Recurrent(nn.Module):
        def __init__(self):
            self.step = PreActivation(4, 4)

        def forward(self, x):
            return self.step(self.step(self.step(x)))

    found = joins(Recurrent())
    assert [j.address for j in found] == [Address("step", "add", call, 1) for call in (1, 2, 3)]
    assert [j.name for j in found] == ["step #1", "step #2", "step #3"]


def test_a_long_skip_around_others_has_its_own_fork():
    def unet(net, x):
        top = net.a(x).relu()
        deep = F.max_pool2d(top, 2)
        deep = deep + net.b(deep).tanh()
        return net.c(up(deep)) + top

    def up(x):
        n, c, h, w = x.shape
        return x.reshape(n, c, h, 1, w, 1).expand(n, c, h, 2, w, 2).reshape(n, c, 2 * h, 2 * w)

    graph = graph_of(Lambda(unet))
    inner, outer = residual_joins(graph)
    assert graph.vertices[inner.fork].op == "max_pool"
    assert (graph.vertices[outer.fork].op, outer.kind) == ("relu", "identity")
    assert outer.fork < inner.fork < inner.join < outer.join


def test_linear_blocks_take_the_identity_for_the_shortcut():
    (join,) = joins(Lambda(lambda net, x: net.a(x) + x))
    assert (join.kind, join.branch_position) == ("identity", 0)


def test_one_module_of_many_blocks_tells_them_apart():
    def flat(net, x):
        for conv in (net.a, net.b, net.c):
            x = x + conv(x).tanh()
        return x

    found = joins(Lambda(flat))
    assert [j.address.call for j in found] == [1, 2, 3]
    assert [j.path for j in found] == ["", "", ""]
    assert [j.name for j in found] == ["a", "b", "c"]


def test_a_branch_that_is_a_module_lends_its_path():
    def two(net, x):
        x = x + net.first(x)
        return x + net.second(x)

    branches = {name: nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU()) for name in ("first", "second")}
    assert [j.path for j in joins(Lambda(two, **branches))] == ["first", "second"]


# What is none -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: net.a(x) * net.b(x).sigmoid(),  # a gate
        lambda net, x: x * x.sigmoid(),
        lambda net, x: ac.cat([x, net.a(x).relu()], 1),  # as in DenseNet
        lambda net, x: net.a(x).relu() + net.b(x).relu(),  # as in Inception
        lambda net, x: net.a(x) + ac.ones(4, 1, 1),  # a bias
        lambda net, x: x + x,
        lambda net, x: x + x.flip(2),  # nothing happens on either way
        lambda net, x: (lambda t: t * net.a(x).tanh() + (1 - t) * x)(net.b(x).sigmoid()),  # a highway's gates
        lambda net, x: net.c(net.b(net.a(x).relu()).relu()),
    ],
)
def test_no_residual_joins(function):
    assert joins(Lambda(function)) == ()


def test_batch_norm_by_hand_has_none():
    def normalised(net, x):
        y = net.a(x)
        mean = y.mean((0, 2, 3), keepdim=True)
        var = ((y - mean) * (y - mean)).mean((0, 2, 3), keepdim=True)
        return (y - mean) / (var + 1e-5).sqrt() + net.b.bias.reshape(1, 4, 1, 1)

    assert joins(Lambda(normalised)) == ()


@pytest.mark.parametrize("make", [models.plain20, lambda: models.CifarResNet(56, skips=False)])
def test_plain_networks_have_none(make):
    assert joins(make(), CIFAR) == ()


def test_nor_has_a_backward_pass():
    graph = trace(models.residual(6), ac.ones(1, 1, 8, 8), order=1)
    assert [graph.vertices[j.join].phase for j in residual_joins(graph)] == ["forward"] * 2


# Where a name is needed ---------------------------------------------------------------------------------------


def test_two_linear_ways_ask_for_names():
    with pytest.raises(GraphError, match=r"no activation on either way.*blocks=\['layer1.0'"):
        joins(Lambda(lambda net, x: net.a(x) + net.b(x)))


def test_a_named_branch():
    net = Lambda(lambda net, x: net.a(x) + net.b(x))
    (join,) = joins(net, blocks=["b"])
    assert (join.path, join.branch_position, join.kind) == ("b", 1, "projection")


def test_a_named_module_whose_shortcut_is_active():
    def block(net, x):
        return net.b(net.a(x).relu()) + x.tanh()

    net = nn.Sequential(Lambda(block), Lambda(block))
    assert joins(net) == ()
    (join,) = joins(net, blocks=["1"])
    assert (join.path, join.branch_position) == ("1", 0)


def test_names_that_do_not_fit_are_refused():
    with pytest.raises(GraphError, match="no module 'layer9' adds two values"):
        joins(models.CifarResNet(8), CIFAR, blocks=["layer9"])
    with pytest.raises(GraphError, match="of one kind and length"):
        joins(nn.Sequential(Lambda(lambda net, x: net.a(x) + net.b(x))), blocks=["0"])
