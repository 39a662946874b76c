"""Gradients along lines: against white and brown noise, the random-gate theorems, and the arc-cosine kernels."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from autocnn import flow, manual_seed, nn, ops
from autocnn.backend.random import Generator
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, ShapeError
from autocnn.flow.gates import KINDS, theorem
from autocnn.flow.shatter import _autocorrelation, brown_noise, white_noise
from autocnn.flow.theory import relu_correlation, relu_slopes

RNG = np.random.default_rng


def draws(count: int, depth: int, **settings: Any) -> list[Any]:
    return [flow.rectifiers(depth, seed=seed, **settings) for seed in range(count)]


def on_a_line(count: int, depth: int, **settings: Any) -> flow.Shatter:
    return flow.shatter(draws(count, depth, **settings), flow.line(-2, 2, 256))


# The estimator, and noise ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("centre", [True, False])
def test_references_are_the_means_over_many_draws_of_noise(centre: bool) -> None:
    noise = RNG(0).normal(size=(4000, 1, 64, 1))
    for series, expected in ((noise, white_noise([64], 8, centre)), (noise.cumsum(2), brown_noise(64, 8, centre))):
        g = series - series.mean(2, keepdims=True) if centre else series
        power = np.array([_autocorrelation(one, 8) * (one**2).sum() for one in g])
        assert np.abs(power.mean(0) / power[:, 0].mean() - expected).max() < 0.03
    alone = [_autocorrelation(one, 8) for one in noise]
    assert np.abs(np.mean(alone, 0) - white_noise([64], 8, False)).max() < 0.006


def test_the_floor_holds_95_percent_of_white_noise() -> None:
    found = [_autocorrelation(g, 40) for g in RNG(1).normal(size=(400, 1, 256, 1))]
    share = np.mean(np.abs(np.array(found)[:, 1:]) <= 1.96 / 16)
    assert 0.94 < share < 0.98  # a little more than 0.95: sums at lag l have n - l terms


class Sampled(nn.Module):
    """f(x) whose gradient along a line is a given series, through straight pieces between its integer places."""

    def __init__(self, slopes: np.ndarray) -> None:
        super().__init__()
        self.slopes = Tensor(slopes)

    def forward(self, x: Tensor) -> Tensor:
        """x (n, d) -> (n,)."""
        return (x * self.slopes).sum(1)


@pytest.mark.parametrize("dimensions", [1, 3])
def test_autocorrelation_equals_numpy(dimensions: int) -> None:
    slopes = RNG(2).normal(size=(50, dimensions)).cumsum(0)
    found = flow.shatter(Sampled(slopes), Tensor(np.zeros((50, dimensions))), lags=20)
    centred = slopes - slopes.mean(0)
    full = sum(np.correlate(c, c, "full")[49:70] for c in centred.T)
    assert found.autocorrelation == pytest.approx(full / full[0])
    unit = slopes / np.linalg.norm(slopes, axis=1, keepdims=True)
    assert np.allclose(found.cosine, unit @ unit.T)
    off = (unit @ unit.T).sum() - 50
    assert found.likeness == pytest.approx(off / (50 * 49))
    assert found.floor == 1.96 / math.sqrt(50)
    plain = flow.shatter(Sampled(slopes), Tensor(np.zeros((50, dimensions))), lags=20, centre=False)
    full = sum(np.correlate(c, c, "full")[49:70] for c in slopes.T)
    assert plain.autocorrelation == pytest.approx(full / full[0])
    assert "not centred" in plain.mode


def test_a_grid_runs_along_both_axes() -> None:
    along = RNG(3).normal(size=12).cumsum()
    slopes = np.repeat(along[None], 10, 0)[:, :, None]  # walks along rows, equal down columns
    found = flow.shatter(Sampled(slopes.reshape(-1, 1)), grid=Tensor(np.zeros((10, 12, 1))), lags=3)
    centred = along - along.mean()
    expected = [(centred[: 12 - lag] * centred[lag:]).sum() / (centred**2).sum() for lag in range(4)]
    assert found.autocorrelation == pytest.approx(expected)
    assert found.down == pytest.approx([1, 0.9, 0.8, 0.7])
    assert (found.kind, found.shape, found.inputs) == ("grid", (10, 12), 120)
    assert found.floor == 1.96 / math.sqrt(120)


# Networks -------------------------------------------------------------------------------------------------------


def test_shallow_is_brown_deep_with_a_norm_white_residual_between() -> None:
    shallow = on_a_line(4, 1)
    assert shallow.autocorrelation[1] > 0.95
    assert shallow.brownness > 0.9
    assert not shallow.coupled
    assert "brown noise, a random walk" in shallow.sentence()
    for norm in ("batch", "centre"):
        white = on_a_line(4, 24, norm=norm)
        assert white.coupled
        assert abs(white.autocorrelation[1]) < 2 * white.floor
        assert white.inside > 0.85
        assert abs(white.brownness) < 0.03
    assert white.sentence().endswith("shattered, they cannot be told from white noise.")
    residual = on_a_line(4, 50, norm="batch", skips=True)
    scaled = on_a_line(4, 50, norm="batch", skips=True, beta=0.1)
    assert 0.25 < residual.autocorrelation[1] < 0.6
    assert 0.7 < scaled.autocorrelation[1] < 0.95
    assert white.brownness < residual.brownness < scaled.brownness < shallow.brownness


def test_real_plain_networks_without_a_norm_do_not_shatter_so() -> None:
    plain = on_a_line(4, 24)
    assert plain.autocorrelation[1] > 0.8
    assert plain.sentence().endswith("between white and brown noise.")


def test_looks_linear_has_one_gradient_everywhere() -> None:
    found = on_a_line(2, 50, mirrored=True)
    assert found.constant
    assert min(map(min, found.cosine)) == pytest.approx(1.0, abs=1e-6)
    assert found.bias == 0.0
    assert "the same at all 256 inputs" in found.sentence()
    assert not on_a_line(1, 5).constant
    skips = flow.shatter(flow.rectifiers(20, mirrored=True, skips=True, inputs=5), batch=ops.ones(3, 5) * 0.3)
    assert skips.likeness == pytest.approx(1.0, abs=1e-6)


def test_arc_cosine_recursion_holds_in_wide_plain_networks() -> None:
    depth, width, inputs = 5, 300, 200
    first, other = np.linalg.qr(RNG(4).normal(size=(inputs, 2)))[0].T * math.sqrt(inputs)
    nets = draws(24, depth, width=width, inputs=inputs, bias=0.0)
    for rho in (0.9, 0.3, -0.5):
        pair = np.stack([first, rho * first + math.sqrt(1 - rho**2) * other]).astype(np.float32)
        found = np.array([flow.shatter(net, batch=Tensor(pair)).likeness for net in nets])
        error = found.std() / math.sqrt(len(nets) - 1)
        product, now = 1.0, rho
        for _ in range(depth):
            product *= relu_slopes(now)
            now = relu_correlation(now)
        expected = flow.relu_gradient_correlation(rho, depth)
        assert expected == pytest.approx(product)
        assert abs(found.mean() - expected) < 3 * error
        assert error < 0.03
        assert expected > 1.5 * theorem("plain", depth).correlation  # gates agree more than coins


def test_gradient_at_a_module_and_of_a_chosen_output() -> None:
    manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 2)).double().eval()
    x = ops.randn(5, 3, generator=Generator(0), dtype="float64")
    found = flow.shatter(net, batch=x, output=1, at="0")
    active = (net[0](x).array > 0) * net[2].weight.array[1]
    unit = active / np.linalg.norm(active, axis=1, keepdims=True)
    assert np.allclose(found.cosine, np.clip(unit @ unit.T, -1, 1))
    assert found.dimensions == 16
    assert len(found.rows()) == 10
    with pytest.raises(ArgumentError, match="shatter: the model has 2 outputs; say by output which one to follow"):
        flow.shatter(net, batch=x)
    with pytest.raises(ArgumentError, match="shatter: output is 2; the model has 2"):
        flow.shatter(net, batch=x, output=2)


# The matrix model -----------------------------------------------------------------------------------------------


def test_theorems_are_the_numbers_of_the_paper() -> None:
    table = {8: (3.906e-3, 0.1001, 0.3928, 0.9668), 24: (5.960e-8, 1.003e-3, 0.2291, 0.9019),
             50: (8.88e-16, 5.66e-7, 0.1592, 0.8196)}  # fmt: skip
    for depth, expected in table.items():
        found = [theorem(kind, depth).correlation for kind in KINDS] + [theorem(KINDS[2], depth, 0.1).correlation]
        assert found == pytest.approx(expected, rel=1e-3)
    assert theorem("residual", 8) == flow.gates.Alike(256.0, 1.5**8)
    assert theorem(KINDS[2], 5000).covariance == pytest.approx(2 / math.sqrt(math.pi) * math.sqrt(5000), rel=1e-3)


@pytest.mark.parametrize("depth", [1, 3, 6, 8])
@pytest.mark.parametrize(("kind", "beta"), [(KINDS[0], 1.0), (KINDS[1], 1.0), (KINDS[2], 1.0), (KINDS[2], 0.1)])
def test_random_gates_obey_the_theorems(kind: str, beta: float, depth: int) -> None:
    found = flow.random_gates(kind, depth, beta=beta, width=32, draws=4000, seed=depth)
    for drawn, error, expected in (
        (found.variance, found.variance_error, found.expected_variance),
        (found.covariance, found.covariance_error, found.expected_covariance),
    ):
        assert abs(drawn - expected) <= 4 * error + 1e-12
        assert error < 0.08 * found.expected_variance
    json.dumps(found.to_dict(), allow_nan=False)


def test_images_are_drawn_by_the_law_of_matrices() -> None:
    rng, n = RNG(5), 8
    made = []
    for _ in range(6000):
        v = w = np.full(n, n**-0.5)
        for _ in range(3):
            matrix = rng.normal(size=(n, n)) * math.sqrt(2 / n)
            v, w = (u + (u @ matrix) * (rng.random(n) < 0.5) for u in (v, w))
        made.append((v @ v, v @ w))
    squares, products = np.array(made).T
    found = flow.random_gates("residual", 3, width=n, draws=6000)
    assert found.variance == pytest.approx(squares.mean(), abs=4 * squares.std() / 77 + 4 * found.variance_error)
    assert found.covariance == pytest.approx(
        products.mean(), abs=4 * products.std() / 77 + 4 * found.covariance_error
    )
    assert found.covariance_error == pytest.approx(products.std() / 77, rel=0.15)


# Results and errors ---------------------------------------------------------------------------------------------


def test_tidy_and_json() -> None:
    found = flow.shatter(flow.rectifiers(3, width=20), flow.line(-1, 1, 16))
    assert [row["lag"] for row in found.rows()] == [0, 1, 2, 3, 4]
    assert set(found.rows()[0]) == {"lag", "autocorrelation", "spread", "white", "brown", "floor"}
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["spread"] == [None] * 5
    assert "one network, width 20, bias" in str(found)


@pytest.mark.parametrize("slope", [0.0, math.nan, math.inf])
def test_without_gradients_there_is_nothing_to_compare(slope: float) -> None:
    dead, x = Sampled(np.full((8, 2), slope)), Tensor(np.ones((8, 2)))
    with np.errstate(all="ignore"):
        several = flow.shatter(dead, x), flow.shatter(dead, batch=x)
    for found in several:
        assert found.sentence().endswith("There is nothing to compare: gradients are 0, or not finite.")
        json.dumps(found.to_dict(), allow_nan=False)


def test_a_smooth_network_is_smoother_than_a_random_walk() -> None:
    x = flow.line(-2, 2, 64)
    found = flow.shatter(Sampled(np.sin(x.array)), x)
    assert found.sentence().endswith("smoother than brown noise, a random walk.")


def test_a_line_between_images() -> None:
    ends = np.zeros((1, 4, 4), np.float32), np.ones((1, 4, 4), np.float32)
    made = flow.line(*map(Tensor, ends), 5)
    assert (made.shape, made.dtype) == ((5, 1, 4, 4), np.dtype("float32"))
    assert made.array[1].max() == 0.25
    with pytest.raises(ShapeError, match=r"line: start and end have shapes \(2,\) and \(3,\); the same is needed"):
        flow.line([0.0, 1.0], [0.0, 1.0, 2.0])


def test_errors_say_what_to_do() -> None:
    net, x = flow.rectifiers(2, width=5), flow.line(0, 1, 8)
    with pytest.raises(ArgumentError, match="shatter: none given; give one of line, grid and batch"):
        flow.shatter(net)
    with pytest.raises(ArgumentError, match="shatter: line and batch given; give one of"):
        flow.shatter(net, x, batch=x)
    with pytest.raises(ArgumentError, match=r"shatter: line has shape \(3, 1\); too few inputs"):
        flow.shatter(net, x[:3])
    with pytest.raises(ArgumentError, match="shatter: lags is 8; 1 to 7 are possible"):
        flow.shatter(net, x, lags=8)
    with pytest.raises(ShapeError, match=r"shatter: the model gives \(8, 1, 1\) for 8 inputs"):
        flow.shatter(nn.Unflatten(1, (1, 1)), x)
    with pytest.raises(ArgumentError, match="Rectifiers: depth and norm are 2 and 'layer'; at least 1, one of"):
        flow.rectifiers(2, norm="layer")
    with pytest.raises(ArgumentError, match="random_gates: kind is 'dense'; one of"):
        flow.random_gates("dense", 2)
