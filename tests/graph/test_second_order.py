"""Graphs of the second order: the backward pass of a number made of the gradients."""

from __future__ import annotations

import numpy as np
import pytest

import autocnn as ac
from autocnn import nn, ops
from autocnn.engine import Tensor
from autocnn.errors import GraphError
from autocnn.graph import listing, replay, trace, transform


def tensor(*shape: int, seed: int = 0) -> Tensor:
    return Tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


W = tensor(3, 3, seed=1).requires_grad_()
V = tensor(3, 3, seed=2).requires_grad_()
NAMES = {"W": W, "V": V}


def residual(x: Tensor) -> Tensor:
    return x + ac.tanh(x @ W) @ V


def tied(x: Tensor) -> Tensor:
    return ac.sigmoid(ac.tanh(x @ W) @ W)


def several(x: Tensor) -> tuple[Tensor, Tensor]:
    a, b = ac.split(ac.tanh(x @ W), [1, 2], dim=0)
    return a * a, b @ V


def test_listing_of_the_second_order():
    graph = trace(lambda x: ac.tanh(x @ W), tensor(2, 3), order=2, parameters=NAMES).check()
    assert listing(graph).splitlines() == [
        '%0: f32[2,3] = input "x"',
        '%1: f32[3,3] = parameter "W"',
        "%2: f32[2,3] = matmul(%0, %1)",
        "%3: f32[2,3] = tanh(%2)",
        '%4: f32[2,3] = constant "seed"  # backward',
        "%5: f32[2,3] = tanh_backward(%4, %3)  # backward of %3",
        "%6: f32[3,2] = permute(%0, dims=(1, 0))  # backward of %2",
        "%7: f32[3,3] = matmul(%6, %5)  # backward of %2",
        "%8: f32[3,3] = mul(%7, %7)  # backward",
        "%9: f32[] = sum(%8, axes=(0, 1))  # backward",
        '%10: f32[] = constant "seed"  # second order',
        "%11: f32[3,3] = spread(%10, axes=(0, 1), shape=(3, 3))  # second order of %9",
        "%12: f32[3,3] = mul(%11, %7)  # second order of %8",
        "%13: f32[3,3] = mul(%11, %7)  # second order of %8",
        "%14: f32[3,3] = add(%12, %13)  # second order of %7",
        "%15: f32[2,3] = permute(%6, dims=(1, 0))  # second order of %7",
        "%16: f32[2,3] = matmul(%15, %14)  # second order of %7",
        "%17: f32[2,3] = mul(%16, %4)  # second order of %5",
        "%19: f32[2,3] = mul(%3, -2.0)  # second order of %5",
        "%20: f32[2,3] = mul(%17, %19)  # second order of %5",
        "%21: f32[2,3] = tanh_backward(%20, %3)  # second order of %3",
        "%22: f32[3,2] = permute(%0, dims=(1, 0))  # second order of %2",
        "%23: f32[3,3] = matmul(%22, %21)  # second order of %2",
        "%24: f32[2,3] = output(%3)",
        '%25: f32[3,3] = output(%7) "grad W"  # backward of %1',
        '%26: f32[] = output(%9) "penalty"  # backward',
        '%27: f32[3,3] = output(%23) "second grad W"  # second order of %1',
    ]
    twins = [graph.forward_twin(i) for i in (3, 5, 8, 9, 16, 17, 21, 27)]
    assert twins == [3, 3, None, None, 2, 3, 3, 1]


