"""Draws keyed by seed and path: what twins share is equal to the bit, whatever else they have."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from autocnn import models, nn, no_grad, ops
from autocnn.errors import ArgumentError
from autocnn.nn.init import by_path


def values(model: nn.Module) -> dict[str, Any]:
    return {name: p.array for name, p in model.named_parameters()}


def assert_shared(ours: dict[str, Any], theirs: dict[str, Any], count: int) -> None:
    common = [name for name in ours if name in theirs and ours[name].shape == theirs[name].shape]
    assert len(common) == count
    for name in common:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


def deep(seed: int = 0, **options: Any) -> dict[str, Any]:
    return values(by_path(lambda: models.DeepNet(**{"depth": 12, "width": 4, "skips": True, **options}), seed))


@pytest.mark.parametrize("init", ["default", "he", "orthogonal"])
def test_a_projection_shifts_no_later_weight(init: str) -> None:
    plain = deep(skips=False, stages=3, init=init)
    projected = deep(stages=3, projection=True, init=init)
    assert len(projected) == len(plain) + 2
    assert_shared(plain, projected, len(plain))


def test_depth_width_and_norm_shift_no_weight_that_is_shared() -> None:
    net = deep()
    assert_shared(net, deep(depth=20), len(net))
    assert_shared(net, deep(norm="batch"), 13)  # biases before a norm are gone


def test_a_gain_multiplies_the_very_same_draws() -> None:
    net, doubled = deep(init="he"), deep(init="he", gain=2.0)
    np.testing.assert_array_equal(2 * net["blocks.0.conv1.weight"], doubled["blocks.0.conv1.weight"])
    np.testing.assert_array_equal(net["head.weight"], doubled["head.weight"])


def test_seeds_and_paths_differ() -> None:
    assert not np.array_equal(deep(0)["stem.0.weight"], deep(1)["stem.0.weight"])
    net = deep()
    weights = [value.tobytes() for name, value in net.items() if name.endswith("conv1.weight")]
    assert len(set(weights)) == len(weights)


def test_any_model_can_be_drawn_so_and_keeps_its_own_laws() -> None:
    net = by_path(models.plain20, 3)
    twin = by_path(models.resnet20, 3)
    assert_shared(values(net), values(twin), len(values(net)))
    weight = net.layer3[2].conv1.weight.array
    assert weight.std() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)  # He's, by fan_out


def test_what_make_does_to_its_parameters_holds() -> None:
    def make() -> nn.Module:
        layer = nn.Linear(50, 50)
        nn.init.trunc_normal_(layer.weight, std=2.0)  # draws again what falls outside
        with no_grad():
            layer.weight.mul_(0.5)
        return layer

    layer = by_path(make, 0)
    expected = nn.init.trunc_normal_(ops.zeros(50, 50), std=2.0, generator=ops.random.generator_of(0, "weight"))
    np.testing.assert_array_equal(layer.weight.array, 0.5 * expected.array)


def test_the_librarys_generator_is_left_as_it_was() -> None:
    ops.manual_seed(4)
    expected = ops.rand(3).tolist()
    ops.manual_seed(4)
    by_path(lambda: nn.Linear(3, 3), 0)
    assert ops.rand(3).tolist() == expected


def test_draws_outside_init_come_from_the_seed() -> None:
    def make() -> nn.Module:
        layer = nn.Linear(3, 3)
        layer.own = nn.Parameter(ops.randn(3))
        return layer

    assert by_path(make, 5).own.tolist() == by_path(make, 5).own.tolist() != by_path(make, 6).own.tolist()


def test_another_process_draws_the_same() -> None:
    code = (
        "from autocnn import nn; from autocnn.nn.init import by_path; "
        "print(by_path(lambda: nn.Linear(3, 3), 9).weight.array.tobytes().hex())"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert out == by_path(lambda: nn.Linear(3, 3), 9).weight.array.tobytes().hex()


@pytest.mark.parametrize("counts", [(2, 3), (3, 2)])
def test_a_make_that_changes_is_refused(counts: tuple[int, int]) -> None:
    left = iter(counts)
    with pytest.raises(ArgumentError) as caught:
        by_path(lambda: nn.Sequential(*(nn.Linear(2, 2) for _ in range(next(left)))), 0)
    assert str(caught.value) == (
        "by_path: make draws other parameters when it is called again; it must draw the same"
    )
