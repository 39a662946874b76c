"""Lesions of trained networks: against a loop by hand, and what the numbers say."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

import autocnn as ac
from autocnn import flow, models, nn
from autocnn.errors import ArgumentError, GraphError, OperandError
from autocnn.flow.lesion import kendall, lesions
from autocnn.flow.plain import without_skips
from autocnn.nn import functional as F
from autocnn.optim import SGD


def images(count: int, seed: int = 0):
    """Ten classes of 8x8 images: a bright square in one of ten places, and noise."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 10, count)
    x = rng.normal(0, 0.5, (count, 1, 8, 8)).astype("float32")
    for i, label in enumerate(y):
        row, column = divmod(int(label), 5)
        x[i, 0, 4 * row : 4 * row + 3, column : column + 3] += 1.5
    return ac.tensor(x), ac.tensor(y)


def taught(net, steps: int = 80):
    x, y = images(512, 1)
    optimizer = SGD(net.parameters(), 0.05, momentum=0.9)
    for step in range(steps):
        part = slice(64 * (step % 8), 64 * (step % 8) + 64)
        optimizer.zero_grad()
        F.cross_entropy(net(x[part]), y[part]).backward()
        optimizer.step()
    return net


@pytest.fixture(scope="module")
def networks():
    ac.manual_seed(5)
    residual = models.DeepNet(18, 8, skips=True, activation="relu", norm="batch")
    plain = without_skips(residual)
    return taught(residual), taught(plain, 160)


def score(net, x, y):
    net.eval()
    with ac.no_grad():
        z = net(x)
        return float((z.array.argmax(1) == y.array).mean()), F.cross_entropy(z, y).item()


def test_every_block_against_a_loop_by_hand(networks):
    net, _ = networks
    x, y = images(100)
    found = lesions(net, x, y, batch=32, counts=(), swaps=())
    assert (found.network, found.images) == ("residual", 100)
    assert (found.accuracy, found.loss) == pytest.approx(score(net, x, y), rel=1e-5)
    assert found.blocks == tuple(f"blocks/{i}" for i in range(8))
    for i, lesion in enumerate(found.each):
        with ac.no_grad():
            z = net.stem(x)
            for j, block in enumerate(net.blocks):
                z = z.relu() if i == j else block(z)
            z = net.head(net.flatten(z))
        expected = float((z.array.argmax(1) == y.array).mean()), F.cross_entropy(z, y).item()
        assert (lesion.accuracy, lesion.loss) == pytest.approx(expected, rel=1e-4), i


def test_the_residual_network_bears_it_and_its_plain_twin_does_not(networks):
    x, y = images(200)
    with_skips, without = (lesions(net, x, y) for net in networks)
    assert with_skips.accuracy > 0.9
    assert without.accuracy > 0.9
    assert np.median([lesion.error for lesion in with_skips.each]) < 0.15
    assert np.median([lesion.error for lesion in without.each]) > 0.6
    assert without.network == "plain"
    assert without.blocks[:2] == ("blocks/0/conv1", "blocks/0/conv2")
    assert "the error" in with_skips.sentence()
    fewest, most = with_skips.sets[0].count, with_skips.sets[-1].count
    error = {k: np.median([s.error for s in with_skips.sets if s.count == k]) for k in (fewest, most)}
    assert error[fewest] < error[most]


def test_layers_of_a_chain_with_their_norms():
    ac.manual_seed(2)
    layers = [nn.Conv2d(1, 6, 3, padding=1), nn.ReLU()]
    layers += [nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(96, 96), nn.Linear(96, 10)]
    net = taught(nn.Sequential(*layers), 20).eval()
    x, y = images(50)
    found = lesions(net, x, y, counts=[2], swaps=())
    assert found.blocks == ("2", "6", "9")  # what keeps the shape
    for lesion, left_out in zip(found.each, ({2, 3}, {6}, {9}), strict=True):
        z = x
        for place, layer in enumerate(layers):
            z = z if place in left_out else layer(z)
        assert lesion.loss == pytest.approx(F.cross_entropy(z, y).item(), rel=1e-5)


