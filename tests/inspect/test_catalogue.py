"""Why this class, of networks of the catalogue: beside PyTorch, with its autograd and hooks, and by plain sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autocnn.inspect import grad_cam, input_gradient, integrated_gradients, saliency

from ..models.catalogue import made

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("thin")]
torch = pytest.importorskip("torch")

NETS = {  # the side of images, and a layer with maps
    "lenet5": (32, "c3"),
    "resnet20": (16, "layer2"),
    "preresnet20 B": (16, "layer3"),
    "resnet50": (40, "layer4"),
    "wrn16_4": (16, "layer1"),
    "vgg11_bn": (32, "features.22"),  # a convolution; two further on the ReLU writes in place
    "googlenet": (64, "inception4e"),
    "squeezenet1_1": (64, "features.12"),
}


@pytest.fixture(params=NETS)
def pair(request: pytest.FixtureRequest) -> Any:
    """Our network and PyTorch's with the same weights, in eval mode, images, and the layer."""
    from ..models.twins import THIN, beside, fill

    side, layer = NETS[request.param]
    net = made(request.param, num_classes=5).eval()
    fill(net)
    x = np.random.default_rng(3).normal(size=(3, net.in_channels, side, side)).astype(np.float32)
    return net, beside(request.param, net, THIN, 5), x, layer


def test_saliency(pair: Any) -> None:
    net, twin, x, _ = pair
    pixels = torch.from_numpy(x).requires_grad_()
    scores = twin(pixels)
    (right,) = torch.autograd.grad(scores.gather(1, scores.argmax(1, keepdim=True)).sum(), pixels)
    near(input_gradient(net, x), right.numpy())
    near(saliency(net, x), right.abs().amax(1).numpy())


def test_grad_cam(pair: Any) -> None:
    """PyTorch's hook hands out a copy of what the layer makes, before anything writes to it."""
    net, twin, x, layer = pair
    kept: list[Any] = []

    def keep(module: Any, args: Any, made: Any) -> Any:
        made.retain_grad()
        kept.append(made)
        return made.clone()

    twin.get_submodule(layer).register_forward_hook(keep)
    scores = twin(torch.from_numpy(x))
    scores[torch.arange(3), torch.tensor([1, 4, 0])].sum().backward()
    (maps,) = kept
    right = torch.einsum("nchw,nc->nhw", maps, maps.grad.mean((2, 3))).relu().detach().numpy()
    near(grad_cam(net, x, layer, [1, 4, 0]), right)
    assert right.max() > 0


@pytest.mark.parametrize("pair", ["lenet5", "resnet20", "preresnet20 B", "resnet50", "vgg11_bn"], indirect=True)
def test_integrated_gradients(pair: Any) -> None:
    """Complete to 1e-3; the shares are those of the plain sum over a thousand points of the line."""
    net, twin, x, _ = pair
    with torch.no_grad():
        ends = twin(torch.from_numpy(np.stack([x[0], 0 * x[0]])))
    best = int((ends[0] - ends[1]).abs().argmax())
    rise = float(ends[0, best] - ends[1, best])
    found = integrated_gradients(net, x[:1], best)
    assert max(found.gaps) <= 1e-3
    assert found.differences[0] == pytest.approx(rise, rel=1e-3, abs=1e-4)
    assert found.values.sum() == pytest.approx(rise, rel=2e-3, abs=1e-4)
    places = (torch.arange(1000) + 0.5) / 1000
    total = np.zeros(x[0].shape)
    for some in places.split(100):
        line = (some[:, None, None, None] * torch.from_numpy(x[:1])).requires_grad_()
        (g,) = torch.autograd.grad(twin(line)[:, best].sum(), line)
        total += g.sum(0).numpy()
    right = x[0] * total / 1000
    assert np.linalg.norm(found.values[0] - right) < 0.1 * np.linalg.norm(right)


def near(found: Any, right: Any) -> None:
    assert found.shape == right.shape
    assert np.linalg.norm(found - right) <= 1e-3 * np.linalg.norm(right)
