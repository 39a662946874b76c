"""Is a skip the only cure? The table against networks whose factor is known, and on the networks of the study."""

from __future__ import annotations

import json
import math
from functools import partial
from typing import Any

import numpy as np
import pytest

from autocnn import models, nn, ops
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.flow import cures
from autocnn.flow.cures import factor_per_layer, verdict

RNG = np.random.default_rng(0)
X = Tensor(RNG.normal(size=(32, 1, 8, 8)).astype(np.float32))
Y = Tensor(np.arange(32) % 10)


class Scaled(nn.Module):
    """Layers that multiply by a number each: the gradient's factor per layer is that number."""

    def __init__(self, by: float, count: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(Times(by) for _ in range(count)))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(x)  # type: ignore[no-any-return]


class Times(nn.Module):
    def __init__(self, by: float) -> None:
        super().__init__()
        self.w = nn.Parameter([by])

    def forward(self, x: Tensor) -> Tensor:
        return x * self.w


def chains(**options: Any) -> Any:
    def make(skips: bool, by: float) -> Scaled:
        return Scaled(by + skips, 11)

    columns = {str(by): {"by": by} for by in (0.4, 0.5, 1.0, 2.0, 2.2)}
    return cures(
        make, Tensor(np.ones((4, 3), np.float32)), Tensor([0]), seeds=[0, 1], columns=columns, layers=1,
        loss=lambda scores, _: scores.mean(), **options,
    )  # fmt: skip


def test_factors_and_verdicts_are_those_of_the_chain() -> None:
    table = chains(depth=10)
    for cell in table.cells:
        by = float(cell.column) + cell.skips
        assert cell.factor == pytest.approx(by, rel=1e-6)
        assert cell.power == pytest.approx(by**10, rel=1e-5)
        assert cell.ratio == cell.least == cell.most == pytest.approx(by**10, rel=1e-5)
        assert cell.verdict == ("vanishes" if by < 0.5 else "explodes" if by > 2 else "holds")
    assert chains().depth == 13  # eleven blocks of a layer, a stem and a head


def test_the_table_of_relu_networks_is_the_one_that_the_literature_leads_one_to_expect() -> None:
    table = cures(partial(models.DeepNet, 56, 8, activation="relu"), X, Y, seeds=(0, 1))
    verdicts = {row: [table[row, column].verdict for column in ("default", "good init", "batch norm")]
                for row in ("plain", "skip")}  # fmt: skip
    assert verdicts == {
        "plain": ["vanishes", "holds", "explodes"],
        "skip": ["holds", "explodes", "holds"],
    }
    lines = str(table).splitlines()
    assert lines[0].split() == ["default", "good", "init", "batch", "norm", "both"]
    assert lines[1].startswith("plain  vanishes ")
    kept = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert kept["cells"][0]["verdict"] == "vanishes"
    assert kept["seeds"] == [0, 1]


def test_rows_and_columns_are_the_callers() -> None:
    rows = {"pre": {"skips": True, "pre_activation": True}}
    table = cures(partial(models.DeepNet, 8, 3), X, Y, seeds=[3], rows=rows, columns={"he": {"init": "he"}})
    assert [(cell.row, cell.column, cell.skips) for cell in table.cells] == [("pre", "he", True)]
    with pytest.raises(ArgumentError, match=r"Cures: there is no cell .*; give a row and a column"):
        table["plain", "he"]


def test_a_gradient_that_is_zero_or_not_finite_has_its_own_word() -> None:
    assert factor_per_layer([0.0, 1.0]) == 0.0
    assert math.isnan(factor_per_layer([math.inf, 1.0]))
    assert verdict(math.nan) == "not finite"
    big = Tensor(np.full((4, 3), 3e38, np.float32))
    table = cures(
        lambda skips: Scaled(4.0, 3), big, Tensor([0]), seeds=[0], columns={"default": {}},
        loss=lambda scores, _: (scores * scores).mean(),
    )  # fmt: skip
    assert [cell.verdict for cell in table.cells] == ["not finite"] * 2
    assert table.to_dict()["cells"][0]["ratio"] is None
    nothing = cures(
        lambda skips: Scaled(1.0, 3), big, Tensor([0]), seeds=[0], columns={"default": {}},
        loss=lambda scores, _: (scores * 0.0).mean(),
    )  # fmt: skip
    assert [cell.verdict for cell in nothing.cells] == ["vanishes"] * 2


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ArgumentError, match="cures: seeds is empty; give at least one"):
        cures(models.DeepNet, X, Y, seeds=[])
    with pytest.raises(ArgumentError, match="cures: blocks are 1; a way from the last to the first needs two"):
        cures(partial(models.DeepNet, 4, 2), X, Y)


def test_the_librarys_generator_is_left_as_it_was() -> None:
    ops.manual_seed(1)
    expected = ops.rand(2).tolist()
    ops.manual_seed(1)
    chains()
    assert ops.rand(2).tolist() == expected
