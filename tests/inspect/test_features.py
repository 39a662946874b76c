"""Filters, maps, maximised images and patches: against values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn
from autocnn.errors import ArgumentError
from autocnn.inspect import feature_maps, filters, maximise, nearest_patches
from autocnn.nn import functional as F

from .nets import made


def test_filters_are_a_copy_of_the_weights():
    net = models.resnet20()
    found = filters(net)
    assert (found == net.conv1.weight.array).all()
    found[:] = 0
    assert net.conv1.weight.array.any()
    assert filters(net, "layer2/0/conv1").shape == (32, 16, 3, 3)
    with pytest.raises(ArgumentError, match=r"filters: no convolution in 'fc'; there is conv1, layer1\.0\.conv1"):
        filters(net, "fc")


def test_maps_are_what_left_the_layer_not_what_was_written_over_it():
    """A hook on the convolution would hand out memory that relu_ has changed since."""
    net = made(nn, F)().eval()
    x = ac.randn(2, 2, 12, 12)
    found = feature_maps(net, x)
    stem = net.stem(x).array
    assert stem.min() < 0
    np.testing.assert_allclose(found["stem"], stem, rtol=1e-5, atol=1e-6)
    pooled = F.max_pool2d(net.stem(x).relu(), 2)
    block = net.layer1
    inner = block.conv2(block.bn1(block.conv1(pooled)).relu())
    np.testing.assert_allclose(found["layer1.conv2"], inner.array, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["layer1"], (inner + pooled).array, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["layer1.relu#2"], (inner + pooled).relu().array, rtol=1e-4, atol=1e-5)
    assert (found["layer1.relu#1"] >= 0).all()
    one = feature_maps(net, x, ["layer1", "layer1.relu#2", "layer1/relu", "layer1.relu#1"])
    assert list(one) == ["layer1", "layer1.relu#2", "layer1/relu", "layer1.relu#1"]
    assert (one["layer1"] == one["layer1.relu#2"]).all()  # what leaves a module is its last op
    assert (one["layer1"] == one["layer1/relu"]).all()
    assert not (one["layer1.relu#1"] == one["layer1"]).all()


def test_the_network_of_a_function():
    def net(x):
        with ac.scope("first"):
            x = x * 2
        with ac.scope("second"):
            return x + 1

    assert {k: v.tolist() for k, v in feature_maps(net, [[1.0]]).items()} == {"first": [[2.0]], "second": [[3.0]]}
    with pytest.raises(ArgumentError, match="nothing ran in a module 'third'; there is first"):
        feature_maps(net, [[1.0]], ["third"])


def test_maximise_climbs_along_the_weights_of_a_linear_unit():
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    found = maximise(net, "1", 1, (1, 4, 4), steps=200, jitter=0, blur=0, starts=2)
    w = net[1].weight.array[1]
    for image in found.images:
        cosine = float(image.ravel() @ w / np.linalg.norm(image) / np.linalg.norm(w))
        assert cosine > 0.99
    assert found.activations.shape == (2, 201)
    assert (np.diff(found.activations[:, :50]) > 0).all()


def test_maximise_a_channel_or_one_position():
    net = made(nn, F)()
    whole = maximise(net, "layer2.conv2", 2, (2, 12, 12), steps=20)
    assert whole.activations[0, -1] > whole.activations[0, 0]
    last = feature_maps(net, whole.images, ["layer2.conv2"])["layer2.conv2"]
    np.testing.assert_allclose(whole.activations[0, -1], last[0, 2].mean(), rtol=1e-4)
    one = maximise(net, "stem", 0, (2, 12, 12), position=(3, 4), steps=1, jitter=0, blur=0, decay=0.0)
    before = maximise(net, "stem", 0, (2, 12, 12), position=(3, 4), steps=0).images
    moved = np.argwhere(abs(one.images - before)[0].sum(0) > 1e-6)
    assert moved.min(0).tolist() == [2, 3]
    assert moved.max(0).tolist() == [4, 5]
    with pytest.raises(ArgumentError, match=r"unit: 9 of layer2, which makes \(1, 6, 3, 3\); a channel is needed"):
        maximise(net, "layer2", 9, (2, 12, 12))


def test_nearest_patches_by_brute_force():
    conv = nn.Conv2d(1, 2, 3, stride=2, padding=1)
    images = np.random.default_rng(0).normal(size=(7, 1, 9, 9)).astype(np.float32)
    found = nearest_patches(nn.Sequential(conv, nn.ReLU()), images, "0", 1, count=3, batch=2)
    maps = conv(ac.tensor(images)).array[:, 1]
    order = np.argsort(-maps.max((1, 2)))[:3]
    assert found.images == tuple(order)
    np.testing.assert_allclose(found.activations, maps.max((1, 2))[order], rtol=1e-5)
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    for patch, image, box, height in zip(found.patches, found.images, found.boxes, found.activations, strict=True):
        i, j = np.unravel_index(maps[image].argmax(), maps[image].shape)
        assert box == (2 * i - 1, 2 * j - 1, 2 * i + 2, 2 * j + 2)
        assert (patch == padded[image, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]).all()
        own = float((patch * conv.weight.array[1]).sum() + conv.bias.array[1])
        assert own == pytest.approx(height, rel=1e-4)


def test_patches_of_a_dense_unit_are_whole_images():
    net = models.LeNet5()
    images = ac.rand(5, 1, 32, 32)
    found = nearest_patches(net, images, "output", 3, count=9)
    assert len(found.images) == 5
    assert found.boxes[0] == (0, 0, 32, 32)
    assert (found.patches[0] == images.array[found.images[0]]).all()
    with pytest.raises(ArgumentError, match="unit: 12 of output"):
        nearest_patches(net, images, "output", 12)
