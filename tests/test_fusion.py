"""A fused copy gives the outputs of its model, by fewer kernels; what cannot be fused exactly is left alone."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn
from autocnn.errors import ArgumentError, GraphError, InPlaceError, OperandError
from autocnn.graph import trace
from autocnn.nn.fused import ConvReLU2d


class Block(nn.Module):
    """A basic block as PyTorch users write it: one ReLU module for both places."""

    def __init__(self, c: int, d: int, stride: int = 1) -> None:
        self.conv1 = nn.Conv2d(c, d, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(d)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(d, d, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(d)
        self.down = nn.Sequential(nn.Conv2d(c, d, 1, stride, bias=False), nn.BatchNorm2d(d)) if c != d else None

    def forward(self, x):
        z = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(z + (x if self.down is None else self.down(x)))


class ResNet(nn.Module):
    def __init__(self) -> None:
        self.conv = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.blocks = nn.Sequential(Block(4, 4), Block(4, 8, 2))
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = self.blocks(nn.functional.relu(self.bn(self.conv(x))))
        return self.head(x.mean((2, 3)))


def settled(model):
    """The model in use, with statistics and weights that are not those of the start."""
    random = np.random.default_rng(1)
    for module in model.modules():
        if hasattr(module, "running_var") and module.running_var is not None:
            n = module.num_features
            module.running_mean.copy_(ac.tensor(random.normal(size=n)))
            module.running_var.copy_(ac.tensor(random.uniform(0.2, 3.0, n)))
            if module.weight is not None:
                module.weight.data = ac.tensor(random.normal(size=n).astype("float32"))
            if module.bias is not None:
                module.bias.data = ac.tensor(random.normal(size=n).astype("float32"))
    return model.eval()


def ops_of(model, *inputs) -> list[str]:
    with ac.no_grad():
        return [vertex.op for vertex in trace(model, *inputs).vertices if vertex.kind == "op"]


def close(model, fused, *inputs) -> None:
    with ac.no_grad():
        np.testing.assert_allclose(fused(*inputs).array, model(*inputs).array, rtol=1e-4, atol=1e-5)


def test_a_residual_network_by_its_graph():
    net, x = settled(ResNet()), ac.rand(2, 3, 8, 8)
    before = {key: value.array.copy() for key, value in net.state_dict().items()}
    fused = ac.fuse(net, x)
    close(net, fused, ac.rand(3, 3, 10, 10))
    ran = ops_of(fused, x)
    assert "batch_norm_fixed" not in ran
    assert ran.count("conv_bias_relu") == 3
    assert ran.count("relu") == 2  # after the sums
    assert ran.count("conv_bias") == 3
    after = net.state_dict()
    assert list(after) == list(before)
    assert all(np.array_equal(after[key].array, before[key]) for key in before)
    mine = {id(p.array) for p in net.parameters()}
    assert not any(
        id(p.array) in mine or np.shares_memory(p.array, after["head.bias"].array) for p in fused.parameters()
    )


def test_without_an_example_only_chains_are_fused():
    net, x = settled(ResNet()), ac.rand(2, 3, 8, 8)
    fused = ac.fuse(net)
    close(net, fused, x)
    assert ops_of(fused, x).count("batch_norm_fixed") == 5  # of six: the one in `down` is in a chain


@pytest.mark.parametrize("given", [True, False], ids=["example", "structure"])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d])
def test_every_kind_of_convolution(kind, groups, bias, affine, given):
    conv = kind(4, 6, 3, stride=2, padding=1, dilation=2, groups=groups, bias=bias)
    net = settled(nn.Sequential(conv, nn.BatchNorm2d(6, affine=affine), nn.ReLU()))
    x = ac.randn(2, 4, 7, 8)
    fused = ac.fuse(net, x) if given else ac.fuse(net)
    close(net, fused, x)
    ran = ops_of(fused, x)
    assert "batch_norm_fixed" not in ran
    assert ("relu" in ran) == (kind is nn.ConvTranspose2d)


@pytest.mark.parametrize("ndim", [1, 3])
def test_every_number_of_axes(ndim):
    conv, norm = getattr(nn, f"Conv{ndim}d"), getattr(nn, f"BatchNorm{ndim}d")
    net = settled(nn.Sequential(conv(2, 3, 2), norm(3), nn.ReLU()))
    x = ac.randn(2, 2, *(4,) * ndim)
    for fused in (ac.fuse(net, x), ac.fuse(net)):
        close(net, fused, x)
        assert ops_of(fused, x) == ["conv_bias_relu"]


def test_float64_keeps_its_precision():
    net, x = settled(nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3))).double(), ac.randn(1, 2, 5, 5).double()
    with ac.no_grad():
        np.testing.assert_allclose(ac.fuse(net, x)(x).array, net(x).array, rtol=1e-12, atol=1e-13)


def test_a_convolution_with_a_relu_alone():
    net, x = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.ReLU(inplace=True)).eval(), ac.randn(1, 1, 5, 5)
    for fused in (ac.fuse(net, x), ac.fuse(net)):
        close(net, fused, x)
        assert isinstance(fused[0], ConvReLU2d)


def test_a_relu_of_what_is_rectified_is_the_thing_itself_until_it_is_written_to():
    layer = settled(ac.fuse(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()).eval())[0])
    with ac.no_grad():
        z = layer(ac.randn(1, 1, 5, 5))
        assert nn.functional.relu(z) is z
        assert z.relu_() is z
        assert repr(z).startswith("tensor(")
        assert type(z * 2) is type(z.clone()) is ac.Tensor
        z -= 1
        assert z.array.min() < 0
        assert z.relu().array.min() == 0


class Twice(nn.Module):
    """One convolution and one norm, called twice."""

    def __init__(self) -> None:
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.bn = nn.BatchNorm2d(2)

    def forward(self, x):
        return self.bn(self.conv(self.bn(self.conv(x))))


class Forked(nn.Module):
    """The convolution's result goes to the norm, and past it."""

    def __init__(self) -> None:
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.bn = nn.BatchNorm2d(2)

    def forward(self, x):
        z = self.conv(x)
        return self.bn(z) + z


