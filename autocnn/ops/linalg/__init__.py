"""Linear algebra: products of vectors, matrices and stacks of them, sums of products, diagonals."""

from autocnn.ops.linalg.einsum import einsum, inner, tensordot
from autocnn.ops.linalg.products import addmm, addmv, baddbmm, bmm, dot, linear, matmul, mm, mv, outer
from autocnn.ops.linalg.triangles import diag, diag_embed, diagonal, trace, tril, triu

__all__ = [
    "addmm", "addmv", "baddbmm", "bmm", "diag", "diag_embed", "diagonal", "dot", "einsum", "inner",
    "linear", "matmul", "mm", "mv", "outer", "tensordot",
    "trace", "tril", "triu",
]  # fmt: skip
