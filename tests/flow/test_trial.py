"""One network of a sweep: what a trial says is what its training shows."""

from __future__ import annotations

import itertools
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autocnn import models
from autocnn.engine import Tensor
from autocnn.flow import sizes_at, sweep, trial
from autocnn.flow.twins import accuracy
from autocnn.nn import functional as F
from autocnn.nn.init import by_path


def images(seed: int) -> tuple[Any, tuple[Tensor, Tensor]]:
    rng = np.random.default_rng(seed)
    x, y = Tensor(rng.normal(size=(16, 1, 8, 8)).astype(np.float32)), Tensor(np.arange(16) % 10)
    return itertools.repeat((x, y)), (x, y)


def net(seed: int, **options: Any) -> Any:
    return by_path(lambda: models.DeepNet(**options), seed)


def test_a_trial_of_one_step_measures_the_network_as_it_begins() -> None:
    options = {"depth": 8, "width": 3, "skips": True, "activation": "relu", "gain": 1.3}
    found = trial(models.DeepNet, images, seed=4, **options)
    model, (_, (x, y)) = net(4, **options), images(4)
    with sizes_at(list(model.blocks)) as sizes:
        loss = F.cross_entropy(model(x), y)
        loss.backward()
    rms = [size.rms for size in sizes if size is not None]
    assert found["ratio"] == found["ratio_after"] == rms[0] / rms[-1]
    assert found["loss"] == loss.item()
    slope = np.polyfit(2 * np.arange(len(rms)), np.log2(rms), 1)[0]
    assert found["factor"] == pytest.approx(2.0**-slope, rel=1e-9)
    assert math.isnan(float(found["diverged"]))


def test_the_rate_trains_and_too_high_a_rate_diverges() -> None:
    still = trial(models.DeepNet, images, steps=3, rate=0.0, depth=6, width=3, skips=True)
    _, test = images(0)
    assert still["accuracy"] == accuracy(net(0, depth=6, width=3, skips=True), *test)
    calm = trial(models.DeepNet, images, steps=30, rate=0.05, depth=6, width=3, skips=True)
    assert float(calm["loss"]) < float(still["loss"])
    wild = trial(models.DeepNet, images, steps=9, rate=1e30, depth=6, width=3, skips=True, activation="relu")
    assert 2 <= float(wild["diverged"]) <= 9
    assert wild["accuracy"] < 0.2  # type: ignore[operator]


def test_a_sweep_of_trials_takes_every_option(tmp_path: Path) -> None:
    grid = [
        {"depth": 6, "skips": False, "rate": 0.1, "gain": 2.0, "seed": 1},
        {
            "depth": 8,
            "skips": True,
            "norm": "batch",
            "pre_activation": True,
            "scale": 0.5,
            "stages": 2,
            "steps": 2,
        },
    ]
    found = sweep(partial(trial, models.DeepNet, images, width=2), grid, tmp_path)
    assert found.complete
    assert [row["fate"] for row in found.rows()] == ["holds", "holds"]
