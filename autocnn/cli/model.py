"""What the commands share about models: names, inputs, the loss that training would take."""

from __future__ import annotations

from math import prod
from typing import Any

from autocnn.errors import UsageError

MOST = 2**48
"""Most elements of an input: as bytes they would already fill the addresses of a machine."""


def model_of(name: str) -> Any:
    """A new model by its name.

    Raises UsageError with the names there are.
    """
    from autocnn import models

    return models.get(name)()


def shape_of(command: str, model: Any, text: str | None) -> tuple[int, ...]:
    """The shape of a model's input: as typed, or one image of the model's own size.

    >>> shape_of("graph", model_of("lenet5"), "2,1,32,32")
    (2, 1, 32, 32)
    >>> shape_of("graph", model_of("residual"), None)
    (1, 1, 8, 8)
    """
    if text is None:
        side, channels = getattr(model, "side", None), getattr(model, "in_channels", None)
        if side is None or channels is None:
            name = type(model).__name__
            raise UsageError(f"{command}: {name} has no input size of its own; give one, as in --input 1,3,32,32")
        return (1, channels, side, side)
    parts = text.replace("x", ",").split(",")
    if not all(part.strip().isdecimal() and int(part) for part in parts):
        raise UsageError(f"{command}: --input is {text!r}; whole numbers above 0, as in --input 1,3,32,32")
    shape = tuple(int(part) for part in parts)
    if prod(shape) > MOST:
        raise UsageError(f"{command}: --input is {text!r}; no memory holds {prod(shape):.0e} numbers")
    return shape


def images(shape: tuple[int, ...]) -> Any:
    """An input of a shape: what is drawn and counted does not depend on the values."""
    from autocnn import ops

    return ops.zeros(shape)


def training_loss(outputs: Any) -> Any:
    """Cross-entropy with the first class for scores (N, classes), the sum of anything else."""
    from autocnn import ops

    if outputs.ndim == 2:
        return ops.cross_entropy(outputs, ops.zeros(outputs.shape[0], dtype="int64"))
    return ops.sum(outputs)
