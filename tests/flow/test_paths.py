"""A gradient by the paths that it takes: sums, enumeration, signs, and what crosses each branch."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn
from autocnn.errors import ArgumentError, GraphError
from autocnn.flow.cotangents import Exact, Scaled
from autocnn.flow.paths import Paths, each_path, paths
from autocnn.flow.run import Run, run


def small(blocks: int = 5, training: bool = False) -> Run:
    """A residual network with a projection, an activation behind every sum, and batch norms."""
    ac.manual_seed(1)
    net = models.resnet20(num_classes=3).double().train(training)
    for layer in (net.layer1, net.layer2, net.layer3):
        while len(layer) > 1 and sum(map(len, (net.layer1, net.layer2, net.layer3))) > blocks:
            del layer[len(layer) - 1]
    return run(net, ac.randn(4, 3, 8, 8).double(), ac.arange(4) % 3)


def wide(g: Scaled) -> np.ndarray:
    return g.wide()


@pytest.mark.parametrize("training", [True, False])
def test_degrees_sum_to_the_gradient(training: bool) -> None:
    r = small(training=training)
    found = paths(r)
    assert [d.paths for d in found.degrees] == [math.comb(5, k) for k in range(6)]
    assert found.remainder < 1e-12
    assert sum(d.share for d in found.degrees) == pytest.approx(1, abs=1e-12)
    assert found.training == training
    assert found.lost == 0


def test_54_blocks_sum_to_the_gradient_within_1e_12() -> None:
    ac.manual_seed(0)
    net = models.residual(110, width=4).double()
    found = paths(run(net, ac.randn(2, 1, 8, 8).double(), ac.arange(2)))
    assert len(found.degrees) == 55
    assert found.degrees[27].paths == math.comb(54, 27)
    assert 0 < found.remainder < 1e-12
    assert sum(d.share for d in found.degrees) == pytest.approx(1, abs=1e-10)


def test_degrees_equal_the_sum_of_their_single_paths() -> None:
    r = small()
    found, single = paths(r), each_path(r)
    assert len(single) == 32
    whole = r.gradients([found.vertex])[found.vertex]
    total = sum(map(wide, single.values()))
    np.testing.assert_allclose(total, whole, atol=1e-12 * abs(whole).max())
    for d in found.degrees:
        some = [wide(g) for crossed, g in single.items() if len(crossed) == d.degree]
        together = sum(some)
        assert d.ratio == pytest.approx(np.linalg.norm(together) / np.linalg.norm(whole), rel=1e-9)
        assert d.share == pytest.approx((together * whole).sum() / (whole**2).sum(), rel=1e-9)


def test_a_single_path_is_what_is_left_when_all_others_are_cut() -> None:
    r = small()
    single = each_path(r)
    net = {name.split("/")[0] + name for crossed in single for name in crossed}
    assert len(net) == 5
    found = paths(r)
    from autocnn.flow.blocks import residual_joins  # the definition, by hand: cut skips and branches at the joins

    joins = {join.name: join for join in residual_joins(r.graph)}
    for crossed in [(), ("layer1/0", "layer3/0"), tuple(joins)]:
        edges = {
            (r.node(j.join).serial, j.shortcut_position if name in crossed else j.branch_position): 0.0
            for name, j in joins.items()
        }
        kept: list[np.ndarray] = []
        goal = r.node(found.vertex).serial
        r.sweep(
            Exact(
                edges=edges, seen=lambda n, g, kept=kept, goal=goal: kept.append(g) if n.serial == goal else None
            )
        )
        np.testing.assert_allclose(wide(single[crossed]), kept[0], atol=1e-12 * abs(kept[0]).max())


def test_random_signs_give_the_sum_over_single_paths() -> None:
    r = small()
    single = each_path(r)
    whole = np.linalg.norm(r.gradients([paths(r).vertex])[paths(r).vertex])
    found = paths(r, signs=400, seed=3)
    for d in found.degrees:
        sizes = [np.linalg.norm(wide(g)) / whole for crossed, g in single.items() if len(crossed) == d.degree]
        exact = math.sqrt(sum(s * s for s in sizes))
        assert d.incoherent is not None
        assert abs(d.incoherent.mean - exact) <= 4 * d.incoherent.error + 1e-12, d.degree
        assert d.coherence == pytest.approx(d.ratio**2 / d.incoherent.mean**2)
    assert found.degrees[0].coherence == pytest.approx(1, abs=1e-9)
    assert max(d.incoherent.error for d in found.degrees if d.incoherent) > 0


def test_sampled_paths_estimate_the_product() -> None:
    r = small()
    single = each_path(r)
    whole = np.linalg.norm(r.gradients([paths(r).vertex])[paths(r).vertex])
    for d in paths(r, samples=60).degrees:
        sizes = [np.linalg.norm(wide(g)) / whole for crossed, g in single.items() if len(crossed) == d.degree]
        assert d.product is not None
        assert abs(d.product.mean - sum(sizes)) <= 4 * d.product.error + 1e-12


@pytest.mark.parametrize("training", [True, False])
def test_crossings_overlap_and_sum_to_the_mean_length(training: bool) -> None:
    r = small(training=training)
    found = paths(r, crossings=True)
    assert len(found.crossings) == 5
    assert sum(c.share for c in found.crossings) == pytest.approx(found.mean_length, rel=1e-9)
    from autocnn.flow.blocks import residual_joins

    goal, whole = r.node(found.vertex).serial, r.gradients([found.vertex])[found.vertex]
    for join, crossing in zip(residual_joins(r.graph), found.crossings, strict=True):
        kept: list[np.ndarray] = []
        cut = {(r.node(join.join).serial, join.branch_position): 0.0}
        r.sweep(Exact(edges=cut, seen=lambda n, g, kept=kept: kept.append(g) if n.serial == goal else None))
        carried = whole - kept[0]
        assert crossing.share == pytest.approx((carried * whole).sum() / (whole**2).sum(), rel=1e-9)
        assert crossing.ratio == pytest.approx(np.linalg.norm(carried) / np.linalg.norm(whole), rel=1e-9)


def test_branches_of_zero_leave_one_path_of_gain_one() -> None:
    ac.manual_seed(0)

    class Block(nn.Module):
        def __init__(self) -> None:
            self.branch = nn.Linear(4, 4)
            self.branch.weight.data = ac.zeros(4, 4)

        def forward(self, x: ac.Tensor) -> ac.Tensor:
            return x + self.branch(x).tanh()

    net = nn.Sequential(nn.Linear(4, 4), *(Block() for _ in range(6)), nn.Linear(4, 3))
    found = paths(run(net, ac.randn(5, 4), ac.arange(5) % 3))
    assert found.gain == pytest.approx(1, abs=1e-7)
    assert [d.share for d in found.degrees] == pytest.approx([1, 0, 0, 0, 0, 0, 0], abs=1e-7)


def test_scaled_shortcuts_and_branches_give_binomial_shares() -> None:
    """Linear blocks a x + b x, n of them: degree k is n over k times a^(n-k) b^k of the whole."""

    class Block(nn.Module):
        def forward(self, x: ac.Tensor) -> ac.Tensor:
            return x * 0.5 + (x * 1.0).clamp(-1e9, 1e9) * 0.25

    n = 12
    net = nn.Sequential(nn.Linear(4, 4), *(Block() for _ in range(n)), nn.Linear(4, 3)).double()
    found = paths(run(net, ac.randn(5, 4).double(), ac.arange(5) % 3))
    expected = [math.comb(n, k) * 0.5 ** (n - k) * 0.25**k / 0.75**n for k in range(n + 1)]
    assert [d.share for d in found.degrees] == pytest.approx(expected, rel=1e-9)
    assert found.gain == pytest.approx(0.5**n)
    assert found.mean_length == pytest.approx(n / 3)


def test_marks_of_ones_own_count_their_crossings() -> None:
    ac.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 3))
    r = run(net, ac.randn(5, 4), ac.arange(5) % 3)
    found = paths(r, r.input, marks={"first": r.vertex("1"), "second": r.vertex("3")})
    assert [round(d.share, 6) for d in found.degrees] == [0, 0, 1]
    with pytest.raises(ArgumentError, match="single paths need residual blocks"):
        paths(r, r.input, marks={"first": r.vertex("1")}, samples=2)


def test_what_cannot_be_split_is_said() -> None:
    ac.manual_seed(0)
    plain = run(nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 3)), ac.randn(5, 4), ac.arange(5) % 3)
    with pytest.raises(GraphError, match="has no residual block; name the vertices"):
        paths(plain)
    dead = models.resnet20(num_classes=3)
    dead.fc.weight.data = ac.zeros(*dead.fc.weight.shape)
    with pytest.raises(GraphError, match="exactly 0; there is nothing to split"):
        paths(run(dead, ac.randn(2, 3, 8, 8), ac.arange(2)))
    ac.manual_seed(0)
    long = run(models.residual(30, width=2), ac.randn(2, 1, 8, 8), ac.arange(2))
    with pytest.raises(ArgumentError, match="there are 14 blocks, 2\\^14 paths; at most 12"):
        each_path(long)


def test_the_table_and_the_sentence() -> None:
    found: Paths = paths(small(), signs=4, samples=2, crossings=True)
    assert len(found.rows()) == 6
    assert found.to_dict()["mode"] == "eval"
    assert found.sentence().startswith("Of 5 residual branches the gradient crosses ")
    assert str(found).count("\n") == 7
    low, high = found.range()
    assert 0 <= low <= high <= 5


def test_underflow_on_the_way_does_not_lose_paths() -> None:
    """Branches of gain 1e-9 each: the longest path has 1e-108 of the gradient, and is measured as such."""

    class Block(nn.Module):
        def forward(self, x: ac.Tensor) -> ac.Tensor:
            return x + (x * 1.0).clamp(-1e9, 1e9) * 1e-9

    net = nn.Sequential(nn.Linear(4, 4), *(Block() for _ in range(12)), nn.Linear(4, 3))
    found = paths(run(net, ac.randn(5, 4), ac.arange(5) % 3))
    assert found.degrees[12].ratio == pytest.approx(1e-108, rel=1e-4)


def test_blocks_may_be_named_and_what_is_not_finite_is_said() -> None:
    ac.manual_seed(0)
    net = models.resnet20(num_classes=3)
    r = run(net, ac.randn(2, 3, 8, 8), ac.arange(2))
    assert paths(r, joins=["layer1.0", "layer3.2"]).marks == ("layer1/0", "layer3/2")
    net.fc.weight.data = net.fc.weight * math.nan
    with pytest.raises(GraphError, match="not finite; there is nothing to split"):
        paths(run(net, ac.randn(2, 3, 8, 8), ac.arange(2)))
