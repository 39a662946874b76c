"""The recorder: what it says is what one computes by hand, in any loop; the training does not notice it."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import flow, models, nn, optim, train
from autocnn.engine import Tensor, checkpoint, witness
from autocnn.errors import ArgumentError, AutocnnError
from autocnn.flow.statistics import moments
from autocnn.nn import functional as F
from autocnn.optim import optimizer as stepping
from autocnn.testing import standin  # noqa: F401  (its import makes the device known)


def batches(n: int = 16, features: tuple[int, ...] = (3,), classes: int = 2) -> Iterator[tuple[Tensor, Tensor]]:
    rng = np.random.default_rng(0)
    while True:
        x = rng.normal(size=(n, *features)).astype(np.float32)
        yield Tensor(x), Tensor(rng.integers(0, classes, n))


def perceptron() -> nn.Sequential:
    ac.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))


def trained(model: Any, steps: int, sgd: Any, data: Any) -> None:
    for _, (x, y) in zip(range(steps), data, strict=False):
        sgd.zero_grad()
        F.cross_entropy(model(x), y).backward()
        sgd.step()


def of(w: flow.Record, kind: str, **wanted: Any) -> list[dict[str, Any]]:
    return [r for r in w.rows() if r["kind"] == kind and all(r[k] == v for k, v in wanted.items())]


def is_clean(model: Any) -> bool:
    return all(m._hooks is None for m in model.modules()) and not witness._witnesses and not stepping._onlookers


# What it says -------------------------------------------------------------------------------------------------


def test_on_schedule_it_is_the_gradient_of_every_layer() -> None:
    net = perceptron()
    sgd = optim.SGD(net.parameters(), lr=0.5)
    data = batches()
    layers = list(net)
    expected = []
    with flow.watch(net) as w:
        for _ in range(5):
            x, y = next(data)
            sgd.zero_grad()
            with flow.sizes_at(layers) as sizes:
                F.cross_entropy(net(x), y).backward()
            sgd.step()
            expected.append(sizes)
    assert w.to_dict()["step"] == [1, 2, 3, 5]
    for step, sizes in ((1, expected[0]), (5, expected[4])):
        for i, size in enumerate(sizes):
            [row] = of(w, "vertex", name=str(i), step=step)
            assert size is not None
            assert row["exact"]
            assert row["error"] == 0
            assert row["rms"] == pytest.approx(size.rms, rel=1e-6)
            assert row["largest"] == pytest.approx(size.largest, rel=1e-6)
            assert row["zeros"] == pytest.approx(size.zeros)


def test_a_sample_is_the_same_images_of_every_batch_with_its_error() -> None:
    net = perceptron()
    sgd = optim.SGD(net.parameters(), lr=0.0)
    x, y = next(batches(64))
    with flow.watch(net, every=1, sample=1 / 16, seed=5) as w:
        trained(net, 4, sgd, iter([(x, y)] * 4))
    [sampled] = of(w, "vertex", name="0", step=4)
    assert not sampled["exact"]
    taken: list[Any] = []
    h = net[0](x)
    h.register_hook(lambda g: taken.append(g.array[5::16]))
    F.cross_entropy(nn.Sequential(*list(net)[1:])(h), y).backward()
    squares = ((taken[0].astype(np.float64) * 64) ** 2).mean(1)
    assert sampled["rms"] == pytest.approx(math.sqrt(squares.mean()), rel=1e-5)
    error = math.sqrt(squares.var(ddof=1) / 4 * (1 - 4 / 64)) / (2 * math.sqrt(squares.mean()))
    assert sampled["error"] == pytest.approx(error, rel=1e-4)


def test_the_standard_error_is_right() -> None:
    rng = np.random.default_rng(0)
    images = 64
    misses = []
    for _ in range(300):
        rows = (rng.normal(size=(images, 20)) * rng.lognormal(0, 0.3, size=(images, 1))).astype(np.float32)
        m = moments(rows[::4])
        misses.append((m.rms - moments(rows).rms) / m.error(images))
    assert 0.85 < np.std(misses) < 1.25
    assert moments(rows).error(images) == 0
    assert moments(rows[:1]).error(images) == math.inf


def test_parameters_are_exact_at_every_step() -> None:
    net = perceptron()
    sgd = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    data = batches()
    seen = []
    with flow.watch(net, every=1) as w:
        for _ in range(6):
            x, y = next(data)
            sgd.zero_grad()
            F.cross_entropy(net(x), y).backward()
            before = {name: p.array.copy() for name, p in net.named_parameters()}
            gradients = {name: p.grad.array.copy() for name, p in net.named_parameters() if p.grad is not None}
            norm = nn.utils.clip_grad_norm_(net.parameters(), 0.2).item()
            sgd.step()
            moved = {name: p.array - before[name] for name, p in net.named_parameters()}
            seen.append((before, gradients, norm, moved))
    for step, (before, gradients, norm, moved) in enumerate(seen, start=1):
        [whole] = of(w, "step", step=step)
        assert whole["norm_before"] == pytest.approx(norm, rel=1e-5)
        assert whole["norm_after"] == pytest.approx(min(norm, 0.2), rel=1e-4)
        for name in before:
            [row] = of(w, "parameter", name=name, step=step)
            assert row["rms"] == pytest.approx(np.sqrt(np.mean(gradients[name].astype(np.float64) ** 2)), rel=1e-5)
            expected = np.linalg.norm(moved[name]) / np.linalg.norm(before[name])
            assert row["ratio"] == pytest.approx(float(expected), rel=1e-4)
    assert w.report.clipped == sum(norm > 0.2 for _, _, norm, _ in seen) > 0


def test_values_saturation_and_functional_activations() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(3, 8), nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Any:
            return self.b(ac.tanh(5 * self.a(x)))

    ac.manual_seed(0)
    net = Net()
    x, y = next(batches())
    with flow.watch(net) as w:
        F.cross_entropy(net(x), y).backward()
    [row] = of(w, "vertex", op="tanh")
    z = np.tanh(5 * net.a(x).array)
    assert row["value_rms"] == pytest.approx(float(np.sqrt(np.mean(z**2))), rel=1e-5)
    assert row["saturated"] == np.mean(1 - z**2 < 0.05)
    assert row["name"] == ""


def test_blocks_are_those_of_measure() -> None:
    ac.manual_seed(0)
    net = models.residual(6, width=4)
    x, y = next(batches(4, (1, 8, 8), 10))
    with flow.watch(net) as w:
        F.cross_entropy(net(x), y).backward()
    found = {row["name"]: row["ratio"] for row in of(w, "block")}
    expected = {block.name: block.ratio for block in flow.measure(net, x, y).blocks}
    assert found == pytest.approx(expected, rel=1e-4)
    assert len(found) == len(net.blocks)


def test_saturated_channels_recover_and_dead_ones_are_named() -> None:
    net = nn.Sequential(nn.ReLU(), nn.Linear(2, 2))
    x = np.ones((8, 2), np.float32)
    sgd = optim.SGD(net.parameters(), lr=0.0)
    signs = [1, -1, -1, -1, -1, -1, 1, 1, -1]
    with flow.watch(net, every=1, sample=1.0, epoch=32) as w:
        for sign in signs:
            t = Tensor(x * np.array([sign, -1], np.float32)).requires_grad_()
            F.cross_entropy(net(t), Tensor(np.zeros(8, np.int64))).backward()
            sgd.step()
            sgd.zero_grad()
    report = w.report
    assert report.recoveries == {"0": {2: 1}}  # asleep from step 2 to 7: 5 steps, between 4 and 7
    assert report.asleep == {"0": 2}
    assert report.dead == {"0": 1}  # the second channel, on 72 images; the first has been silent for 8


# Whatever the loop --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [None, 1])
def test_the_training_is_the_same_to_the_bit(every: int | None) -> None:
    def weights(watched: bool) -> list[Any]:
        ac.manual_seed(0)
        net = models.resnet20()
        sgd = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        data = batches(8, (3, 16, 16), 10)
        if watched:
            with flow.watch(net, every=every) as w:
                trained(net, 4, sgd, data)
            assert w.report.steps == 4
            assert is_clean(net)
        else:
            trained(net, 4, sgd, data)
        return [p.array for p in net.parameters()] + [b.array for b in net.buffers()]

    for a, b in zip(weights(False), weights(True), strict=True):
        np.testing.assert_array_equal(a, b)


def test_memory_is_bounded_whatever_the_number_of_steps() -> None:
    net = perceptron()
    sgd = optim.SGD(net.parameters(), lr=0.01)
    with flow.watch(net, every=1, keep=32) as w:
        trained(net, 300, sgd, batches(4))
    steps = w.to_dict()["step"]
    exact = [step for step, is_exact in zip(steps, w.to_dict()["exact"], strict=True) if is_exact]
    assert len(steps) <= 32 + 1
    assert exact == [1, 2, 3, 5, 8, 12, 18, 27, 41, 62, 93, 140, 210]
    between = [step for step in steps if step not in exact]
    assert len(set(np.diff([s for s in between if s > 250]))) == 1
    assert w.report.sampled == 300 - len(exact)


def test_accumulated_and_several_passes_are_one_step() -> None:
    net = perceptron()
    sgd = optim.SGD(net.parameters(), lr=0.1)
    data = batches()
    with flow.watch(net, every=1) as w:
        for _ in range(3):
            sgd.zero_grad()
            for _ in range(4):
                x, y = next(data)
                (F.cross_entropy(net(x), y) / 4).backward()
            sgd.step()
    assert [row["images"] for row in of(w, "step")] == [64, 64, 64]
    assert len(of(w, "vertex", name="0")) == 3
    first = [row["rms"] for row in of(w, "vertex", name="4", step=1)]
    data = batches()
    squares = []
    for _ in range(4):
        x, y = next(data)
        m = flow.measure(perceptron(), x, y)
        squares.append((m["4"].gradient.rms / 4) ** 2)
    assert first == [pytest.approx(math.sqrt(np.mean(squares)), rel=1e-5)]


def test_evaluation_in_between_is_no_step_and_is_not_seen() -> None:
    net = perceptron()
    sgd = optim.SGD(net.parameters(), lr=0.1)
    data = batches()
    with flow.watch(net, every=1) as w:
        for _ in range(3):
            trained(net, 1, sgd, data)
            net.eval()
            with ac.no_grad():
                net(next(data)[0])
            net(next(data)[0])  # with a graph, and no backward pass
            net.train()
    assert w.report.steps == 3
    assert [row["images"] for row in of(w, "step")] == [16, 16, 16]


def test_a_loop_without_an_optimiser() -> None:
    net = perceptron()
    data = batches()
    with flow.watch(net) as w:
        for _ in range(12):
            x, y = next(data)
            F.cross_entropy(net(x), y).backward()
            with ac.no_grad():
                for p in net.parameters():
                    if p.grad is not None:
                        p.sub_(0.1 * p.grad)
            net.zero_grad()
    assert w.to_dict()["step"] == [1, 2, 3, 5, 8, 12]
    assert math.isnan(of(w, "parameter")[0]["ratio"])


def test_autocnn_train() -> None:
    net = perceptron()
    data = batches()
    pairs = [next(data) for _ in range(5)]
    with flow.watch(net, every=1) as w:
        train.Trainer(net, optim.Adam(net.parameters())).fit(pairs, 2, validation=pairs)
    assert w.report.steps == 10


def test_two_models_in_one_loop_are_told_apart() -> None:
    ac.manual_seed(0)
    maker, judge = nn.Sequential(nn.Linear(2, 3)), nn.Sequential(nn.Linear(3, 2))
    a, b = optim.SGD(maker.parameters(), lr=0.1), optim.SGD(judge.parameters(), lr=0.1)
    noise, labels = Tensor(np.ones((4, 2), np.float32)), Tensor(np.array([0, 1, 0, 1]))
    losses = []
    with flow.watch(judge, every=1) as w, flow.watch(maker, every=1) as other:
        for _ in range(3):
            b.zero_grad()
            made = maker(noise)
            F.cross_entropy(judge(made.detach()), labels).backward()
            F.cross_entropy(judge(Tensor(np.zeros((4, 3), np.float32))), labels).backward()
            b.step()
            a.zero_grad()
            loss = F.cross_entropy(judge(made), labels)
            loss.backward()
            a.step()
            losses.append(loss.item())
    assert {row["name"] for row in of(w, "vertex")} == {"0"}
    assert all(row["name"].startswith("0.") for row in of(w, "parameter"))
    assert [row["loss"] for row in of(other, "step")] == losses
    images = [row["images"] for row in of(w, "step")]
    assert images == [
        8,
        4,
        8,
        4,
        8,
        4,
    ]  # what the maker learns from the judge is another step: gradients were dropped


def test_parts_called_on_their_own_and_shared_modules() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = nn.Sequential(nn.Linear(3, 3), nn.Tanh()), nn.Linear(3, 2)

    net = Two()
    x, y = next(batches())
    with flow.watch(net) as w:
        h = net.encoder(net.encoder(x))
        F.cross_entropy(net.decoder(h), y).backward()
    names = [(row["name"], row["op"]) for row in of(w, "vertex")]
    assert sorted(names) == [("decoder", "linear"), ("encoder/0", "linear"), ("encoder/1", "tanh")]
    twice = nn.Tanh()
    shared = nn.Sequential(twice, nn.Linear(3, 3), twice, nn.Linear(3, 2))
    with flow.watch(shared) as w:
        F.cross_entropy(shared(Tensor(x.array).requires_grad_()), y).backward()
    assert [row["name"] for row in of(w, "vertex")] == ["0", "1", "0 (2)", "3"]


def test_closures_checkpoints_and_in_place_relus() -> None:
    ac.manual_seed(0)
    first, rest = nn.Sequential(nn.Linear(3, 8), nn.ReLU(inplace=True)), nn.Linear(8, 2)
    net = nn.Sequential(first, rest)
    sgd = optim.SGD(net.parameters(), lr=0.1)
    x, y = next(batches())

    def closure() -> Any:
        sgd.zero_grad()
        loss = F.cross_entropy(rest(checkpoint.checkpoint(first, x)), y)
        loss.backward()
        return loss

    with flow.watch(net, every=1) as w:
        for _ in range(3):
            sgd.step(closure)
    assert w.report.steps == 3
    assert {row["name"] for row in of(w, "vertex")} == {"0/0", "0/1", "1"}
    assert all(row["ratio"] > 0 for row in of(w, "parameter"))


# Errors and nesting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_model_clean_and_the_record_usable(error: type[BaseException]) -> None:
    net = perceptron()
    sgd = optim.SGD(net.parameters(), lr=0.1)
    data = batches()
    with pytest.raises(error), flow.watch(net, every=1) as w:  # noqa: PT012
        trained(net, 3, sgd, data)
        net(next(data)[0])
        raise error
    assert is_clean(net)
    assert w.report.steps == 3
    assert len(of(w, "vertex", name="0")) == 3
    assert w.show().bytes("svg")[:5] == b"<?xml"


def test_an_error_within_a_forward_pass_costs_that_pass_alone() -> None:
    net = perceptron()
    sgd = optim.SGD(net.parameters(), lr=0.1)
    data = batches()
    with flow.watch(net, every=1) as w:
        trained(net, 1, sgd, data)
        with pytest.raises(ac.errors.ShapeError):
            net(Tensor(np.ones((2, 7), np.float32)))
        trained(net, 1, sgd, data)
    assert [len(of(w, "vertex", step=step)) for step in (1, 2)] == [5, 5]


def test_nested_and_repeated() -> None:
    net = perceptron()
    sgd = optim.SGD(net.parameters(), lr=0.1)
    data = batches()
    w = flow.watch(net)
    with w:
        trained(net, 2, sgd, data)
        with flow.watch(net[2], every=1) as inner:
            trained(net, 2, sgd, data)
        with pytest.raises(AutocnnError, match="watch: this recorder is open already"), w:
            pass
        trained(net, 1, sgd, data)
    assert is_clean(net)
    with w:
        trained(net, 3, sgd, data)
    assert w.report.steps == 8
    assert w.to_dict()["step"] == [1, 2, 3, 5, 8]
    assert inner.report.steps == 2
    assert {row["name"] for row in of(inner, "vertex")} == {""}
    assert {row["name"] for row in of(inner, "parameter")} == {"weight", "bias"}


def test_hooks_of_others_stay_and_copies_are_not_watched() -> None:
    net = perceptron()
    called = []
    net[0].register_forward_hook(lambda module, args, output: called.append(1))
    x, y = next(batches())
    with flow.watch(net) as w:
        twin = copy.deepcopy(net)
        F.cross_entropy(twin(x), y).backward()
        F.cross_entropy(net(x), y).backward()
    assert len(of(w, "vertex")) == 5
    net(x)
    assert len(called) == 2
    assert net[0]._hooks is not None
    assert net[1]._hooks is None


def test_what_is_not_finite_and_what_was_not_recorded() -> None:
    net = perceptron()
    empty = flow.watch(net)
    with pytest.raises(ArgumentError, match="watch: nothing was recorded"):
        empty.show()
    assert "0 steps" in str(empty)
    with flow.watch(net) as w:
        F.cross_entropy(
            net(Tensor(np.full((4, 3), np.inf, np.float32))), Tensor(np.array([0, 1, 0, 1]))
        ).backward()
    text = json.dumps(w.to_dict(), allow_nan=False)
    assert json.loads(text)["vertices"][0]["rms"] == [None]
    assert of(w, "vertex")[0]["strange"] > 0
    assert w.show().bytes("png")[1:4] == b"PNG"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"every": 0}, "every is 0; it must be a whole number of at least 1"),
        ({"keep": 3}, "keep is 3; it must be a whole number of at least 16"),
        ({"epoch": 1.5}, "epoch is 1.5"),
        ({"sample": 0}, "sample is 0; it is the share of images"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        flow.watch(perceptron(), **settings)


def test_it_states_its_cost() -> None:
    net = perceptron()
    with flow.watch(net, every=1) as w:
        trained(net, 10, optim.SGD(net.parameters(), lr=0.1), batches())
    report = w.report
    assert report.overhead > 0
    assert report.overhead_sampled > 0
    assert "recording added" in str(w)
    assert "at steps measured on a sample" in str(report)


def test_on_a_device_it_says_the_same() -> None:
    def recorded(device: str) -> Any:
        ac.manual_seed(0)
        net = models.residual(6, width=4).to(device)
        sgd = optim.SGD(net.parameters(), lr=0.05)
        data = ((x.to(device), y.to(device)) for x, y in batches(8, (1, 8, 8), 10))
        with flow.watch(net, every=1, epoch=10) as w:
            trained(net, 4, sgd, data)
        return w.to_dict(), flow.measure(net, *next(data)).to_dict()

    for here, there in zip(recorded("cpu"), recorded("standin"), strict=True):
        for kind in ("vertices", "parameters", "blocks"):
            assert [x["name"] for x in there[kind]] == [x["name"] for x in here[kind]]
        rms = [[x["rms"] if "rms" in x else [x["gradient"]["rms"]] for x in d["vertices"]] for d in (here, there)]
        np.testing.assert_allclose(rms[1], rms[0], rtol=1e-4)
