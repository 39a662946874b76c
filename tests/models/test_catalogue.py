"""Every network of the catalogue: its counts are the published ones, and scores and gradients are PyTorch's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import inspect, models, nn
from autocnn.graph import trace
from autocnn.graph.analysis import multiply_adds

from .catalogue import COUNTS, NETWORKS, made, named

CLASSES = 5


@pytest.fixture
def unfilled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Weights without first values: counting them needs none, and drawing 140 million takes seconds."""
    for name in ("kaiming_uniform_", "kaiming_normal_", "normal_", "trunc_normal_", "uniform_"):
        monkeypatch.setattr(nn.init, name, lambda tensor, *args, **more: tensor)
    with np.errstate(all="ignore"):  # what lies in memory may be infinite
        yield


def test_what_makes_a_network_has_a_name_and_a_row() -> None:
    """A network that is added to the catalogue needs its counts, and a twin in PyTorch."""
    makers = {models.get(name) for name in models.names()}
    said = {getattr(models, name) for name in models.__all__ if name not in ("get", "names")}
    assert said - makers == {
        models.CifarResNet, models.DeepNet, models.ResNet, models.SqueezeNet, models.VGG, models.WideResNet,
    }  # fmt: skip
    assert set(NETWORKS) == set(COUNTS)


# Counts ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("unfilled")
@pytest.mark.parametrize("name", NETWORKS)
def test_counts_are_the_published_ones(name: str) -> None:
    counts, model = COUNTS[name], made(name).eval()
    assert sum(p.array.size for p in model.parameters()) == counts.parameters
    found = inspect.summary(model, ac.zeros(1, model.in_channels, model.side, model.side))
    assert found.multiply_adds == counts.multiply_adds
    spare = sum(p.array.size for key, p in model.named_parameters() if key in found.unused)
    assert found.parameters == counts.parameters - spare
    assert all(key.startswith("aux") for key in found.unused)
    by_hand = found.formulas()
    assert not [str(formula) for formula in by_hand if not formula.agrees]
    assert sum(f.value for f in by_hand if f.what == "multiply-adds") == counts.multiply_adds


@pytest.mark.usefixtures("thin")
@pytest.mark.parametrize("name", NETWORKS)
def test_a_summary_adds_up_to_the_graph(name: str) -> None:
    model = made(name, num_classes=CLASSES, in_channels=2).eval()
    assert model.in_channels == next(iter(model.parameters())).shape[1] == 2
    x = ac.zeros(1, 2, *[min(model.side, 67)] * 2)
    found, graph = inspect.summary(model, x), trace(model, x)
    assert graph.vertices[graph.outputs[0]].shape[1] == CLASSES + (4 if name == "detector" else 0)
    assert found.multiply_adds == sum(row.multiply_adds for row in found)
    assert found.multiply_adds == sum(multiply_adds(graph, v.id) for v in graph.vertices if v.kind == "op")
    assert found.parameters == sum(row.parameters for row in found)
    assert found.parameters == sum(v.size for v in graph.vertices if v.kind == "parameter")


# Beside PyTorch --------------------------------------------------------------------------------------------------

SIDES = {
    "lenet5": 32, "lenet1998": 32, "plain": 8, "residual": 8, "detector": 24, "alexnet": 67, "alexnet2012": 67,
    "googlenet": 64, "squeezenet1_0": 64, "squeezenet1_1": 64,
}  # fmt: skip
"""Where images are not the smallest of their kind."""


def images(name: str, model: nn.Module, count: int) -> Any:
    """As small as the network allows."""
    side = SIDES.get(named(name)[0], 16 if model.side == 32 else 64 if "bn" in name and count > 1 else 33)
    return np.random.default_rng(0).normal(size=(count, model.in_channels, side, side))


def compare(model: nn.Module, theirs: Any, x: Any, scores: float, gradients: float) -> None:
    """Scores, statistics and all gradients: |ours - theirs| / |theirs| of each is at most the bound."""
    import torch

    given, also = ac.tensor(x).requires_grad_(), torch.from_numpy(x).requires_grad_()
    ours, right = listed(model(given)), listed(theirs(also))
    assert len(ours) == len(right)
    for y, z in zip(ours, right, strict=True):
        near(y.detach().numpy(), z.detach().numpy(), scores, "scores")
    seeds = [np.random.default_rng(k).normal(size=y.shape).astype(x.dtype) for k, y in enumerate(ours)]
    sum((y * ac.tensor(seed)).sum() for y, seed in zip(ours, seeds, strict=True)).backward()
    torch.autograd.backward(right, [torch.from_numpy(seed) for seed in seeds])
    near(given.grad.numpy(), also.grad.numpy(), gradients, "input")
    learned, state = dict(theirs.named_parameters()), theirs.state_dict()
    for key, p in model.named_parameters():
        if learned[key].grad is None:  # an auxiliary head that does not take part
            assert p.grad is None
        else:
            near(p.grad.numpy(), learned[key].grad.numpy(), gradients, key)
    for key, value in model.named_buffers():
        if value.is_floating_point():
            near(value.numpy(), state[key].numpy(), scores, key)
        else:
            assert value.item() == state[key].item()


def listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple) else [result]


def near(found: Any, right: Any, bound: float, what: str) -> None:
    assert found.shape == right.shape
    assert found.dtype == right.dtype
    error, size = (np.linalg.norm(np.asarray(v, np.float64).ravel()) for v in (found - right, right))
    assert error <= bound * (size + 1e-5), (
        f"{what}: {error / size:.2g}"
    )  # before a norm a bias has a gradient of 0


@pytest.mark.torch
@pytest.mark.usefixtures("thin")
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_scores_gradients_and_statistics_are_pytorchs(name: str, training: bool) -> None:
    """In double precision and with few channels, which shows every difference in structure."""
    pytest.importorskip("torch")
    from .twins import THIN, beside, fill

    model = made(name, num_classes=CLASSES)
    fill(model)
    model.double().train(training)
    compare(model, beside(name, model, THIN, CLASSES), images(name, model, 3), 1e-8, 1e-7)


@pytest.mark.torch
@pytest.mark.usefixtures("unfilled")
@pytest.mark.parametrize("name", models.names())
def test_the_whole_network_is_pytorchs_in_single_precision(name: str) -> None:
    """All channels. A unit that is within rounding of zero may be on in one library and off in the other; that
    leaves scores as they are, and moves gradients a little.
    """
    pytest.importorskip("torch")
    from .twins import FULL, beside, fill

    model = made(name)
    fill(model)
    compare(model.eval(), beside(name, model, FULL, None), images(name, model, 1).astype(np.float32), 1e-4, 1e-2)
