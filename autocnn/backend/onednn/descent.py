"""The passes of an optimiser over a large parameter, in place: several sums and products in one, on all threads.

Their factors change from step to step, as learning rates do, so they are arguments of the primitives and no part
of them. Each function says whether it was done; where oneDNN does not serve, `room` at most has been written to.
"""

from __future__ import annotations

import ctypes
from math import prod

import numpy as np

from autocnn.backend.onednn import header
from autocnn.backend.onednn.elementwise import applies
from autocnn.backend.onednn.execute import Plan, attributes, described, plan
from autocnn.backend.onednn.library import Unserved, serving
from autocnn.backend.onednn.memory import FLOAT, MOST, Handle, address, check, create, describe
from autocnn.types import Array


def blend(x: Array, y: Array, a: float, b: float, out: Array) -> bool:
    """out <- a x + b y; `out` may be x.

    >>> x, y = np.ones((2, 128, 128), np.float32)
    >>> not blend(x, y, 0.5, 2.0, x) or float(x.mean())
    2.5
    """
    return _serves(x, y, out) and _ran(plan(("blend", x.size), _blend, x.size), (a, b), x, y, out)


def scale(x: Array, a: float) -> bool:
    """x <- a x."""
    return _serves(x) and _ran(plan(("scale", x.size), _scale, x.size), (a,), x, x)


def blend_square(v: Array, g: Array, beta: float) -> bool:
    """v <- beta v + (1 - beta) g^2."""
    if not beta or not _serves(v, g):  # 0 times v would not be added: a NaN of v would be lost
        return False
    return _ran(plan(("blend_square", v.size, beta), _blend_square, v.size, beta), (1 - beta,), g, g, v)


def scaled_step(p: Array, m: Array, v: Array, rate: float, eps: float, room: Array) -> bool:
    """p <- p - rate m / (sqrt(v) + eps); `room` may be v."""
    if not _serves(p, m, v, room):
        return False
    ratio = plan(("ratio", p.size), _ratio, p.size)
    if ratio is None:
        return False
    return _ran(plan(("root", p.size), _root, p.size), (1.0, eps), v, room) and _ran(ratio, (-rate,), m, room, p)


class Numbered(Plan):
    """A plan whose last arguments are numbers, which are set before each run."""

    __slots__ = ("numbers",)

    def __init__(self, description: Handle, arrays: list[tuple[int, Handle]], numbers: list[int]) -> None:
        """Make the primitive that is described, with the places of its arrays and of its numbers."""
        one = describe((1,))
        super().__init__(description, [*arrays, *[(place, one) for place in numbers]])
        self.numbers = np.empty(len(numbers), FLOAT)
        for i, memory in enumerate(self._memories[len(arrays) :]):
            self._point(memory, address(self.numbers) + i * FLOAT.itemsize)
        del self._memories[len(arrays) :]  # they stay where they are


def _serves(*arrays: Array) -> bool:
    """What `applies` says of arrays, said sooner of those in C order."""
    shape: tuple[int, ...] = arrays[0].shape
    for x in arrays:
        if type(x) is not np.ndarray or x.dtype != FLOAT or x.shape != shape or not x.flags.carray:
            return applies(*arrays)
    return 0 < prod(shape) <= MOST


def _ran(ready: Numbered | None, numbers: tuple[float, ...], *arrays: Array) -> bool:
    """Run a plan, if there is one; False where that failed."""
    if ready is None:
        return False
    for i, number in enumerate(numbers):
        ready.numbers[i] = number
    try:
        ready(*arrays)
    except Unserved:
        return False
    return True


def _scale(size: int) -> Numbered:
    return _binary(header.MUL, size, number=True)


def _blend(size: int) -> Numbered:
    return _binary(header.ADD, size, scaled=(header.SRC, header.SRC_1))


def _blend_square(size: int, beta: float) -> Numbered:
    return _binary(header.MUL, size, scaled=(header.SRC,), plus=beta)


def _root(size: int) -> Numbered:
    return _binary(header.MUL, size, number=True, behind=(header.SQRT, header.ADD))


def _ratio(size: int) -> Numbered:
    return _binary(header.DIV, size, behind=(header.MUL,), plus=1.0)


def _binary(
    kind: int,
    size: int,
    *,
    number: bool = False,
    scaled: tuple[int, ...] = (),
    behind: tuple[int, ...] = (),
    plus: float = 0.0,
) -> Numbered:
    """A function of two arrays, or of one and a `number`. Operands may be `scaled`, by a number each.

    `behind` it the result goes through further functions, those of two operands with a number each; at last it is
    added to `plus` times what was there.
    """
    data, one, made, ops = describe((size,)), describe((1,)), attributes(), create("post_ops_create")
    calls, numbers = _calls(), [header.SRC_1] if number else []
    for place in scaled:
        check(calls.dnnl_primitive_attr_set_scales_mask(made, place, 0), "scales")
        numbers.append(header.SCALE_OF | place)
    for n, function in enumerate(behind, 1):
        if function == header.SQRT:
            check(calls.dnnl_post_ops_append_eltwise(ops, function, 0.0, 0.0), "post_ops")
        else:
            check(calls.dnnl_post_ops_append_binary(ops, function, one), "post_ops")
            numbers.append(n * header.BEHIND | header.SRC_1)
    if plus:
        check(calls.dnnl_post_ops_append_sum(ops, plus, 0, 0), "post_ops")
    check(calls.dnnl_primitive_attr_set_post_ops(made, ops), "post_ops")
    description = described("binary", kind, data, one if number else data, data, made)
    arrays = [(place, data) for place in ((header.SRC,) if number else (header.SRC, header.SRC_1))]
    return Numbered(description, [*arrays, (header.DST, data)], numbers)


def _calls() -> ctypes.CDLL:
    library = serving()
    if library is None:
        raise Unserved("oneDNN is not there")
    return library.calls
