"""Saliency and its kin against PyTorch, closed forms and brute force."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn, ops
from autocnn.errors import ArgumentError, DTypeError, GraphError, NonFiniteError, OperandError, ShapeError
from autocnn.inspect import (
    feature_maps,
    grad_cam,
    guided_backprop,
    input_gradient,
    integrated_gradients,
    maximise,
    occlusion,
    saliency,
    smooth_grad,
)
from autocnn.nn import functional as F

from .nets import made, weights


def images(count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, 2, 12, 12)).astype(np.float32)


@pytest.fixture
def net():
    model = made(nn, F)()
    state = model.state_dict()
    values = weights({name: tuple(state[name].shape) for name in state if not name.endswith("tracked")})
    model.load_state_dict({**state, **{name: ac.tensor(value) for name, value in values.items()}})
    return model


@pytest.fixture
def twin():
    torch = pytest.importorskip("torch")
    model = made(torch.nn, torch.nn.functional)()
    state = model.state_dict()
    values = weights({name: tuple(state[name].shape) for name in state if not name.endswith("tracked")})
    model.load_state_dict({**state, **{name: torch.from_numpy(value) for name, value in values.items()}})
    return model.eval()


def torch_gradient(model, x, target):
    import torch

    pixels = torch.from_numpy(x).requires_grad_()
    scores = model(pixels)
    classes = scores.argmax(1) if target is None else torch.tensor(target)
    scores[torch.arange(len(x)), classes].sum().backward()
    return pixels.grad.numpy()


@pytest.mark.torch
@pytest.mark.parametrize("target", [None, [0, 2, 1]])
def test_saliency_is_that_of_pytorch(net, twin, target):
    expected = torch_gradient(twin, images(), target)
    np.testing.assert_allclose(input_gradient(net, images(), target), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(saliency(net, images(), target), abs(expected).max(1), rtol=1e-4, atol=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize("layer", ["layer1", "layer2", "stem"])
def test_grad_cam_is_that_of_pytorch(net, twin, layer):
    """Computed there without hooks: from the layer's value, cut out of the network and put in again."""
    import torch

    x = torch.from_numpy(images())
    conv = twin.stem(x)
    pooled = torch.nn.functional.max_pool2d(conv.clone().relu(), 2)
    first = twin.layer1(pooled)
    maps = {"stem": conv, "layer1": first, "layer2": twin.layer2(first.clone())}[layer].detach().requires_grad_()
    rest = {
        "stem": lambda m: twin.layer2(twin.layer1(torch.nn.functional.max_pool2d(m.relu(), 2))),
        "layer1": lambda m: twin.layer2(m.clone()),
        "layer2": lambda m: m,
    }[layer]
    scores = twin.fc(rest(maps).mean((2, 3)))
    scores.max(1).values.sum().backward()
    expected = (maps.grad.mean((2, 3), keepdim=True) * maps).sum(1).relu().detach().numpy()
    np.testing.assert_allclose(grad_cam(net, images(), layer), expected, rtol=1e-4, atol=1e-6)
    assert expected.max() > 0.01


@pytest.mark.torch
def test_guided_backprop_is_that_of_pytorch(net, twin):
    """There every relu, in place or not, is replaced by one with a backward pass of its own."""
    import torch

    class GuidedRelu(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x > 0)
            return x.clamp(min=0)

        @staticmethod
        def backward(ctx, g):
            return g.clamp(min=0) * ctx.saved_tensors[0]

    class Functions:
        relu = staticmethod(lambda x, inplace=False: GuidedRelu.apply(x))
        max_pool2d = staticmethod(torch.nn.functional.max_pool2d)

    class Layers:
        Module, Conv2d, BatchNorm2d, Linear = (
            torch.nn.Module, torch.nn.Conv2d, torch.nn.BatchNorm2d, torch.nn.Linear,
        )  # fmt: skip

        class ReLU(torch.nn.Module):
            def __init__(self, inplace):
                super().__init__()

            def forward(self, x):
                return GuidedRelu.apply(x)

    guided = made(Layers, Functions)().eval()
    guided.load_state_dict(twin.state_dict())
    expected = torch_gradient(guided, images(), [0, 2, 1])
    plain = torch_gradient(twin, images(), [0, 2, 1])
    found = guided_backprop(net, images(), [0, 2, 1])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert abs(found - plain).max() > 0.1 * abs(plain).max()