class Penalised(nn.Module):
    """The filters are used by other code too."""

    def __init__(self) -> None:
        self.conv = nn.Conv2d(2, 2, 3)
        self.bn = nn.BatchNorm2d(2)

    def forward(self, x):
        return self.bn(self.conv(x)) + self.conv.weight.square().sum()


class Tied(nn.Module):
    """Two convolutions with one weight."""

    def __init__(self) -> None:
        self.one, self.two = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)
        self.two.weight = self.one.weight
        self.bn = nn.BatchNorm2d(2)

    def forward(self, x):
        return self.bn(self.one(x)) + self.two(x)


class Other(nn.Conv2d):
    """A convolution that does something else."""

    def forward(self, x):
        return super().forward(x).abs()


@pytest.mark.parametrize(
    "make",
    [Twice, Forked, Penalised, Tied, lambda: nn.Sequential(Other(2, 2, 3), nn.BatchNorm2d(2))],
    ids=["twice", "forked", "penalised", "tied", "subclass"],
)
def test_what_cannot_be_folded_is_left_alone(make):
    net, x = settled(make()), ac.randn(2, 2, 6, 6)
    for fused in (ac.fuse(net, x), ac.fuse(net)):
        close(net, fused, x)
        assert ops_of(fused, x) == ops_of(net, x)


def test_statistics_of_the_batch_are_left_alone():
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3, track_running_stats=False)).eval()
    x = ac.randn(2, 2, 6, 6)
    for fused in (ac.fuse(net, x), ac.fuse(net)):
        close(net, fused, x)
        assert "batch_norm" in ops_of(fused, x)


def test_layers_that_stand_twice_in_chains_are_folded_where_they_stand():
    conv, norm = nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2)
    chain = nn.Sequential(conv, norm)
    net = settled(nn.Sequential(conv, norm, nn.ReLU(), conv, nn.ReLU(), chain, chain))
    x = ac.randn(2, 2, 6, 6)
    fused = ac.fuse(net)
    close(net, fused, x)
    assert ops_of(fused, x) == ["conv_bias_relu", "conv_bias_relu", "conv_bias", "conv_bias"]
    close(net, ac.fuse(net, x), x)


def test_a_model_in_training_is_refused():
    net = settled(ResNet())
    net.blocks[1].train()
    with pytest.raises(
        ArgumentError, match=r"the module 'blocks.1' is in training mode.*call model.eval\(\) first"
    ):
        ac.fuse(net)
    with pytest.raises(ArgumentError, match="the model is in training mode"):
        ac.fuse(net.train())
    with pytest.raises(OperandError, match="fuse: model is a int; a Module is needed"):
        ac.fuse(3)


def test_code_that_reads_a_layer_is_found_out():
    class Reading(Forked):
        def forward(self, x):
            shift = self.conv.bias.array.sum()  # behind the graph's back
            return self.bn(self.conv(x)) + float(shift)

    net, x = settled(Reading()), ac.randn(2, 2, 6, 6)
    with pytest.raises(
        GraphError, match=r"fuse: the copy's outputs are others: they differ by .*use the model as"
    ):
        ac.fuse(net, x)


def test_drawing_first_values_is_left_to_others():
    net = settled(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()))
    ac.manual_seed(3)
    expected = ac.rand(3).tolist()
    ac.manual_seed(3)
    ac.fuse(net)
    assert ac.rand(3).tolist() == expected


def test_fusing_what_is_fused_changes_nothing():
    net, x = settled(ResNet()), ac.rand(2, 3, 8, 8)
    once = ac.fuse(net, x)
    assert not any(module.training for module in once.modules())
    for twice in (ac.fuse(once, x), ac.fuse(once)):
        assert ops_of(twice, x) == ops_of(once, x)
        close(once, twice, x)


def test_an_input_that_the_model_writes_to_is_left_as_it_was():
    net, x = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(1, 2, 3), nn.ReLU()).eval(), ac.randn(1, 1, 5, 5)
    before = x.array.copy()
    ac.fuse(net, x.array)
    ac.fuse(net, x)
    assert np.array_equal(x.array, before)


def test_a_fused_network_has_gradients_and_a_state():
    net, x = settled(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU())), ac.randn(1, 1, 5, 5)
    fused = ac.fuse(net)
    one, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    net(one).sum().backward()
    fused(other).sum().backward()
    np.testing.assert_allclose(other.grad.array, one.grad.array, rtol=1e-4, atol=1e-5)
    assert list(fused.state_dict()) == ["0.weight", "0.bias"]


def test_filters_are_reordered_once_and_cannot_be_written_to():
    ac.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(8, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 16, 3)).eval()
    x = ac.randn(2, 8, 12, 12)
    fast = ac.fuse(net, x)
    first = fast(x)
    np.testing.assert_array_equal(first.array, fast(x).array)
    with pytest.raises(InPlaceError, match="read-only"), ac.no_grad():
        fast[3].weight.mul_(2)
    with ac.no_grad():
        net[3].weight.mul_(2)
    again = ac.fuse(net, x)
    np.testing.assert_allclose(again(x).array, net(x).array, atol=1e-5)
    np.testing.assert_array_equal(first.array, fast(x).array)