def test_blocks_of_a_plain_network_by_name(networks):
    _, plain = networks
    x, y = images(64)
    found = lesions(plain, x, y, blocks=["blocks.2", "blocks.5"], counts=[2])
    assert found.blocks == ("blocks/2", "blocks/5")
    assert (found.network, len(found.each), len(found.sets), found.orders) == ("plain", 2, 1, ())
    with pytest.raises(ArgumentError, match="'stem' maps"):
        lesions(plain, x, y, blocks=["stem"])


def test_random_sets_are_seeded_and_different(networks):
    net, _ = networks
    x, y = images(40)
    first, again = (lesions(net, x, y, counts=[3, 8], seeds=4, swaps=()) for _ in range(2))
    assert first == again
    threes = [s.blocks for s in first.sets if s.count == 3]
    assert len(set(threes)) == len(threes) >= 3  # a set that comes again is left out
    assert [s.count for s in first.sets].count(8) == 1  # there is one way to take all
    assert all(list(blocks) == sorted(blocks) for blocks in threes)


def test_orders_are_those_of_the_modules(networks):
    net, _ = networks
    x, y = images(60)
    before = list(net.blocks)
    (order,) = lesions(net, x, y, counts=(), swaps=[2], seeds=1).orders
    assert list(net.blocks) == before
    places = list(range(8))
    for pair in order.blocks:
        a, b = (int(path.split("/")[1]) for path in pair.split(" <-> "))
        places[a], places[b] = places[b], places[a]
    assert order.tau == kendall(places)
    with ac.no_grad():
        z = net.stem(x)
        for place in places:
            z = before[place](z)
        z = net.head(net.flatten(z))
    assert order.loss == pytest.approx(F.cross_entropy(z, y).item(), rel=1e-4)


class Branched(nn.Module):
    """x + f(x), f a convolution or other blocks."""

    def __init__(self, *inside: nn.Module) -> None:
        super().__init__()
        self.inside = nn.Sequential(*inside) if inside else nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        return x + self.inside(x).tanh()


def net_of(*blocks: nn.Module):
    ac.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), *blocks, nn.Flatten(), nn.Linear(256, 10))


def test_every_order_is_another_and_none_the_one_before():
    x, y = images(20)
    four = net_of(*[Branched() for _ in range(4)])
    orders = lesions(four, x, y, counts=(), seeds=6).orders
    assert {order.count for order in orders} == {1, 2, 4}
    assert len({places(order.blocks, range(1, 5)) for order in orders} | {(1, 2, 3, 4)}) == len(orders) + 1
    assert all(order.tau < 1 for order in orders)
    two = net_of(Branched(), Branched())
    assert [order.count for order in lesions(two, x, y, counts=(), swaps=[1, 2, 3]).orders] == [1]
    assert not lesions(two, x, y, counts=(), swaps=[2]).orders  # there is no such order


def places(pairs, order):
    order = list(order)
    for pair in pairs:
        a, b = (int(path) - 1 for path in pair.split(" <-> "))
        order[a], order[b] = order[b], order[a]
    return tuple(order)


def test_what_cannot_change_places_is_left_out():
    x, y = images(20)
    nested = lesions(net_of(*[Branched(Branched(), Branched()) for _ in range(2)]), x, y)
    assert nested.blocks[:3] == ("1/inside/0", "1/inside/1", "1")
    moved = {path for order in nested.orders for pair in order.blocks for path in pair.split(" <-> ")}
    assert moved == {"1/inside/0", "1/inside/1", "2/inside/0", "2/inside/1"}
    block = Branched()
    shared = lesions(net_of(block, block, block), x, y)
    assert (len(shared.each), shared.orders) == (3, ())