SPELLINGS = {
    "method": lambda x: x.relu(),
    "function": F.relu,
    "in place": lambda x: (x * 1).relu_(),
    "module": nn.ReLU(inplace=False),
    "relu6": F.relu6,
    "clamp": lambda x: x.clamp(min=0),
    "clamp in place": lambda x: (x * 1).clamp_(min=0),
    "maximum of a number": lambda x: np.maximum(x, 0),
    "maximum of a tensor": lambda x: ops.maximum(x, ac.tensor(0.0)),
    "threshold": lambda x: F.threshold(x, 0.0, 0.0),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_rectifier_is_known_in_any_spelling(spelling):
    """(N, 3), the gradient behind is (1, -1, 1); the input positive, positive, negative."""

    def model(x):
        return SPELLINGS[spelling](x) @ ac.tensor([[1.0], [-1.0], [1.0]])

    x = ac.tensor([[2.0, 3.0, -1.0]])
    assert guided_backprop(model, x, 0).tolist() == [[1.0, 0.0, 0.0]]
    assert input_gradient(model, x, 0).tolist() == [[1.0, -1.0, 0.0]]


@pytest.mark.parametrize(
    "other", [lambda x: x.clamp(min=-1), F.leaky_relu, ops.tanh, lambda x: np.maximum(x, 0.5)]
)
def test_other_ops_are_no_rectifiers(other):
    def model(x):
        return other(x) @ ac.tensor([[-1.0], [-1.0], [-1.0]])

    x = ac.tensor([[2.0, 3.0, -0.5]])
    assert guided_backprop(model, x, 0).tolist() == input_gradient(model, x, 0).tolist()


def test_integrated_gradients_are_complete(net):
    found = integrated_gradients(net, images(), baseline=images(1)[0] * 0.1)
    assert max(found.gaps) <= 1e-3
    net.eval()
    rise = (
        net(ac.tensor(images())).max(1).values
        - net(ac.tensor(images(1) * 0.1)).array[0, net(ac.tensor(images())).argmax(1).array]
    )
    np.testing.assert_allclose(found.differences, rise.array, rtol=1e-4)
    np.testing.assert_allclose(found.values.sum((1, 2, 3)), found.sums)
    assert str(found).startswith("Do the shares add up to the score? Within ")


def test_integrated_gradients_of_a_square_are_known():
    """f = sum of x^2 / 2: the share of a pixel is (x^2 - b^2) / 2."""
    x = ac.tensor([[1.0, -2.0, 3.0]])
    found = integrated_gradients(lambda x: (x * x).sum(1) / 2, x, lambda z: z, baseline=[0.5, 0.0, 1.0])
    np.testing.assert_allclose(found.values, [[0.375, 2.0, 4.0]], rtol=1e-6)


def test_integrated_gradients_say_when_they_are_not_complete():
    net = models.LeNet5()
    x = ac.rand(1, 1, 32, 32) * 50
    with pytest.raises(
        GraphError, match=r"after 1 gradients the shares of image 0 sum to .*allow more with most="
    ):
        integrated_gradients(net, x, steps=1, most=1)


def test_smooth_grad_is_the_mean_over_noise():
    net = nn.Sequential(nn.Flatten(), nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 2))
    x = ac.rand(2, 2, 2, 2)
    np.testing.assert_allclose(smooth_grad(net, x, noise=0.0), input_gradient(net, x), rtol=1e-5)
    one = smooth_grad(net, x, 1, samples=40, batch=7)
    assert (one == smooth_grad(net, x, 1, samples=40, batch=7)).all()
    assert abs(one - smooth_grad(net, x, 1, samples=40, seed=1)).max() > 0
    assert abs(one - input_gradient(net, x, 1)).max() < 0.3 * abs(one).max()


