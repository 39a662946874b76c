"""The size of a gradient: the unit, tiny numbers, what is not finite, and agreement with PyTorch at depth 56."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from autocnn import flow, models, nn, ops
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.flow import size, sizes_at
from autocnn.flow.statistics import statistics
from autocnn.nn import functional as F


def test_the_batch_size_drops_out() -> None:
    g = np.array([[3.0, 4.0]], np.float32)
    one = size(Tensor(g), images=1)
    four = size(Tensor(np.repeat(g, 4, 0) / 4), images=4)  # the mean over four equal images
    assert one == four
    assert one.rms == pytest.approx(math.sqrt(12.5))
    assert one.largest == 4.0


@pytest.mark.parametrize("scale", [1e-44, 1e-30, 1.0, 1e30])
def test_no_square_underflows_or_overflows(scale: float) -> None:
    values = (np.array([3.0, -4.0]) * scale).astype(np.float32)
    expected = math.sqrt(np.mean(np.square(values.astype(np.float64) / scale))) * scale
    assert size(Tensor(values), images=1).rms == pytest.approx(expected, rel=1e-9)


def test_zeros_and_what_is_not_finite_are_counted() -> None:
    assert size(Tensor(np.zeros(4, np.float32)), 1).zeros == 1.0
    assert size(Tensor(np.zeros(4, np.float32)), 1).rms == 0.0
    strange = size(Tensor(np.array([np.nan, np.inf, 0.0, 1.0], np.float32)), 1)
    assert strange.strange == 2
    assert strange.zeros == 0.25
    assert math.isnan(strange.rms)


def test_no_image_is_refused() -> None:
    with pytest.raises(ArgumentError, match="size: images is 0; a mean loss is over at least 1"):
        size(Tensor([1.0]), 0)


@pytest.mark.torch
@pytest.mark.parametrize("skips", [False, True])
def test_gradients_by_block_are_pytorchs_at_depth_56(skips: bool) -> None:
    torch = pytest.importorskip("torch")
    ops.manual_seed(3)
    model = (models.residual if skips else models.plain)(56, width=4)
    x = np.random.default_rng(0).normal(size=(8, 1, 8, 8)).astype(np.float32)
    y = np.arange(8)
    with sizes_at(list(model.blocks)) as sizes:
        F.cross_entropy(model(Tensor(x)), Tensor(y)).backward()  # type: ignore[attr-defined]
    expected = _by_torch(torch, model, x, y, skips)
    np.testing.assert_allclose([s.rms for s in sizes if s is not None], expected, rtol=1e-4)


def _by_torch(torch: Any, model: Any, x: Any, y: Any, skips: bool) -> list[float]:
    w = {name: torch.tensor(value.array) for name, value in model.state_dict().items()}

    def conv(h: Any, name: str) -> Any:
        return torch.nn.functional.conv2d(h, w[f"{name}.weight"], w[f"{name}.bias"], padding=1)

    h = torch.tanh(conv(torch.tensor(x), "stem.0")).requires_grad_()
    outputs = []
    for i in range(len(model.blocks)):
        branch = conv(torch.tanh(conv(h, f"blocks.{i}.conv1")), f"blocks.{i}.conv2")
        h = torch.tanh(h + branch if skips else branch)
        h.retain_grad()
        outputs.append(h)
    logits = h.flatten(1) @ w["head.weight"].T + w["head.bias"]
    torch.nn.functional.cross_entropy(logits, torch.tensor(y)).backward()
    return [float(o.grad.double().mul(len(x)).square().mean().sqrt()) for o in outputs]


# Everything at once -------------------------------------------------------------------------------------------


class Chain(nn.Module):
    """x -> 1 + x / 1000, many times: values stay near 1, gradients fall by 1000 at each step."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.depth = depth
        self.head = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(self.depth):
            x = 1 + x * 1e-3
        made: Tensor = self.head(x)
        return made


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_of_1e_120_are_measured_as_such(dtype: str) -> None:
    ops.manual_seed(0)
    model = Chain(40).to(dtype)
    x = Tensor(np.random.default_rng(0).normal(size=(4, 3)).astype(dtype))
    found = flow.measure(model, x, Tensor(np.arange(4) % 2))
    gradients = [at.gradient for at in found.vertices if at.op in ("input", "mul")]
    assert found.rescaled == (dtype == "float32")
    first, last = gradients[0].rms, gradients[-1].rms
    assert first == pytest.approx(last * 1e-117, rel=1e-5)  # 39 steps lie between them
    assert gradients[0].norms[1] == pytest.approx(last * 1e-117, rel=3)
    assert gradients[0].zeros == 0
    assert max(gradients[0].histogram) == pytest.approx(math.log2(gradients[0].largest), abs=1)
    assert gradients[0].underflow == (1.0 if dtype == "float32" else 0.0)


