"""One network of a sweep: made from its settings, measured as it begins, trained, and tested."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autocnn.engine import Tensor
from autocnn.flow.cures import factor_per_layer, verdict
from autocnn.flow.twins import Stream, twins
from autocnn.nn.init import by_path
from autocnn.optim import SGD

Data = Callable[[int], tuple[Stream, tuple[Tensor, Tensor]]]


def trial(
    make: Callable[..., Any],
    data: Data,
    *,
    steps: int = 1,
    rate: float = 0.02,
    momentum: float = 0.9,
    seed: int = 0,
    layers: int = 2,
    **options: Any,
) -> dict[str, float | str]:
    """Train `make(**options)` for some steps, and say what became of its gradient and what it learnt.

    First values are drawn by `nn.init.by_path`, so that networks of one seed share what they have in common;
    `data(seed)` gives the batches, and images and labels to test with. The gradient is measured at the outputs of
    `model.blocks`, of `layers` weight layers each, at the first step and at the last one.

    `ratio` is its size at the first block over the last, `factor` what a layer multiplies it by, `fate` what
    that to the power of the depth means (blocks, stem and head); `ratio_after` and `loss` are those of the last
    step, `accuracy` is tested after it. `diverged` is the step at which the loss ceased to be finite, or NaN.

    With `functools.partial(trial, make, data)` it is a cell of a sweep, over any options of `make`.

    >>> import autocnn as ac
    >>> from autocnn import models
    >>> def noise(seed):
    ...     _ = ac.manual_seed(seed)
    ...     images = (ac.randn(16, 1, 8, 8), ac.arange(16) % 10)
    ...     return iter([images] * 3), images
    >>> trial(models.DeepNet, noise, depth=56, width=4, skips=False)["fate"]
    'vanishes'
    """
    batches, test = data(seed)
    model = by_path(lambda: make(**options), seed)
    twin = twins(
        {"": model},
        lambda model: list(model.blocks),
        lambda model: SGD(model.parameters(), lr=rate, momentum=momentum),
        lambda: batches,
        test,
        steps=steps,
        record=(),
        tested=0,
    ).twins[0]
    first, last = twin.moments[0], twin.moments[-1]
    factor = factor_per_layer([size.rms for size in first.blocks], layers)
    return {
        "ratio": first.ratio,
        "factor": factor,
        "fate": verdict(factor ** (layers * len(first.blocks) + 2)),
        "ratio_after": last.ratio,
        "loss": twin.losses[-1],
        "accuracy": twin.accuracy,
        "diverged": math.nan if twin.diverged is None else twin.diverged,
    }
