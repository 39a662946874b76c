"""A kept forward pass, and what can be carried back over it."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn
from autocnn.errors import ArgumentError, GraphError, ShapeError
from autocnn.flow.cotangents import Coefficients, Exact, Rescaled, Scaled, scaled
from autocnn.flow.run import Run, run
from autocnn.nn import functional as F


def resnet(training: bool = True) -> tuple[nn.Module, ac.Tensor, ac.Tensor]:
    ac.manual_seed(0)
    net = models.resnet20(num_classes=4).train(training)
    return net, ac.randn(4, 3, 16, 16), ac.arange(4)


def wide(r: Run) -> dict[int, np.ndarray]:
    """The oracle: a sweep in float64, by the definitions, on the saved float32 activations."""
    found: dict[int, np.ndarray] = {}
    r.sweep(Exact(dtype="float64", seen=lambda node, g: found.update({r.vertex_of(node): g})))
    return found


@pytest.mark.parametrize("training", [True, False])
def test_the_gradients_are_those_of_training(training: bool) -> None:
    net, x, y = resnet(training)
    r = run(net, x, y)
    found = r.gradients(r.parameters().values())
    images = x.detach().requires_grad_()
    F.cross_entropy(net(images), y).backward()
    for name, p in net.named_parameters():
        np.testing.assert_allclose(found[r.parameters()[name]], p.grad.numpy(), rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(r.gradients([r.input])[r.input], images.grad.numpy(), rtol=1e-3, atol=1e-7)


def test_a_run_leaves_the_model_and_its_randomness_alone() -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2))
    before = {name: b.numpy().copy() for name, b in net.named_buffers()}
    ac.manual_seed(3)
    run(net, ac.ones(6, 4), ac.tensor([0, 1] * 3))
    drawn = ac.rand(3).tolist()
    for name, b in net.named_buffers():
        np.testing.assert_array_equal(b.numpy(), before[name], err_msg=name)
    ac.manual_seed(3)
    _ = ac.ones(6, 4)
    assert ac.rand(3).tolist() == drawn
    assert all(p.grad is None for p in net.parameters())


def test_hooks_do_not_run_in_a_study() -> None:
    net, x, y = resnet()
    called: list[str] = []
    net.conv1.weight.register_hook(lambda g: called.append("hook"))
    r = run(net, x, y)
    r.gradients([r.parameters()["conv1.weight"]])
    r.gradients()
    assert called == []


def test_rescaled_gradients_equal_a_float64_sweep_on_the_same_activations() -> None:
    net, x, y = resnet()
    r = run(net, x, y)
    rescaled, oracle = r.scaled_gradients(), wide(r)
    assert set(oracle) == set(rescaled)
    for vertex, g in rescaled.items():
        largest = abs(oracle[vertex]).max()
        np.testing.assert_allclose(g.wide(), oracle[vertex], rtol=0, atol=1e-5 * largest)


def test_rescaled_gradients_do_not_underflow() -> None:
    ac.manual_seed(0)
    net = models.plain(160, width=4)
    r = run(net, ac.randn(4, 1, 8, 8), ac.arange(4))
    stem = r.vertex("stem")
    exact, rescaled, oracle = r.gradients([stem])[stem], r.scaled_gradients([stem])[stem], wide(r)[stem]
    assert 0 < abs(oracle).max() < 1e-38  # below float32's normal numbers
    np.testing.assert_allclose(rescaled.wide(), oracle, rtol=0, atol=1e-5 * abs(oracle).max())
    assert not np.allclose(exact, oracle, rtol=0, atol=1e-5 * abs(oracle).max())
    assert rescaled.log2_rms() == pytest.approx(math.log2(np.sqrt((oracle**2 * 1e80).mean())) - 40 * math.log2(10))


def test_several_outputs_are_rescaled_together() -> None:
    x = ac.randn(4, 6)

    def net(x: ac.Tensor) -> ac.Tensor:
        a, b, c = (x * 3.0).split(2, dim=1)
        return a * 1e-25 + b * 1e20 + a * c

    r = run(net, x, ac.tensor([0, 1, 0, 1]))
    g, oracle = r.scaled_gradients([r.input])[r.input], wide(r)[r.input]
    np.testing.assert_allclose(g.wide(), oracle, rtol=0, atol=1e-5 * abs(oracle).max())


def test_lost_elements_are_counted() -> None:
    spread = scaled(np.array([2.0**60, 2.0**-70, 2.0**-130, 0.0], "float32"))
    assert (spread.exponent, spread.lost) == (44, 0)  # 2^-130 was below the normal numbers before
    wider = scaled(np.array([2.0**100, 2.0**-100, 1.0], "float32"))
    assert (wider.exponent, wider.lost) == (84, 1)
    g = Rescaled().join(wider, scaled(np.array([2.0**-100, 1.0, 1.0], "float32")), None)
    assert g.lost == 2


def test_scaled_measures_what_no_float_can_hold() -> None:
    g = Scaled(np.array([0.5, -0.5], "float32"), exponent=-5000)
    assert g.log2_rms() == -5001
    assert g.rms() == 0.0
    assert scaled(np.zeros(3, "float32")).log2_rms() == -math.inf
    assert scaled(np.array([np.nan, 1.0], "float32")).exponent == 0


def test_factors_cut_and_turn() -> None:
    net, x, y = resnet(training=False)
    r = run(net, x, y)
    join = r.graph.in_edges(r.vertex("layer1/0"))[0].source
    assert r.graph.vertices[join].op == "add"
    node, stem = r.node(join), r.vertex("bn1")
    parts = []
    for edges in ({}, {(node.serial, 0): 0.0}, {(node.serial, 1): 0.0}):
        kept: dict[int, np.ndarray] = {}
        r.sweep(Exact(edges=edges, seen=lambda n, g, kept=kept: kept.update({r.vertex_of(n): g})), [stem])
        parts.append(kept[stem])
    np.testing.assert_allclose(parts[0], parts[1] + parts[2], atol=1e-6 * abs(parts[0]).max())
    assert abs(parts[1]).max() > 0
    assert abs(parts[2]).max() > 0
    turned: dict[int, np.ndarray] = {}
    r.sweep(Exact(vertices={node.serial: -1.0}, seen=lambda n, g: turned.update({r.vertex_of(n): g})), [stem])
    np.testing.assert_array_equal(turned[stem], -parts[0])


def test_coefficients_keep_apart_what_one_sweep_adds() -> None:
    net, x, y = resnet(training=False)
    r = run(net, x, y)
    branch = r.graph.in_edges(r.graph.in_edges(r.vertex("layer1/0"))[0].source)[0].source
    stem = r.vertex("bn1")
    rows: dict[int, list] = {}
    algebra = Coefficients(
        Exact(),
        {r.node(branch).serial: lambda row: [None, *row]},
        seen=lambda node, row: rows.update({r.vertex_of(node): row}),
    )
    r.sweep(algebra, [stem])
    around, across = rows[stem]
    whole = r.gradients([stem])[stem]
    np.testing.assert_allclose(around + across, whole, atol=1e-6 * abs(whole).max())


def test_errors_are_in_the_users_words() -> None:
    net, x, y = resnet()
    r = run(net, x, y)
    with pytest.raises(ArgumentError, match=r"nothing ran in a module 'layer9.0'; there is layer\d"):
        r.vertex("layer9.0")
    with pytest.raises(GraphError, match=r"value: that of %.* was not kept; make the run with values=True"):
        r.value(r.vertex("layer1/0"))
    with pytest.raises(ShapeError, match=r"the loss has shape \(4, 4\); one number is needed"):
        run(net, x, y, loss=lambda z, y: z)
    with pytest.raises(GraphError, match="depends on nothing that requires a gradient"):
        run(lambda x: x.detach(), x, y, loss=lambda z, y: z.sum())


def test_values_are_kept_on_request() -> None:
    net, x, y = resnet(training=False)
    r = run(net, x, y, values=True)
    logits = r.vertex("fc")
    with ac.no_grad():
        np.testing.assert_allclose(r.value(logits), net(x).numpy(), atol=1e-5)


class Pair(nn.Module):
    """Two inputs, given as one tuple, list or dict."""

    def __init__(self) -> None:
        self.left, self.right = nn.Linear(4, 3), nn.Linear(2, 3)

    def forward(self, both: object) -> ac.Tensor:
        a, b = both.values() if isinstance(both, dict) else both
        return self.left(a) + self.right(b).tanh()


@pytest.mark.parametrize("kind", [tuple, list, lambda pair: dict(zip("ab", pair, strict=True))])
def test_several_inputs_are_of_the_same_images(kind: object) -> None:
    ac.manual_seed(0)
    net, a, b, y = Pair(), ac.randn(6, 4), ac.randn(6, 2), ac.arange(6) % 3
    r = run(net, kind([a, b]), y)
    assert r.images == 6
    assert [r.graph.vertices[v].name for v in r.graph.inputs[:2]] in (["x0", "x1"], ["a", "b"])
    left = a.detach().requires_grad_()
    F.cross_entropy(net([left, b]), y).backward()
    np.testing.assert_allclose(r.gradients([r.input])[r.input], left.grad.numpy(), rtol=1e-5)
    with pytest.raises(ShapeError, match="x0 has 6, x1 has 5 images; all inputs are of the same N images"):
        run(net, (a, b[:5]), y)
    assert run(nn.Linear(2, 2), [[1.0, 2.0], [3.0, 4.0]], [0, 1]).images == 2  # lists of numbers are one input


def test_frozen_parameters_are_parameters_still() -> None:
    from autocnn.flow.blocks import residual_joins

    net, x, y = resnet(training=False)
    free = run(net, x, y)
    net.layer1[0].conv1.weight.requires_grad_(False)
    for p in net.layer2.parameters():
        p.requires_grad_(False)
    r = run(net, x, y)
    assert set(r.parameters()) == set(free.parameters())
    assert [j.name for j in residual_joins(r.graph)] == [j.name for j in residual_joins(free.graph)]
    frozen = r.parameters()["layer1.0.conv1.weight"]
    assert not r.gradients([frozen])[frozen].any()
    stem = r.vertex("bn1")
    np.testing.assert_allclose(
        r.gradients([stem])[stem], free.gradients([free.vertex("bn1")])[free.vertex("bn1")], rtol=1e-5, atol=1e-9
    )


def test_values_survive_what_is_written_over_them() -> None:
    ac.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Linear(8, 2))
    x, y = ac.randn(6, 4), ac.arange(6) % 2
    r = run(net, x, y, values=True)
    with ac.no_grad():
        normal = net[1](net[0](x)).numpy().copy()
    np.testing.assert_allclose(r.value(r.vertex("1")), normal, atol=1e-5)
    assert (r.value(r.vertex("1")) < 0).any()
    assert not (r.value(r.vertex("2")) < 0).any()