class Narrowing(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.block = nn.Conv2d(channels, 4, 1), nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        x = self.first(x)
        return x + self.block(x).tanh()


def test_modules_that_take_another_shape_stay():
    x, y = images(20)
    net = net_of(nn.Conv2d(4, 6, 1), Narrowing(6), Branched(), Branched())
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    moved = {pair for order in lesions(net, x, y).orders for pair in order.blocks}
    assert moved <= {"3 <-> 4", "4 <-> 3"}
    assert moved


class Returning(nn.Module):
    def __init__(self, what) -> None:
        super().__init__()
        self.net, self.what = net_of(Branched()), what

    def forward(self, x):
        return self.what(self.net(x))


@pytest.mark.parametrize(("what", "said"), [
    (lambda z: (z, z), "returns a tuple"),
    (lambda z: {"scores": z}, "returns a dict"),
    (lambda z: z.sum(1), r"returns shape \(20,\)"),
])  # fmt: skip
def test_a_model_that_returns_no_scores(what, said):
    with pytest.raises(OperandError, match=f"lesions: the model {said}; .* one tensor of scores"):
        lesions(Returning(what), *images(20))


@pytest.mark.parametrize("n", [2, 5])
def test_kendall_against_pairs(n):
    for order in itertools.permutations(range(n)):
        inversions = sum(a > b for a, b in itertools.combinations(order, 2))
        assert kendall(order) == pytest.approx(1 - 4 * inversions / (n * (n - 1)))


def test_the_model_stays_as_it_is(networks):
    net, _ = networks
    net.train()
    net.blocks[3].eval()
    state = {key: t.array.copy() for key, t in net.state_dict().items()}
    modes = [m.training for m in net.modules()]
    seen = []
    lesions(net, *images(30), progress=lambda done, of: seen.append((done, of)))
    assert modes == [m.training for m in net.modules()]
    assert all(np.array_equal(state[key], t.array) for key, t in net.state_dict().items())
    assert type(net) is models.DeepNet
    assert seen == [(i + 1, len(seen)) for i in range(len(seen))]
    net.train()


def test_a_statistic_that_moves_in_eval_mode_is_an_error():
    class Counting(nn.Module):
        def __init__(self):
            self.lin = nn.Linear(2, 2)
            self.register_buffer("seen", ac.zeros(1))

        def forward(self, x):
            self.seen += 1
            return x + self.lin(x).relu()

    with pytest.raises(GraphError, match="the buffer seen was written in eval mode"):
        lesions(Counting(), ac.ones(4, 2), ac.tensor([0, 1, 0, 1]))


def test_an_untrained_network_means_nothing():
    net = models.DeepNet(8, 4, skips=True)
    found = lesions(net, *images(300), counts=(), swaps=())
    assert found.meaningless
    assert "has not learned, so that removing a block means nothing" in found.sentence()
    assert found.to_dict()["meaningless"] is True


def test_other_actions(networks):
    net, _ = networks
    x, y = images(50)
    cut = lesions(net, x, y, action="cut gradient", counts=(), swaps=())
    assert {lesion.loss for lesion in cut.each} == {cut.loss}
    doubled = lesions(net, x, y, action=1.0, counts=(), swaps=())
    assert [lesion.loss for lesion in doubled.each] == pytest.approx([cut.loss] * 8, rel=1e-6)
    skipless = lesions(net, x, y, action="remove skip", counts=(), swaps=())
    assert "After 'remove skip' in one block" in skipless.sentence()
    with pytest.raises(ArgumentError, match="has no skip, and can only be removed"):
        lesions(networks[1], x, y, action=0.5)


def test_a_loader_does_as_well_and_tables_are_strict(networks):
    net, _ = networks
    x, y = images(40)
    whole = lesions(net, x, y, counts=[2], swaps=[1])
    parts = lesions(net, [(x[:16], y[:16]), (x[16:], y[16:])], counts=[2], swaps=[1])
    assert [lesion.accuracy for lesion in whole.each] == [lesion.accuracy for lesion in parts.each]
    rows = whole.rows()
    assert (rows[0]["kind"], rows[0]["accuracy"], len(rows)) == ("none", whole.accuracy, 1 + 8 + 3 + 3)
    assert {"kind", "blocks", "count", "seed", "tau", "accuracy", "loss", "error"} == set(rows[1])
    json.dumps(whole.to_dict(), allow_nan=False)
    text = str(whole)
    assert "blocks/7" in text
    assert text.endswith(whole.sentence())


def test_what_it_refuses(networks):
    net, plain = networks
    x, y = images(8)
    with pytest.raises(ArgumentError, match="there are no images"):
        lesions(net, x[:0], y[:0])
    with pytest.raises(ArgumentError, match=r"x is \(8, 1, 8, 8\) and y \(7,\)"):
        lesions(net, x, y[:7])
    with pytest.raises(ArgumentError, match="counts has 9; there are 8 blocks"):
        lesions(net, x, y, counts=[9])
    with pytest.raises(ArgumentError, match="no two blocks can change places"):
        lesions(plain, x, y, counts=(), swaps=[1])


def test_the_public_names():
    assert flow.lesions is lesions
    assert flow.without_skips is without_skips
