"""Linear algebra: products of vectors, matrices and stacks of them, sums of products, diagonals."""

from autocnn.ops.linalg.einsum import einsum, inner, tensordot
from autocnn.ops.linalg.products import addmm, addmv, baddbmm, bmm, dot, linear, matmul, mm, mv, outer
from autocnn.ops.linalg.solving import det, inv, solve
from autocnn.ops.linalg.triangles import diag, diag_embed, diagonal, trace, tril, triu

__all__ = [
    "addmm", "addmv", "baddbmm", "bmm", "det", "diag", "diag_embed", "diagonal", "dot", "einsum", "inner", "inv",
    "linear", "matmul", "mm", "mv", "outer", "solve", "tensordot",
    "trace", "tril", "triu",
]  # fmt: skip