def test_every_vertex_agrees_with_a_direct_computation() -> None:
    ops.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3))
    x = Tensor(np.random.default_rng(0).normal(size=(5, 2, 6, 6)).astype(np.float32))
    y = Tensor(np.arange(5) % 3)
    found = flow.measure(net, x, y, rescaled=False)
    r = flow.run(net, x, y, values=True)
    gradients = r.gradients()
    for at in found.vertices:
        vertex = r.vertex(at.name) if at.op != "input" else r.input
        g = gradients[vertex].astype(np.float64) * 5
        value = r.value(vertex).astype(np.float64)
        assert at.gradient.rms == pytest.approx(np.sqrt(np.mean(g**2)), rel=1e-5)
        assert at.gradient.largest == pytest.approx(np.abs(g).max(), rel=1e-6)
        assert at.gradient.zeros == np.mean(g == 0)
        norms = np.percentile(np.linalg.norm(g.reshape(5, -1), axis=1), [25, 50, 75])
        np.testing.assert_allclose(at.gradient.norms, norms, rtol=1e-5)
        assert at.value.rms == pytest.approx(np.sqrt(np.mean(value**2)), rel=1e-5)
        exponents = np.floor(np.log2(np.abs(value[value != 0]))).astype(int)
        assert dict(at.value.histogram) == dict(zip(*np.unique(exponents, return_counts=True), strict=True))
    for p in found.parameters:
        g = gradients[r.parameters()[p.name]].astype(np.float64)
        assert p.gradient.rms == pytest.approx(np.sqrt(np.mean(g**2)), rel=1e-5)


def test_saturation_and_dead_channels() -> None:
    z = np.array([[0.0, 3.0], [0.0, 3.0], [1.0, 3.0], [1.0, -3.0]], np.float32)
    net = nn.Sequential(nn.Tanh(), nn.Linear(2, 2))
    found = flow.measure(net, Tensor(z), Tensor([0, 1, 0, 1]))
    assert found["0"].saturated == 0.5  # tanh' is 0.42 at 1 and 0.0099 at 3
    assert found["0"].dead == ()
    relu = nn.Sequential(nn.ReLU(), nn.Linear(2, 2))
    found = flow.measure(relu, Tensor(-z), Tensor([0, 1, 0, 1]))
    assert found["0"].saturated == pytest.approx(7 / 8)
    assert found["0"].dead == (0,)
    assert found["1"].saturated is None


def test_the_sides_of_residual_blocks() -> None:
    ops.manual_seed(0)
    model = models.residual(6, width=4)
    x = Tensor(np.random.default_rng(0).normal(size=(4, 1, 8, 8)).astype(np.float32))
    found = flow.measure(model, x, Tensor(np.arange(4)))
    r = flow.run(model, x, Tensor(np.arange(4)), values=True)
    joins = flow.residual_joins(r.graph)
    assert len(found.blocks) == len(model.blocks) == len(joins)
    for block, join in zip(found.blocks, joins, strict=True):
        expected = np.linalg.norm(r.value(join.branch)) / np.linalg.norm(r.value(join.shortcut))
        assert block.ratio == pytest.approx(float(expected), rel=1e-4)


def test_what_was_measured_is_strict_json_and_a_tidy_table() -> None:
    net = nn.Linear(2, 2)
    found = flow.measure(net, Tensor([[np.inf, 1.0]]), Tensor([0]))
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert json.loads(text)["vertices"][0]["value"]["rms"] is None
    rows = found.rows()
    assert len({tuple(row) for row in rows}) == 1
    assert {row["kind"] for row in rows} == {"vertex", "parameter"}
    assert "1 images in train mode" in str(found)
    with pytest.raises(ArgumentError, match="nothing was measured at 'layer9'"):
        found["layer9"]


def test_denormals_are_counted_and_have_their_exponents() -> None:
    s = statistics(np.array([[1e-40, 2.0**-149, 1.0, 0.0]], np.float32))
    assert s.denormal == 0.5
    assert dict(s.histogram) == {-149: 1, -133: 1, 0: 1}
    half = statistics(np.array([[2.0**-24, 1.0]], np.float16))
    assert (half.denormal, dict(half.histogram)) == (0.5, {-24: 1, 0: 1})


def test_a_number_that_is_no_power_of_two_moves_the_histogram_right() -> None:
    s = statistics(np.array([[1.0, 1.5, 1.9]], np.float32), times=3.0)
    assert dict(s.histogram) == {1: 1, 2: 2}
    assert s.largest == pytest.approx(5.7)


def test_large_and_small_lots_join() -> None:
    x = np.full((40, 5000), 1e-200)
    x[:20] = 0
    assert statistics(x).rms == pytest.approx(1e-200 * math.sqrt(0.5), rel=1e-12)
