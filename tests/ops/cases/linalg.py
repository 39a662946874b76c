"""Products of matrices, sums over named indices, diagonals and triangles."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.case import Case, normal
from tests.ops.cases.elementwise import Row

LINALG: dict[str, Row] = {
    "matmul": (
        Case(np.matmul, (normal(2, 3), normal(3, 4)), linear=(0, 1)),
        Case(np.matmul, (normal(2, 2, 3), normal(3, 2)), linear=(0, 1)),
        Case(np.matmul, (normal(3, 1, 2, 3), normal(2, 3, 2)), linear=(0, 1)),
        Case(np.matmul, (normal(2, 3), normal(2, 3, 2)), linear=(0, 1)),
        Case(np.matmul, (normal(1, 3), normal(3, 1)), linear=(0, 1)),
        Case(np.matmul, (normal(2, 0), normal(0, 3)), linear=(0, 1)),
        Case(np.matmul, (normal(0, 2, 3), normal(3, 2)), linear=(0, 1)),
    ),
    "project": (
        Case(lambda x, w: x @ w.T, (normal(2, 3), normal(4, 3)), linear=(0, 1)),
        Case(lambda x, w: x @ w.T, (normal(2, 2, 3), normal(1, 3)), linear=(0, 1)),
        Case(lambda x, w: x @ w.T, (normal(3), normal(2, 3)), linear=(0, 1)),
        Case(lambda x, w: x @ w.T, (normal(0, 3), normal(2, 3)), linear=(0, 1)),
    ),
    "linear": (
        Case(lambda x, w, b: x @ w.T + b, (normal(2, 3), normal(4, 3), normal(4))),
        Case(lambda x, w, b: x @ w.T + b, (normal(2, 2, 3), normal(1, 3), normal(1))),
        Case(lambda x, w, b: x @ w.T + b, (normal(3), normal(2, 3), normal(2))),
        Case(lambda x, w, b: x @ w.T + b, (normal(0, 3), normal(2, 3), normal(2))),
    ),
}


def steady(*shape: int) -> Any:
    """Matrices far from singular."""
    return lambda random: random.standard_normal(shape) + 3 * np.eye(shape[-1])


SOLVING: dict[str, Row] = {
    "solve": (
        Case(lambda a, b: np.linalg.inv(a) @ b, (steady(3, 3), normal(3, 2)), linear=(1,)),
        Case(lambda a, b: np.linalg.inv(a) @ b, (steady(2, 2, 2), normal(2, 2, 1)), linear=(1,)),
        Case(lambda a, b: b, (steady(0, 2, 2), normal(0, 2, 1))),
    ),
    "unsolve": (Case(lambda g, a: np.linalg.inv(a).T @ g, (normal(3, 2), steady(3, 3)), linear=(0,)),),
    "det": (
        Case(lambda a: np.asarray(a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]), (steady(2, 2),)),
        Case(np.linalg.det, (steady(2, 3, 3),)),
    ),
}


def einsum(equation: str, *shapes: tuple[int, ...], **more: Any) -> Case:
    """A sum of products; linear in every operand."""
    return Case(
        lambda *xs: np.asarray(np.einsum(equation, *xs)),
        tuple(normal(*s) for s in shapes),
        {"equation": equation},
        linear=tuple(range(len(shapes))),
    )


SUMS: dict[str, Row] = {
    "einsum": (
        einsum("ab,bc->ac", (2, 3), (3, 2)),
        einsum("bnk,bkm->bmn", (2, 2, 3), (2, 3, 2)),
        einsum("a,b->ab", (2,), (3,)),
        einsum("ab,ab->", (2, 3), (2, 3)),
        einsum("ab,bc,cd->ad", (2, 3), (3, 2), (2, 2)),
        einsum("abc->cab", (2, 3, 2)),
        einsum("ab,b->ab", (2, 3), (3,)),
        einsum("ab,bc->ac", (2, 0), (0, 3)),
    ),
}


def on_diagonal(x: Any, offset: int, shape: tuple[int, ...]) -> Any:
    """Zeros of this shape, with x on a diagonal of the last two axes."""
    z = np.zeros(shape)
    for k in range(x.shape[-1]):
        z[..., k + max(-offset, 0), k + max(offset, 0)] = x[..., k]
    return z


TRIANGLES: dict[str, Row] = {
    "diagonal": tuple(
        Case(lambda x, k=k: np.diagonal(x, k, -2, -1), (normal(2, 3, 4),), {"offset": k}, linear=(0,))
        for k in (0, 1, -2)
    ),
    "undiagonal": tuple(
        Case(
            lambda x, k=k: on_diagonal(x, k, (2, 3, 4)),
            (normal(2, n),),
            {"offset": k, "shape": (2, 3, 4)},
            linear=(0,),
        )
        for k, n in ((0, 3), (1, 3), (-2, 1))
    ),
    "tril": tuple(
        Case(lambda x, k=k: np.tril(x, k), (normal(2, 3, 4),), {"diagonal": k}, linear=(0,)) for k in (0, 1, -1)
    ),
    "triu": tuple(
        Case(lambda x, k=k: np.triu(x, k), (normal(2, 3, 4),), {"diagonal": k}, linear=(0,)) for k in (0, 1, -1)
    ),
}

ROWS: dict[str, Row] = {**LINALG, **SOLVING, **SUMS, **TRIANGLES}
