"""Parameter: a tensor that a module learns."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor


class Parameter(Tensor):
    """A leaf tensor that a module registers as its own; it requires a gradient unless told otherwise.

    `Parameter(data)` shares the memory of an array or tensor that it is given.

    >>> Parameter([1.0, 2.0]).requires_grad
    True
    """

    __slots__ = ()

    def __init__(self, data: Any = (), requires_grad: bool = True) -> None:
        super().__init__(data.detach() if isinstance(data, Tensor) else data)
        self.requires_grad_(requires_grad)
