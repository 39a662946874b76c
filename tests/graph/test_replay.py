"""Graphs of every model and of many functions, replayed: to the bits of training, the second order to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn
from autocnn.backend.random import manual_seed
from autocnn.engine import Tensor, grad
from autocnn.graph import diff, from_json, replay, to_json, trace, transform
from tests.graph.test_witness import FUNCTIONS, NAMES


def image(*shape: int) -> Tensor:
    return ac.tensor(np.random.default_rng(7).normal(size=shape).astype(np.float32))


def loss(scores: Tensor) -> Tensor:
    scores = scores.mean((2, 3)) if scores.ndim == 4 else scores  # those of a grid
    return nn.functional.cross_entropy(scores, ac.arange(scores.shape[0]))


def results(outputs: Any) -> list[Tensor]:
    return list(outputs) if isinstance(outputs, tuple | list) else [outputs]


def same_bits(found: Any, expected: Any) -> None:
    for array, right in zip(found, expected, strict=True):
        right = right.detach().numpy()
        assert (array.shape, array.dtype) == (right.shape, right.dtype)
        assert np.array_equal(array, right)


@pytest.mark.usefixtures("thin")
@pytest.mark.parametrize("name", models.names())
@pytest.mark.parametrize("training", [True, False])
def test_models_to_the_bits_of_training(name, training):
    network = models.get(name)(num_classes=10).train(training)
    x = image(2, network.in_channels, *[min(network.side, 67)] * 2)
    state = {key: value.clone() for key, value in network.state_dict().items()}
    manual_seed(1)
    graph = trace(network, x, order=1, loss=loss).check()
    network.load_state_dict(state)
    manual_seed(1)
    scores = network(x)
    root = loss(scores)
    root.backward()
    gradients = {f"grad {key}": p.grad for key, p in network.named_parameters()}
    names = [graph.vertices[i].name for i in graph.outputs]
    assert set(names[2:]) == set(gradients)
    for again in (graph, from_json(to_json(graph))):
        same_bits(replay(again, [x], graph.values), [scores, root, *(gradients[key] for key in names[2:])])


@pytest.mark.usefixtures("thin")
@pytest.mark.parametrize("name", ["lenet5", "residual", "resnet20", "resnet50", "vgg11_bn"])
def test_models_of_the_second_order_to_rounding(name):
    network = models.get(name)(num_classes=10).double().eval()
    x = image(2, network.in_channels, *[min(network.side, 67)] * 2).double()
    manual_seed(1)
    graph = trace(network, x, order=2, loss=loss).check()
    manual_seed(1)
    scores = network(x)
    root = loss(scores)
    parameters = dict(network.named_parameters())
    first = grad(root, list(parameters.values()), create_graph=True)
    penalty = sum((g * g).sum() for g in first)
    second = grad(penalty, list(parameters.values()), allow_unused=True)
    expected = {None: scores, "loss": root, "penalty": penalty}
    expected |= {f"grad {key}": g for key, g in zip(parameters, first, strict=True)}
    expected |= {f"second grad {key}": g for key, g in zip(parameters, second, strict=True) if g is not None}
    names = [graph.vertices[i].name for i in graph.outputs]
    assert set(names) == set(expected)
    for key, array in zip(names, replay(graph, [x]), strict=True):
        right = expected[key].detach().numpy()
        np.testing.assert_allclose(array, right, rtol=1e-9, atol=1e-12 * max(1, abs(right).max()), err_msg=key)


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_functions(function, order):
    x = image(3, 3).requires_grad_()
    manual_seed(0)
    graph = trace(function, x, order=order, parameters=NAMES).check()
    manual_seed(0)
    outputs = results(function(x))
    found = replay(graph, [x])
    same_bits(found[: len(outputs)], outputs)
    leaves = {"x": x, **NAMES}
    roots = [z for z in outputs if z.requires_grad]
    if order == 1:
        seeds = [ac.ones_like(z.detach()) for z in roots]
        gradients = dict(zip(leaves, grad(roots, list(leaves.values()), seeds, allow_unused=True), strict=True))
        names = [graph.vertices[i].name.removeprefix("grad ") for i in graph.outputs[len(outputs) :]]
        assert set(names) == {name for name, g in gradients.items() if g is not None}
        same_bits(found[len(outputs) :], [gradients[name] for name in names])
    if order == 2:
        again = replay(from_json(to_json(graph)), [x], graph.values)
        assert all(np.array_equal(a, b) for a, b in zip(again, found, strict=True))


def test_another_input_gives_what_the_network_gives():
    network = models.resnet20().eval()
    graph = trace(network, image(2, 3, 32, 32))
    other = image(2, 3, 32, 32) * 3 + 1
    same_bits(replay(graph, [other]), [network(other)])


@pytest.mark.usefixtures("thin")
@pytest.mark.parametrize("name", ["lenet5", "resnet20", "resnet18", "vgg11_bn"])
def test_the_forward_pass_of_a_step_is_the_forward_pass(name):
    network = models.get(name)(num_classes=10)
    x = image(2, network.in_channels, *[min(network.side, 67)] * 2).requires_grad_()
    manual_seed(3)
    alone = trace(network, x)
    manual_seed(3)
    assert not diff(transform.forward(trace(network, x, order=1)), alone)
