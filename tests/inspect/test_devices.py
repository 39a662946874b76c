"""Every study of a network on a device that refuses to be mistaken for the CPU: the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn import inspect, models
from autocnn.backend.arrays import to_numpy
from autocnn.testing import standin  # noqa: F401  (its import makes the device known)


def errors(found):
    return np.array([layer.error for layer in found.layers])


STUDIES = {
    "filters": lambda net, x: inspect.filters(net),
    "feature_maps": lambda net, x: inspect.feature_maps(net, x, ["layer2"])["layer2"],
    "saliency": inspect.saliency,
    "smooth_grad": lambda net, x: inspect.smooth_grad(net, x, samples=1, noise=0.0),
    "guided_backprop": inspect.guided_backprop,
    "grad_cam": lambda net, x: inspect.grad_cam(net, x, "layer2"),
    "integrated_gradients": lambda net, x: inspect.integrated_gradients(net, x, tolerance=0.5).values,
    "occlusion": lambda net, x: inspect.occlusion(net, x, window=8),
    "nearest_patches": lambda net, x: inspect.nearest_patches(net, x, "layer1", 2).patches,
    "maximise": lambda net, x: inspect.maximise(net, "fc", 1, (1, 16, 16), steps=1).images,
    "convolution_steps_of": lambda net, x: inspect.convolution_steps_of(net, x[:1], "layer2.0.conv1", 1).dw,
    "equivariance": lambda net, x: errors(inspect.equivariance(net, inspect.shift(1), x)),
}  # fmt: skip


@pytest.mark.parametrize("name", STUDIES)
def test_the_same_on_another_device(name):
    net, x = models.CifarResNet(8, in_channels=1), ac.rand(2, 1, 16, 16)
    here = STUDIES[name](net, x)
    there = STUDIES[name](net.to("standin"), x.to("standin"))
    if not isinstance(there, np.ndarray):
        there = to_numpy(there)
    np.testing.assert_allclose(there, here, rtol=1e-3, atol=1e-4)
