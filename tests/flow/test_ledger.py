"""The ledger of forks: shares, norms and cosines, against contributions computed one by one."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn
from autocnn.autograd import grad
from autocnn.errors import GraphError
from autocnn.flow.ledger import ledger
from autocnn.flow.run import run
from autocnn.nn import functional as F


class Two(nn.Module):
    """x + f(x) at a fork whose contributions can be had one by one."""

    def __init__(self) -> None:
        self.stem, self.branch, self.head = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x: ac.Tensor, cut: str = "") -> ac.Tensor:
        x = self.stem(x).tanh()
        branch = (x.detach() if cut == "branch" else x).clone()
        skip = x.detach() if cut == "skip" else x
        return self.head(skip + self.branch(branch).tanh())


def data(net: nn.Module) -> tuple[ac.Tensor, ac.Tensor]:
    return ac.randn(8, 4).double(), ac.arange(8) % 3


def test_a_residual_fork_equals_its_parts_computed_one_by_one() -> None:
    ac.manual_seed(0)
    net = Two().double()
    x, y = data(net)
    book = ledger(run(net, x, y))
    [fork] = book.residual
    parts = {}
    for side, cut in (("skip", "branch"), ("branch", "skip")):
        kept: list[ac.Tensor] = []
        handle = net.stem.register_forward_hook(lambda m, i, z, kept=kept: kept.append(z))
        loss = F.cross_entropy(net(x, cut), y)
        handle.remove()
        # dL/d(tanh) from dL/d(stem): the derivative of tanh is divided out
        z = kept[0]
        parts[side] = grad(loss, z)[0].numpy() / (1 - np.tanh(z.detach().numpy()) ** 2)
    whole = parts["skip"] + parts["branch"]
    sides = {c.side: c for c in fork.contributions}
    for side, c in parts.items():
        assert sides[side].share == pytest.approx((c * whole).sum() / (whole**2).sum(), rel=1e-9)
        assert sides[side].ratio == pytest.approx(np.linalg.norm(c) / np.linalg.norm(whole), rel=1e-9)
        assert sides[side].log2_norm == pytest.approx(math.log2(8 * np.linalg.norm(c)), rel=1e-9)
        each = (c * whole).sum(1) / (whole**2).sum(1)
        spread = sides[side].by_image
        assert spread is not None
        assert (spread.low, spread.median, spread.high) == pytest.approx(np.percentile(each, [25, 50, 75]))
    cosine = (parts["skip"] * parts["branch"]).sum() / np.prod([np.linalg.norm(c) for c in parts.values()])
    order = [c.side for c in fork.contributions]
    assert fork.cosines[order.index("skip")][order.index("branch")] == pytest.approx(cosine)
    assert fork.log2_norm == pytest.approx(math.log2(8 * np.linalg.norm(whole)))


@pytest.mark.parametrize("training", [True, False])
def test_shares_sum_to_1_at_every_fork_of_a_resnet(training: bool) -> None:
    ac.manual_seed(0)
    net = models.resnet20().double().train(training)
    book = ledger(run(net, ac.randn(4, 3, 16, 16).double(), ac.arange(4)))
    assert len(book.residual) == 9
    assert [f.name for f in book.residual] == [f"layer{i}/{j}" for i in (1, 2, 3) for j in range(3)]
    for fork in book.forks:
        assert sum(c.share for c in fork.contributions) == pytest.approx(1, abs=1e-12)
        if len(fork.contributions) == 2:
            a, b = fork.contributions
            law = a.ratio**2 + b.ratio**2 + 2 * a.ratio * b.ratio * fork.cosines[0][1]
            assert law == pytest.approx(1, abs=1e-12)
    assert book.training == training


def test_sizes_at_every_vertex_equal_the_gradient() -> None:
    ac.manual_seed(0)
    r = run(models.LeNet5(), ac.randn(4, 1, 32, 32), ac.arange(4))
    norms = ledger(r).log2_norms
    for vertex, g in r.gradients().items():
        assert norms[vertex] == pytest.approx(math.log2(4 * np.linalg.norm(g.astype("float64"))), abs=1e-5)


def test_several_consumers_and_slices_share_by_name() -> None:
    class Dense(nn.Module):
        def __init__(self) -> None:
            self.a, self.b, self.head = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(10, 3)

        def forward(self, x: ac.Tensor) -> ac.Tensor:
            x = x * 1.0
            return self.head(ac.cat([self.a(x).relu(), self.b(x).relu(), x[:, :2]], 1))

    ac.manual_seed(0)
    net = Dense().double()
    book = ledger(run(net, *data(net)))
    assert book.residual == ()
    [fork] = [f for f in book.forks if len(f.contributions) == 3]
    assert sum(c.share for c in fork.contributions) == pytest.approx(1)
    assert {c.side.replace(f"%{c.consumers[0]}", "") for c in fork.contributions} == {
        "linear  in a", "linear  in b", "slice ",
    }  # fmt: skip


def test_what_cancels_is_given_in_norms() -> None:
    class Cancels(nn.Module):
        def __init__(self) -> None:
            self.stem, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

        def forward(self, x: ac.Tensor) -> ac.Tensor:
            x = self.stem(x)
            return self.head(x.clamp(-99, 99) * 1000.0 + x * -999.0)

    ac.manual_seed(0)
    net = Cancels().double()
    [fork] = ledger(run(net, *data(net))).forks
    assert fork.cancellation == pytest.approx(1999)
    assert "they cancel 1999-fold; norms " in str(fork)
    assert " %" not in str(fork)


def test_exact_cancellation_is_infinite_and_zero_has_no_share() -> None:
    class Nothing(nn.Module):
        def __init__(self) -> None:
            self.stem, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

        def forward(self, x: ac.Tensor) -> ac.Tensor:
            x = self.stem(x)
            return self.head(x.clamp(-99, 99) - x.clamp(-99, 99) + 1.0)

    net = Nothing().double()
    [fork] = [f for f in ledger(run(net, *data(net))).forks if len(f.contributions) > 1]
    assert all(math.isnan(c.share) for c in fork.contributions)
    assert "they cancel" in str(fork)


def test_the_text_is_as_defined_and_the_table_is_tidy() -> None:
    ac.manual_seed(0)
    book = ledger(run(models.resnet20(), ac.randn(4, 3, 16, 16), ac.arange(4)))
    first = str(book.residual[0])
    assert first.startswith("layer1/0: ")
    assert "skip" in first
    assert "of the sum, cosine" in first
    assert {row["side"] for row in book.rows() if row["fork"] == "layer1/0"} == {"skip", "branch"}
    json.dumps(book.to_dict())
    assert book.sentence().startswith("At 9 forks the gradient comes back over the skip")
    plain = ledger(run(models.plain(4, width=2), ac.randn(2, 1, 8, 8), ac.arange(2)))
    assert plain.sentence().startswith("This network has no skip connection")


def test_tiny_gradients_keep_their_shares() -> None:
    class Tiny(Two):
        def forward(self, x: ac.Tensor, cut: str = "") -> ac.Tensor:
            return super().forward(x, cut) * 1e-30

    ac.manual_seed(0)
    net = Tiny()
    for p in net.head.parameters():
        p.data = p.data * 1e-30
    x, y = ac.randn(8, 4), ac.arange(8) % 3
    [fork] = ledger(run(net, x, y)).residual
    assert fork.log2_norm < -180  # below anything that float32 holds
    assert sum(c.share for c in fork.contributions) == pytest.approx(1, abs=1e-5)


def test_what_has_no_gradient_or_none_that_is_finite_says_so() -> None:
    ac.manual_seed(0)
    net = Two()
    x, y = ac.randn(8, 4), ac.arange(8) % 3
    nothing = ledger(run(net, x, y, loss=lambda z, _: z.sum() * 0.0))
    assert str(nothing.residual[0]).endswith("no gradient arrives, it is exactly 0")
    assert nothing.sentence() == "At no fork is there a gradient to share: it is exactly 0, or not finite."
    net.head.weight.data = net.head.weight * math.nan
    assert str(ledger(run(net, x, y)).residual[0]).endswith("the gradient is not finite")


def test_blocks_may_be_named() -> None:
    ac.manual_seed(0)
    r = run(models.resnet20(), ac.randn(2, 3, 16, 16), ac.arange(2))
    assert [f.name for f in ledger(r, ["layer2.1", "layer1.0"]).residual] == ["layer1/0", "layer2/1"]
    with pytest.raises(GraphError, match=r"no module 'layer9.0' adds two values"):
        ledger(r, ["layer9.0"])