def test_occlusion_by_brute_force(net):
    x = images(1)
    found = occlusion(net, x, 1, window=5, stride=4, fill=0.5)
    net.eval()
    clean = net(ac.tensor(x)).array[0, 1]
    falls, times = np.zeros((12, 12)), np.zeros((12, 12))
    for top in (0, 4, 7):
        for left in (0, 4, 7):
            hidden = x.copy()
            hidden[:, :, top : top + 5, left : left + 5] = 0.5
            falls[top : top + 5, left : left + 5] += clean - net(ac.tensor(hidden)).array[0, 1]
            times[top : top + 5, left : left + 5] += 1
    np.testing.assert_allclose(found[0], falls / times, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("target", [np.int64(1), np.array([1, 1, 1]), ac.tensor([1, 1, 1]), [np.int32(1)] * 3, -2])
def test_a_class_in_any_spelling(net, target):
    assert (saliency(net, images(), target) == saliency(net, images(), 1)).all()


def test_images_of_numpy_take_the_dtype_of_the_model(net):
    """NumPy's own numbers are float64; a tensor is what somebody chose."""
    many = images().astype(np.float64)
    assert (saliency(net, many) == saliency(net, images())).all()
    assert (grad_cam(net, many, "layer1") == grad_cam(net, images(), "layer1")).all()
    assert (feature_maps(net, many, ["stem"])["stem"] == feature_maps(net, images(), ["stem"])["stem"]).all()
    assert saliency(net.double(), images()).dtype == np.float64
    assert maximise(net, "layer1", 0, (2, 12, 12), steps=2).images.dtype == np.float64
    with pytest.raises(DTypeError, match="x is float32"):
        saliency(net, ac.tensor(images()))


def test_the_model_stays_as_it_is(net):
    before = {name: value.array.copy() for name, value in net.state_dict().items()}
    net.train()
    net.layer1.eval()
    x = images()
    for study in (saliency, guided_backprop, smooth_grad, integrated_gradients, occlusion):
        study(net, x, **({"samples": 2} if study is smooth_grad else {}))
    assert (x == images()).all()
    assert net.training
    assert not net.layer1.training
    assert net.layer2.training
    assert all((value.array == before[name]).all() for name, value in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())


def test_frozen_weights_and_no_grad_do_not_matter(net):
    expected = grad_cam(net, images(), "layer2")
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    with ac.no_grad():
        assert (grad_cam(net, images(), "layer2") == expected).all()


MISTAKES = [
    (lambda net: saliency(net, np.zeros((1, 2, 12, 12), int)), OperandError, "x is int64 (1, 2, 12, 12); a batch"),
    (lambda net: saliency(net, images(), 3), ArgumentError, "target is 3; a class below 3, or one for each of 3"),
    (lambda net: saliency(net, images(), [1]), ArgumentError, "target is [1]; a class below 3"),
    (lambda net: saliency(net, images(), "cat"), ArgumentError, "target is 'cat'; a class below 3, or one"),
    (lambda net: saliency(net, images(), 1.0), ArgumentError, "target is 1.0; a class below 3, or one"),
    (lambda net: saliency(net, images(0)), OperandError, "x has shape (0, 2, 12, 12); there is no image in it"),
    (lambda net: grad_cam(net, images(), ""), ArgumentError, """layer: '' is no path; such as "layer1" or"""),
    (lambda net: grad_cam(net, images(), net.layer1), ArgumentError, "layer: a Block is no path; such as"),
    (
        lambda net: integrated_gradients(net, images(), baseline=float("nan")), NonFiniteError,
        "that of its baseline nan; both are finite",
    ),
    (lambda net: saliency(net.features, images()), ShapeError, "outputs have shape (3, 6, 3, 3), not (N"),
    (lambda net: saliency(lambda x: {"a": net(x)}, images()), ShapeError, "outputs are a dict, not (N, classes)"),
    (lambda net: saliency(net, images(), lambda z: z), ShapeError, "target gave (3, 3); a score for each of 3"),
    (lambda net: grad_cam(net, images(), "layer3"), ArgumentError, "nothing ran in a module 'layer3'; there"),
    (lambda net: grad_cam(net, images(), "fc"), ArgumentError, "fc makes (3, 3); maps (N, C, h, w) are needed"),
    (lambda net: occlusion(net, images(), window=13), ArgumentError, "window is 13 for images (3, 2, 12, 12)"),
    (lambda net: occlusion(net, images(), stride=0), ArgumentError, "stride is 0; it is at least 1"),
    (lambda net: smooth_grad(net, images(), samples=0), ArgumentError, "samples and noise are 0 and 0.15"),
    (lambda net: integrated_gradients(net, images(), baseline=[1.0, 2.0]), ShapeError, "baseline has shape (2,)"),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "kind", "said"), MISTAKES, ids=[said[:20] for _, _, said in MISTAKES])
def test_mistakes_are_said(net, mistake, kind, said):
    with pytest.raises(kind) as caught:
        mistake(net)
    assert said in str(caught.value)
