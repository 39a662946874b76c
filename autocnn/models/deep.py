"""Two deep networks that differ in nothing but the skips: for the study of vanishing gradients."""

from __future__ import annotations

from autocnn.errors import ArgumentError
from autocnn.nn import Conv2d, Flatten, GlobalAvgPool, Linear, Module, Residual, Sequential, Tanh


def plain(depth: int = 56, width: int = 16, num_classes: int = 10, in_channels: int = 1) -> Sequential:
    """`depth` tanh blocks one behind the other: x (N, in_channels, H, W) -> (N, num_classes).

    Each block is z = tanh(conv(x)), 3x3, as many channels out as in; no normalisation.

    >>> len(plain(3).blocks)
    3
    """
    return _network(depth, width, num_classes, in_channels, skip=False)


def residual(depth: int = 56, width: int = 16, num_classes: int = 10, in_channels: int = 1) -> Sequential:
    """The network of `plain` with a skip around every block: z = x + tanh(conv(x)).

    Parameters have the same names and shapes, and from the same seed the same first values.

    >>> list(residual(1).state_dict()) == list(plain(1).state_dict())
    True
    """
    return _network(depth, width, num_classes, in_channels, skip=True)


class Plain(Module):
    """A body and no skip: what stands in place of Residual, under the same names.

    >>> Plain(Tanh())
    Plain(
      (body): Tanh()
    )
    """

    def __init__(self, body: Module) -> None:
        self.body = body

    def forward(self, x: object) -> object:
        """The body's result."""
        return self.body(x)


def _network(depth: int, width: int, num_classes: int, in_channels: int, *, skip: bool) -> Sequential:
    if depth < 1:
        raise ArgumentError(f"{'residual' if skip else 'plain'}: depth is {depth}; at least one block is needed")
    around = Residual if skip else Plain
    stem = Sequential({"conv": Conv2d(in_channels, width, 3, padding=1), "tanh": Tanh()})
    blocks = [around(_body(width)) for _ in range(depth)]
    head = Sequential({"pool": GlobalAvgPool(), "flatten": Flatten(), "linear": Linear(width, num_classes)})
    return Sequential({"stem": stem, "blocks": Sequential(*blocks), "head": head})


def _body(width: int) -> Sequential:
    return Sequential({"conv": Conv2d(width, width, 3, padding=1), "tanh": Tanh()})
