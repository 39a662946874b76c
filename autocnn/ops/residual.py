"""The sum at the end of a residual block and the relu behind it, by one kernel."""

from __future__ import annotations

from typing import Any

from autocnn.backend import kernels
from autocnn.backend.arrays import namespace
from autocnn.engine import Tensor, binary, taps
from autocnn.engine.inplace import is_alone
from autocnn.engine.tape import NO_PARAMS, local, next_serial, version
from autocnn.errors import InPlaceError
from autocnn.ops.activation.rectifiers import Foreseen, bind, bounded
from autocnn.ops.elementwise.arithmetic import _add


class Summand(Tensor):
    """What a batch norm made whose sum with something had a relu behind it the last time.

    To add it to something runs the kernel of both, where neither operand can hold a NaN, which that would lose.
    """

    __slots__ = ()

    @classmethod
    def of(cls, made: Tensor, weight: Tensor, bounds: Any) -> None:
        """Make a batch norm's result one, with its bounds; `weight` remembers what came behind it."""
        made.__dict__["_weight"] = weight
        bind(made, bounds)
        bounded(made)  # now, while the weight is what it was
        made.__class__ = cls

    def __add__(self, other: Any) -> Tensor:
        return _sum(self, self, other)

    def __radd__(self, other: Any) -> Tensor:
        return _sum(self, other, self)

    def __iadd__(self, other: Any) -> Tensor:
        hooked = self._node is not None and self._node.hooks
        made = _rectified(self, self, other) if is_alone(self) and not hooked else None
        return super().__iadd__(other) if made is None else made.moved(self)


def _sum(summand: Summand, x: Any, y: Any) -> Tensor:
    """x + y, one of which is the summand, and relu of it for whoever asks."""
    made = _rectified(summand, x, y)
    return binary(_add, x, y) if made is None else made


def _rectified(summand: Summand, x: Any, y: Any) -> Foreseen | None:
    both = isinstance(x, Tensor) and isinstance(y, Tensor) and not local.context.noted
    if not both or not bounded(x) or not bounded(y):
        return None
    began, xp, a, b = taps.begin(), namespace(x.array), x.array, y.array
    z = kernels.add_relu(xp, a, b)
    if z is None:
        return None
    if began:
        taps.ended(began, "add_relu", "forward", (a, b), (z,))
    made_at = next_serial()

    def later() -> Any:
        summand.__dict__["_weight"].__dict__.pop("_relu_behind_sum", None)
        if max(version(a), version(b)) > made_at:
            raise InPlaceError(
                f"add: its result {z.shape} was not kept, for a relu came next, and an operand has been "
                "overwritten since; clone the result before"
            )
        return kernels.add(xp, a, b)

    return Foreseen.of(_add.note((x, y), NO_PARAMS, z, ()), True, later)
