"""How each data set is trained well: numbers that were tried, for the choices that a person leaves open."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autocnn import models
from autocnn.data.catalogue import NAMES
from autocnn.data.catalogue import source as find_source
from autocnn.errors import UsageError
from autocnn.optim import SGD, Adam, Optimizer
from autocnn.optim.lr_scheduler import OneCycleLR

OPTIMIZERS = ("sgd", "adam")


@dataclass(frozen=True)
class Recipe:
    """Epochs, batch size, optimiser and learning rate, and how images are enlarged and varied.

    The rate goes up to `lr` in the first `warm_up` of all steps and down to nearly nothing after it (one cycle).
    `shift` is by how many pixels of 32 an image may be moved, `flip` whether it may be mirrored.
    """

    epochs: int
    batch_size: int
    optimizer: str
    lr: float
    weight_decay: float = 0.0
    warm_up: float = 0.2
    shift: int = 0
    flip: bool = False
    resize: str = "nearest"


_DIGITS = Recipe(60, 32, "sgd", 0.05, shift=2, resize="bilinear")
_GREY = Recipe(5, 64, "sgd", 0.1)
_COLOUR = Recipe(20, 64, "sgd", 0.05, weight_decay=5e-4, shift=2, flip=True)
_RECIPES = {
    "digits": _DIGITS,
    "optdigits": _DIGITS,
    "mnist": _GREY,
    "fashion-mnist": replace(_GREY, epochs=10, flip=True),
}
_SHARES = {"lenet1998": 1 / 8}
"""Share of a recipe's rate that a model bears: squared distances of 84 numbers have large gradients."""

_ADAM = 0.003
"""A learning rate at which Adam trains all of them."""


@dataclass(frozen=True)
class Settings:
    """Everything that a run's result depends on, apart from the data themselves.

    Raises UsageError for a name that there is not, or a number out of its range.
    """

    model: str
    data: str
    data_dir: str | None
    epochs: int
    seed: int
    batch_size: int
    optimizer: str
    lr: float
    weight_decay: float = 0.0
    warm_up: float = 0.2
    shift: int = 0
    flip: bool = False
    resize: str = "nearest"
    device: str = "cpu"

    def __post_init__(self) -> None:
        _known("model", self.model, tuple(models.names()))
        if self.model == "detector":
            raise UsageError(
                "train: model is 'detector'; it learns from boxes, and data sets have classes. "
                "examples/10_find_digits.py trains it"
            )
        _known("data", self.data, NAMES)
        _known("optimizer", self.optimizer, OPTIMIZERS)
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"train: {name.replace('_', '-')} is {getattr(self, name)}; it is at least 1")
        if self.seed < 0:
            raise UsageError(f"train: seed is {self.seed}; it is at least 0")
        if not 0 < self.lr < math.inf:
            raise UsageError(f"train: lr is {self.lr}; a learning rate is above 0, and finite")

    def with_data_in(self, folder: str) -> Settings:
        """The same settings, with the data in another folder."""
        return replace(self, data_dir=str(Path(folder).resolve()))


def settings(model: str, data: str, data_dir: str | None = None, **chosen: Any) -> Settings:
    """The recipe of a data set, with what was chosen instead; what is None was not chosen.

    Raises UsageError for a name that there is not, or a number out of its range.

    >>> settings("lenet5", "mnist", seed=1, lr=None).epochs
    5
    >>> settings("lenet5", "mnist", optimizer="adam").lr, settings("lenet1998", "mnist").lr
    (0.003, 0.0125)
    """
    maker, name = models.get(model), find_source(data).name
    model = next(known for known in models.names() if models.get(known) is maker)
    recipe = _RECIPES.get(name, _COLOUR)
    chosen = {key: value for key, value in chosen.items() if value is not None}
    recipe = replace(recipe, lr=recipe.lr * _SHARES.get(model, 1.0))
    if chosen.get("optimizer", recipe.optimizer) != recipe.optimizer and "lr" not in chosen:
        chosen["lr"] = _ADAM
    made = Settings(**{"model": model, "data": name, "data_dir": None, "seed": 0, **vars(recipe), **chosen})
    return made if data_dir is None else made.with_data_in(data_dir)


def optimizer_for(made: Settings, parameters: Any) -> Optimizer:
    """The optimiser that the settings name."""
    if made.optimizer == "adam":
        return Adam(parameters, lr=made.lr, weight_decay=made.weight_decay)
    return SGD(parameters, lr=made.lr, momentum=0.9, nesterov=True, weight_decay=made.weight_decay)


def schedule_for(made: Settings, optimizer: Optimizer, steps_per_epoch: int) -> OneCycleLR:
    """One cycle of the learning rate over all steps of the run."""
    return OneCycleLR(
        optimizer, made.lr, epochs=made.epochs, steps_per_epoch=steps_per_epoch, pct_start=made.warm_up
    )


def _known(what: str, name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        near = difflib.get_close_matches(str(name).lower(), names, 1)
        hint = f"Did you mean {near[0]!r}?" if near else "Choose one of them"
        raise UsageError(f"train: {what} is {name!r}; it is one of {', '.join(names)}. {hint}")
