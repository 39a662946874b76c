"""Jacobians through products only, against matrices that are formed row by row, and dense linear algebra."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from autocnn import flow, func, manual_seed, models, nn, ops
from autocnn.backend.random import Generator
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError, OperandError
from autocnn.flow import spectra
from autocnn.testing.standin import StandIn

STRICT = {"tolerance": 1e-10, "steps": 100}


def chain(*layers: Any) -> Any:
    """A chain of modules in eval mode and float64."""
    return nn.Sequential(*layers).double().eval()


def deep(width: int = 12) -> Any:
    manual_seed(1)
    layers: list[Any] = [nn.Linear(7, width), nn.Tanh()]
    for _ in range(2):
        layers += [nn.Linear(width, width), nn.ReLU()]
    return chain(*layers, nn.Linear(width, 3))


def draws(*shape: int, seed: int = 0) -> Tensor:
    return ops.randn(*shape, generator=Generator(seed), dtype="float64")


def matrices(function: Any, x: Tensor) -> np.ndarray:
    """The Jacobian of each image, (images, d_out, d_in), from the joint one."""
    joint = func.jacobian(function)(x).array
    n, y = x.shape[0], function(x)
    blocks = joint.reshape(n, math.prod(y.shape[1:]), n, math.prod(x.shape[1:]))
    off = blocks.copy()
    off[np.arange(n), :, np.arange(n)] = 0
    assert not off.any()  # images do not see one another
    return blocks[np.arange(n), :, np.arange(n)]


def parts(net: Any, span: str, i: int, x: Tensor) -> tuple[Any, Tensor]:
    """The part of a chain that a span of its block i is, and where it is taken."""
    through = {"block": net[i : i + 1], "to output": net[i + 1 :], "from input": net[: i + 1]}[span]
    start = {"block": i, "to output": i + 1, "from input": 0}[span]
    return through, net[:start](x).detach()


def agrees(found: flow.Spectrum, dense: np.ndarray, tolerance: float = 1e-9) -> None:
    s = np.linalg.svd(dense, compute_uv=False)
    k = len(found.values[0])
    assert np.abs(np.array(found.values) - s[:, :k]).max() < tolerance
    assert np.allclose(found.square, (s**2).sum(1), rtol=1e-9) or not found.exact
    if found.exact:
        assert np.allclose(found.participation, (s**2).sum(1) ** 2 / (s**4).sum(1), rtol=1e-9)
        assert found.zeros == pytest.approx((dense == 0).mean((1, 2)))


@pytest.mark.parametrize("exact", [0, 1000])
@pytest.mark.parametrize("span", ["block", "to output", "from input"])
def test_every_block_and_span_equals_the_dense_svd(span: str, exact: int) -> None:
    net, x = deep(), draws(4, 7)
    found = flow.jacobian(net, x, k=5, spans=[span], exact=exact, **STRICT)
    assert len(found.spectra) == len(net) - (span == "to output")
    for i, s in enumerate(found.spectra):
        function, at = parts(net, span, i, x)
        dense = matrices(function, at)
        assert (s.d_out, s.d_in) == dense.shape[1:]
        assert s.exact is (exact > 0)
        agrees(s, dense)
        assert s.backward_gain == pytest.approx((dense**2).sum() / 4 / s.d_out, rel=1e-9 if exact else 0.5)


def test_convolution_blocks_and_paths_of_modules() -> None:
    manual_seed(2)
    net = models.residual(6, width=3).double().eval()
    x = draws(2, 1, 8, 8)
    block = net.blocks[1]
    found = flow.jacobian(net, x, [block], k=6, exact=0, **STRICT)
    assert found.blocks == ("blocks.1",)
    inside = net.blocks[0](net.stem(x)).detach()
    dense = matrices(block, inside)
    agrees(found["blocks.1", "block"], dense)
    again = flow.jacobian(net, x, ["blocks/1"], k=6, exact=192, spans=["block"])
    agrees(again["blocks.1", "block"], dense)
    structural = 1 - (22 / 64) ** 2  # what a 3x3 kernel on a padded 8x8 image cannot see
    only = flow.jacobian(net, x, ["stem.0"], exact=64, spans=["block"])["stem.0", "block"]
    assert only.zeros == pytest.approx([structural] * 2)


def test_isometry_repeated_values_and_rank() -> None:
    manual_seed(3)
    net = chain(nn.Linear(80, 80, bias=False), nn.Linear(80, 80, bias=False))
    nn.init.orthogonal_(net[0].weight)
    nn.init.zeros_(net[1].weight)
    with_two = np.zeros((80, 80))
    with_two[0, 0] = with_two[1, 1] = 2.0
    net[1].weight.data = Tensor(with_two)
    found = flow.jacobian(net, draws(1, 80), k=4, spans=["block"], **STRICT)
    one = found["0", "block"]
    assert one.singular == pytest.approx((1.0,) * 4, abs=1e-12)
    assert (one.backward_gain, one.participation[0]) == (pytest.approx(1.0), pytest.approx(80.0))
    low = found["1", "block"]
    assert low.singular == pytest.approx((2.0, 2.0, 0.0, 0.0), abs=1e-12)
    assert low.participation[0] == pytest.approx(2.0)
    assert low.square[0] == pytest.approx(8.0)


def test_the_bound_holds_before_convergence() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=(5, 90, 70))
    true = np.linalg.svd(a, compute_uv=False)
    op = spectra.Operator(lambda v: a @ v, lambda u: a.swapaxes(1, 2) @ u, 5, 90, 70, np)
    for steps in (1, 2, 3, 5, 8):
        found = spectra.leading(op, 6, Generator(0), tolerance=0.0, steps=steps)
        gap = np.abs(found.values[:, :, None] - true[:, None]).min(2)
        assert (gap <= found.bounds + 1e-12).all()
        assert (found.values <= true[:, :6] + 1e-12).all()
    whole = spectra.leading(op, 6, Generator(0), tolerance=0.0, steps=99)
    assert np.abs(whole.values - true[:, :6]).max() < 1e-11


def test_estimates_lie_within_their_errors() -> None:
    rng = np.random.default_rng(5)
    a = rng.normal(size=(200, 60, 50)) * np.linspace(0.2, 2, 50)
    op = spectra.Operator(lambda v: a @ v, lambda u: a.swapaxes(1, 2) @ u, 200, 60, 50, np)
    known = spectra.leading(op, 3, Generator(1), steps=2)
    found = spectra.moments(op, known, 24, Generator(2))
    s = np.linalg.svd(a, compute_uv=False)
    for estimate, error, true in (
        (found.square, found.square_error, (s**2).sum(1)),
        (found.participation, found.participation_error, (s**2).sum(1) ** 2 / (s**4).sum(1)),
    ):
        off = (estimate - true) / error
        assert abs(off.mean()) < 0.35
        assert 0.8 < off.std() < 1.35


def test_batch_norm_in_train_mode_gives_the_joint_jacobian_and_says_so() -> None:
    manual_seed(6)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2)).double()
    x = draws(5, 3)
    before = {name: b.array.copy() for name, b in net.named_buffers()}
    found = flow.jacobian(net, x, k=6, exact=1000)
    assert all((b.array == before[name]).all() for name, b in net.named_buffers())
    assert found.joint
    assert found.training
    assert found.mode == "train mode, the joint Jacobian of a batch of 5 images"
    dense = func.jacobian(net)(x).array.reshape(1, 10, 15)
    last = found["3", "from input"]
    assert (last.d_out, last.d_in) == (10, 15)
    agrees(last, dense)
    agrees(flow.jacobian(net, x, k=6, exact=0, **STRICT)["3", "from input"], dense)
    with pytest.raises(ArgumentError, match="jacobian: joint is False, and an image's result depends on other"):
        flow.jacobian(net, x, joint=False)
    net.eval()
    apart = flow.jacobian(net, x, k=2)
    assert apart.mode == "eval mode, a Jacobian for each of 5 images"
    agrees(apart["3", "from input"], matrices(net, x))
    union = np.sort(np.linalg.svd(matrices(net, x), compute_uv=False).ravel())[::-1]
    assert flow.jacobian(net, x, k=10, joint=True)["3", "from input"].values[0] == pytest.approx(union)


class Doubling(nn.Module):
    """A block that is called twice, and what is written in place behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 3) -> the same shape."""
        y = self.layer(x)
        y.mul_(2.0)
        return self.layer(y)


def test_repeated_calls_and_writes_in_place() -> None:
    manual_seed(7)
    net = Doubling().double()
    found = flow.jacobian(net, draws(2, 3), k=3)
    w = net.layer.weight.array
    assert found.blocks == ("layer", "layer (call 2)")
    agrees(found["layer", "block"], np.stack([w, w]))
    agrees(found["layer", "to output"], np.stack([2 * w, 2 * w]))
    agrees(found["layer (call 2)", "from input"], np.stack([2 * w @ w] * 2))


def test_seeded_and_tidy() -> None:
    net, x = deep(80).float(), draws(2, 7).float()
    one, two = (flow.jacobian(net, x, ["2"], k=3) for _ in range(2))
    assert one == two
    assert flow.jacobian(net, x, ["2"], k=3, seed=1) != one
    (row,) = flow.jacobian(net, x, ["2"], k=3, spans=["block"]).rows()
    assert row["s1"] == row["largest"] >= row["s2"] >= row["s3"] > 0
    assert not row["exact"]
    assert row["bound"] <= 1e-2 * row["largest_high"]
    assert 0 < row["gain_error"] < 0.2
    json.dumps(one.to_dict(), allow_nan=False)
    assert "eval mode" in str(one)
    assert "to output" in str(one)
    assert one.sentence().startswith("How evenly does a block pass a gradient back? Over 1 blocks, one block")


def test_what_is_not_finite_is_not_a_number() -> None:
    net = chain(nn.Linear(3, 2, bias=False))
    net[0].weight.data = Tensor(np.full((2, 3), np.inf))
    for exact in (0, 64):
        with np.errstate(all="ignore"):
            found = flow.jacobian(net, draws(1, 3), k=2, exact=exact)
        assert math.isnan(found["0", "block"].largest)
        assert found.to_dict()["rows"][0]["largest"] is None


def test_nan_couples_no_images() -> None:
    net = chain(nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 2))
    net[1].weight.data = Tensor(np.full((4, 4), np.nan))
    found = flow.jacobian(net, draws(5, 3), k=2, joint=False)
    assert not found.joint
    assert not flow.jacobian(net, draws(5, 3), k=2).joint
    assert "numbers in 1 of 3 blocks are not finite, first in 1 (eval mode, a Jacobian for" in found.sentence()


def test_arrays_do_as_well_as_tensors() -> None:
    net, x = deep(), draws(2, 7)
    assert flow.jacobian(net, x.array, k=2) == flow.jacobian(net, x, k=2)


def test_a_model_without_parts_is_one_block() -> None:
    layer, x = nn.Linear(3, 2), draws(2, 3)
    found = flow.jacobian(layer, x)
    assert found.blocks == ("Linear",)
    expected = np.linalg.svd(layer.weight.array.astype(np.float64), compute_uv=False)
    np.testing.assert_allclose(found["Linear", "block"].singular, expected, rtol=1e-6)
    assert flow.jacobian(chain(layer, nn.Tanh()), x, [""]).blocks == ("Sequential",)


@pytest.mark.parametrize(("x", "text"), [
    (np.zeros((0, 7), np.float32), r"x has shape \(0, 7\); a batch \(N, \.\.\.\) of at least one image is needed"),
    (1.0, r"x has shape \(\); a batch"),
    (np.zeros((2, 7), np.int64), "x is int64, and has no derivative"),
])  # fmt: skip
def test_what_is_no_batch_of_images(x: Any, text: str) -> None:
    with pytest.raises(ArgumentError, match=f"jacobian: {text}"):
        flow.jacobian(deep(), x)


def test_errors_say_what_to_do() -> None:
    net, x = deep(), draws(1, 7)
    with pytest.raises(ArgumentError, match=r"blocks: 'nowhere' is no module's path; parts are 0, 1, 2"):
        flow.jacobian(net, x, ["nowhere"])
    with pytest.raises(ArgumentError, match="blocks: a Linear is no part of the model"):
        flow.jacobian(net, x, [nn.Linear(1, 1)])
    with pytest.raises(ArgumentError, match="jacobian: span is 'sideways'; one of block, to output, from input"):
        flow.jacobian(net, x, spans=["sideways"])
    with pytest.raises(ArgumentError, match="jacobian: k, probes and steps are 0, 16 and 20; at least 1, 2 and 1"):
        flow.jacobian(net, x, k=0)
    with pytest.raises(ArgumentError, match="was not measured; blocks are 0, 1"):
        flow.jacobian(net, x, spans=["block"])["0", "to output"]

    class Two(nn.Module):
        def __init__(self) -> None:
            self.pair, self.never = Pair(), nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            return self.pair(x)[0]

    class Pair(nn.Module):
        def forward(self, x: Tensor) -> Any:
            return x, x

    with pytest.raises(OperandError, match="block 'pair' does not take one tensor and return one; name another"):
        flow.jacobian(Two(), x, ["pair"])
    with pytest.raises(ArgumentError, match="block 'never' was not called; name one that the forward pass uses"):
        flow.jacobian(Two(), x, ["never"])


def test_orthogonal_chains_are_isometries_and_gaussian_ones_are_not() -> None:
    """Saxe et al. (2014), Pennington et al. (2017); L Gaussian layers reach s^2 = (L+1)^(L+1) / L^L."""
    width, depth = 300, 4
    found = {}
    for name, draw in (("orthogonal", nn.init.orthogonal_), ("gaussian", nn.init.lecun_normal_)):
        manual_seed(8)
        net = chain(*(nn.Linear(width, width, bias=False) for _ in range(depth)))
        for layer in net:
            draw(layer.weight)
        found[name] = flow.jacobian(net, draws(1, width), ["3"], k=4, spans=["from input"], exact=width).spectra[0]
    even, uneven = found["orthogonal"], found["gaussian"]
    assert even.singular == pytest.approx([1.0] * 4)
    assert even.participation[0] == pytest.approx(width)
    assert even.backward_gain == pytest.approx(1.0)
    assert uneven.backward_gain == pytest.approx(1.0, rel=0.05)
    assert uneven.participation[0] == pytest.approx(width / (depth + 1), rel=0.05)
    assert uneven.largest**2 == pytest.approx((depth + 1) ** (depth + 1) / depth**depth, rel=0.1)


def test_the_same_on_another_device() -> None:
    manual_seed(9)
    net, x = models.residual(6, width=4).eval(), draws(2, 1, 8, 8).float()
    here = flow.jacobian(net, x, k=3)
    there = flow.jacobian(net.to(str(StandIn.device)), x.to(str(StandIn.device)), k=3)
    for one, other in zip(here.spectra, there.spectra, strict=True):
        assert other.singular == pytest.approx(one.singular, rel=1e-4)
        assert other.zeros == pytest.approx(one.zeros)
