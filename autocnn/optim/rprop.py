"""Rprop."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError
from autocnn.optim.optimizer import Group, Optimizer, Parameters, like
from autocnn.types import Array, Namespace


class Rprop(Optimizer):
    """Steps of a size of each element's own, by the sign of the gradient; for whole batches.

    Where the sign stays, the size d grows by etas[1]; where it turns, d shrinks by etas[0] and the step is left
    out; within `step_sizes`. p <- p - d sign(g).

    Source: M. Riedmiller and H. Braun, "A Direct Adaptive Method for Faster Backpropagation Learning", 1993.

    >>> from autocnn.engine import Tensor
    >>> w = Tensor([1.0, 2.0]).requires_grad_()
    >>> optimizer = Rprop([w], lr=0.5, etas=(0.5, 2.0))
    >>> for gradient in ([2.0, -3.0], [1.0, 3.0]):
    ...     w.grad = Tensor(gradient)
    ...     optimizer.step()
    >>> w.tolist()
    [-0.5, 2.5]
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "etas": tuple(etas),
                "step_sizes": tuple(step_sizes),
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _check_options(self, group: Group) -> None:
        self._at_least(group, "lr")
        down, up = group["etas"]
        if not 0 < down < 1 < up:
            raise ArgumentError(f"Rprop: etas is {(down, up)}; the first is in 0..1, the second above 1")

    def _update(self, xp: Namespace, p: Array, g: Array, state: dict[str, Any], group: Group) -> None:
        (down, up), (least, most) = group["etas"], group["step_sizes"]
        factor, turned = self._room(xp, p, "factor"), self._room(xp, p, "turned")
        g = self._descent(xp, p, g, group, 0)
        state["step"] = state.get("step", 0) + 1
        (before,) = like(xp, p, state, "prev")
        if "step_size" not in state:
            state["step_size"] = Tensor(xp.full_like(p, group["lr"]))
        size = state["step_size"].array
        before *= g
        xp.less(before, 0, out=turned)
        xp.greater(before, 0, out=factor)
        xp.power(up, factor, out=factor)
        size *= factor
        xp.power(down, turned, out=factor)
        size *= factor
        xp.clip(size, least, most, out=size)
        xp.subtract(1, turned, out=turned)
        xp.multiply(g, turned, out=before)
        xp.sign(before, out=factor)
        factor *= size
        p -= factor