@pytest.mark.parametrize("function", [residual, tied, several])
@pytest.mark.parametrize("given", [False, True])
def test_replay_equals_two_calls_of_grad(function, given):
    x = tensor(3, 3).requires_grad_()
    direction = tensor(3, 3, seed=9)

    def penalty(gradients):
        return (gradients["W"] * direction).sum() + gradients["x"].mean()

    graph = trace(function, x, order=2, parameters=NAMES, penalty=penalty if given else None).check()
    result = function(x)
    outputs = list(result) if isinstance(result, tuple) else [result]
    leaves = {name: leaf for name, leaf in (("x", x), ("W", W), ("V", V)) if function is not tied or name != "V"}
    ones = [ac.ones_like(y.detach()) for y in outputs]
    first = dict(
        zip(leaves, ac.autograd.grad(outputs, list(leaves.values()), ones, create_graph=True), strict=True)
    )
    value = penalty(first) if given else sum((g * g).sum() for g in first.values())
    second = ac.autograd.grad(value, list(leaves.values()), allow_unused=True)
    names = [graph.vertices[i].name for i in graph.outputs]
    assert names == [
        *[None] * len(outputs),
        *(f"grad {name}" for name in leaves),
        "penalty",
        *(f"second grad {name}" for name, g in zip(leaves, second, strict=True) if g is not None),
    ]
    expected = [*outputs, *first.values(), value, *(g for g in second if g is not None)]
    for array, right in zip(replay(graph, [x]), expected, strict=True):
        np.testing.assert_allclose(array, right.detach().numpy(), rtol=1e-5, atol=1e-5)


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.head = nn.Linear(12, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = ops.max_pool2d(ops.relu(self.norm(self.conv(x))), 2)
        return self.head(ops.flatten(x, 1))


def test_a_network_in_training():
    network, x = Network(), tensor(2, 1, 4, 4)
    target = ac.tensor([0, 1])
    graph = trace(network, x, order=2, loss=lambda z: ops.cross_entropy(z, target)).check()
    phases = {v.phase for v in graph.vertices if v.kind == "op"}
    assert phases == {"forward", "backward", "second"}
    for vertex in graph.vertices:
        if vertex.phase == "second" and vertex.kind == "op":
            assert vertex.twin is not None
            assert vertex.twin < vertex.id
    value = ops.cross_entropy(network(x), target)
    names, leaves = zip(*network.named_parameters(), strict=True)
    first = ac.autograd.grad(value, leaves, create_graph=True)
    second = ac.autograd.grad(sum((g * g).sum() for g in first), leaves, allow_unused=True)
    again = dict(zip([graph.vertices[i].name for i in graph.outputs], replay(graph, [x]), strict=True))
    for name, g, h in zip(names, first, second, strict=True):
        np.testing.assert_allclose(again[f"grad {name}"], g.detach().numpy(), rtol=1e-4, atol=1e-5)
        if h is not None:
            np.testing.assert_allclose(again[f"second grad {name}"], h.numpy(), rtol=1e-4, atol=1e-4)


def test_each_pass_alone():
    graph = trace(residual, tensor(3, 3), order=2, parameters=NAMES)
    assert {v.phase for v in transform.backward(graph).check().vertices if v.kind == "op"} == {"backward"}
    alone = transform.second(graph).check()
    assert {v.phase for v in alone.vertices if v.kind == "op"} == {"second"}
    assert [alone.vertices[i].name for i in alone.outputs] == ["second grad W", "second grad V"]
    assert transform.forward(graph) == trace(residual, tensor(3, 3), parameters=NAMES)


def test_refusals():
    with pytest.raises(GraphError, match="trace: the penalty on the gradients depends on nothing that requires"):
        trace(lambda x: x @ W, tensor(3, 3), order=2, parameters=NAMES)
    with pytest.raises(
        GraphError, match=r"trace: two tensors are named 'x'; order=2 tells gradients by name. Rename"
    ):
        trace(residual, tensor(3, 3).requires_grad_(), order=2, parameters={"x": W, "V": V})
    with pytest.raises(GraphError, match="trace: the penalty on the gradients depends on nothing"):
        trace(residual, tensor(3, 3), order=2, parameters=NAMES, penalty=lambda gradients: 1.0)
    with pytest.raises(GraphError, match="trace: order is 1; a penalty on the gradients needs order=2"):
        trace(residual, tensor(3, 3), order=1, parameters=NAMES, penalty=lambda gradients: gradients["W"].sum())
