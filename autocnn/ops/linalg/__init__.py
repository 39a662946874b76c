"""Linear algebra: products of vectors, matrices and stacks of them, sums of products, diagonals."""

from autocnn.ops.linalg.einsum import einsum, tensordot
from autocnn.ops.linalg.products import addmm, bmm, dot, linear, matmul, mm, mv, outer
from autocnn.ops.linalg.triangles import diag, diagonal, trace, tril, triu

__all__ = [
    "addmm", "bmm", "diag", "diagonal", "dot", "einsum", "linear", "matmul", "mm", "mv", "outer", "tensordot",
    "trace", "tril", "triu",
]  # fmt: skip
