"""Einstein's summation: products of tensors, summed over the indices that the result does not name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autocnn.backend import kernels
from autocnn.engine import Tensor, as_tensor, method, primitive, promote
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.axes import as_int, many_axes
from autocnn.ops.broadcast import _sum_to
from autocnn.ops.elementwise import mul
from autocnn.ops.linalg.triangles import diagonal
from autocnn.ops.shape.views import reshape
from autocnn.types import Array, Namespace

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def einsum(equation: str, *operands: Any) -> Tensor:
    """The sum of products that an equation names: ``"ij,jk->ik"`` is a matrix product.

    Each letter is an axis; one that stands twice in a term is its diagonal; what the result lacks is summed;
    ``...`` stands for axes that broadcast. Without ``->`` the result has, in alphabetical order, the letters that
    stand once.
    Raises ArgumentError for an equation wrong in itself, ShapeError for one that does not fit the operands.

    >>> einsum("ij,j->i", Tensor([[1.0, 2.0]]), Tensor([3.0, 4.0])).tolist()
    [11.0]
    """
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    xs = [as_tensor(x) for x in operands]
    xs = list(promote(*xs)) if any(x.dtype != xs[0].dtype for x in xs) else xs
    terms, result = _read(equation, xs)
    lengths = _lengths(equation, terms, xs)
    used = [_plain_term(x, term, lengths) for x, term in zip(xs, terms, strict=True)]
    everywhere = [term for _, term in used]
    ready: list[Tensor] = []
    for i, (x, term) in enumerate(used):
        others = result + "".join(everywhere[:i] + everywhere[i + 1 :])
        x, everywhere[i] = _sum_lonely(x, term, others)
        ready.append(x)
    return _einsum(*ready, equation=f"{','.join(everywhere)}->{result}")


# The equation ----------------------------------------------------------------------------------------------------


def _read(equation: str, xs: Sequence[Tensor]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, broadcast axes by letters of their own."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(xs):
        raise ArgumentError(f"einsum: equation {equation!r} names {len(terms)} operands, {len(xs)} are given")
    for term in (*terms, right):
        bare = term.replace("...", "", 1)
        if not all(c in _LETTERS for c in bare):
            raise ArgumentError(f"einsum: equation {equation!r} has {term!r}; must be letters, and one '...'")
    free = "".join(c for c in _LETTERS if c not in equation)
    widths = [
        x.ndim - len(term.replace("...", "")) if "..." in term else 0 for x, term in zip(xs, terms, strict=True)
    ]
    dots = free[: max(widths, default=0)]
    full = [
        term.replace("...", dots[len(dots) - width :] if width > 0 else "")
        for term, width in zip(terms, widths, strict=True)
    ]
    for x, term in zip(xs, full, strict=True):
        if len(term) != x.ndim:
            raise ShapeError(f"einsum: equation {equation!r} names {len(term)} axes of an operand {x.shape}")
    return full, _result(equation, full, right, dots) if arrow else _implied(full, dots)


def _result(equation: str, terms: list[str], right: str, dots: str) -> str:
    result = right.replace("...", dots)
    unknown = [c for c in result if not any(c in term for term in terms)]
    if unknown or len(set(result)) != len(result):
        raise ArgumentError(f"einsum: equation {equation!r}; the result must be letters of operands, each once")
    return result


def _implied(terms: list[str], dots: str) -> str:
    together = "".join(terms)
    return dots + "".join(sorted(c for c in set(together) if together.count(c) == 1 and c not in dots))


def _lengths(equation: str, terms: list[str], xs: Sequence[Tensor]) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for x, term in zip(xs, terms, strict=True):
        for c, n in zip(term, x.shape, strict=True):
            if lengths.get(c, 1) == 1:
                lengths[c] = n
            elif n not in (1, lengths[c]):
                raise ShapeError(f"einsum: equation {equation!r}; axis {c!r} has lengths {lengths[c]} and {n}")
    return lengths


def _plain_term(x: Tensor, term: str, lengths: dict[str, int]) -> tuple[Tensor, str]:
    """An operand with each letter once, and without the axes of length 1 that broadcast."""
    for c in sorted(set(term)):
        while term.count(c) > 1:
            first, second = term.index(c), term.rindex(c)
            if x.shape[first] != x.shape[second]:
                raise ShapeError(f"einsum: axis {c!r} stands twice in an operand {x.shape}; must have one length")
            x = diagonal(x, 0, first, second)
            rest = term[:first] + term[first + 1 : second] + term[second + 1 :]
            term = rest + c
    kept = [i for i, c in enumerate(term) if x.shape[i] == lengths[c]]
    if len(kept) < len(term):
        x = reshape(x, tuple([x.shape[i] for i in kept]))
    return x, "".join(term[i] for i in kept)


def _sum_lonely(x: Tensor, term: str, others: str) -> tuple[Tensor, str]:
    """An operand summed over the letters that nothing else names."""
    lonely = [i for i, c in enumerate(term) if c not in others]
    if not lonely:
        return x, term
    summed = _sum_to(x, shape=tuple([1 if i in lonely else n for i, n in enumerate(x.shape)]))
    rest = [i for i in range(len(term)) if i not in lonely]
    return reshape(summed, tuple([x.shape[i] for i in rest])), "".join(term[i] for i in rest)


# The computation -------------------------------------------------------------------------------------------------


@primitive(saves=("xs",))
def _einsum(xp: Any, *xs: Any, equation: str) -> Any:
    """Pair by pair, each as one batched matrix product. Each letter is in two terms, or in the result."""
    left, _, result = equation.partition("->")
    terms = left.split(",")
    z, term = xs[0], terms[0]
    for i in range(1, len(xs)):
        needed = result + "".join(terms[i + 1 :])
        z, term = _contract(xp, z, term, xs[i], terms[i], needed)
    gone = tuple([i for i, c in enumerate(term) if c not in result])
    z = xp.sum(z, axis=gone, dtype=z.dtype) if gone else z
    term = "".join(c for c in term if c in result)
    z = z.transpose([term.index(c) for c in result])
    return z.copy() if len(xs) == 1 else z


def _einsum_rule(i: int, g: Any, z: Any, *xs: Any, equation: str) -> Any:
    left, _, result = equation.partition("->")
    terms = left.split(",")
    others = terms[:i] + terms[i + 1 :]
    return _einsum(g, *xs[:i], *xs[i + 1 :], equation=f"{','.join([result, *others])}->{terms[i]}")


_einsum.vjp_each(_einsum_rule)


def _contract(
    xp: Namespace, x: Array, x_term: str, y: Array, y_term: str, needed: str
) -> tuple[Array, str]:  # fmt: skip
    """The product of two operands, summed over the letters that both have and nobody needs any more."""
    both = [c for c in x_term if c in y_term]
    batch, inner = [c for c in both if c in needed], [c for c in both if c not in needed]
    rows, columns = [c for c in x_term if c not in both], [c for c in y_term if c not in both]
    sizes = dict(zip(x_term + y_term, (*x.shape, *y.shape), strict=True))
    a = x.transpose([x_term.index(c) for c in batch + rows + inner])
    b = y.transpose([y_term.index(c) for c in batch + inner + columns])
    lead, n, k, m = ([sizes[c] for c in group] for group in (batch, rows, inner, columns))
    if not inner:  # an outer product: cheaper than matrices of one column
        z = a.reshape((*lead, *n, *[1] * len(m))) * b.reshape((*lead, *[1] * len(n), *m))
    else:
        stack = math.prod(lead)
        a = a.reshape(stack, math.prod(n), math.prod(k))
        b = b.reshape(stack, math.prod(k), math.prod(m))
        z = kernels.matmul(xp, *((a, b) if stack != 1 else (a[0], b[0]))).reshape((*lead, *n, *m))
    return z, "".join(batch + rows + columns)


# By axes ---------------------------------------------------------------------------------------------------------


def tensordot(a: Any, b: Any, dims: Any = 2) -> Tensor:
    """The products of a and b summed over axes of both: the last `dims` of a with the first of b, or two lists.

    a (..., k), b (k, ...) -> (..., ...) for `dims=1`.
    Raises ShapeError where the axes have different lengths.

    >>> tensordot(Tensor([[1.0, 2.0]]), Tensor([3.0, 4.0]), 1).tolist()
    [11.0]
    """
    x, y = as_tensor(a), as_tensor(b)
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, (list, tuple)):
        left, right = (tuple(d) if isinstance(d, (list, tuple)) else (d,) for d in dims)
    else:
        count = as_int("tensordot", "dims", dims)
        if not 0 <= count <= min(x.ndim, y.ndim):
            raise ArgumentError(f"tensordot: dims is {count}; must be 0 to {min(x.ndim, y.ndim)}")
        left, right = tuple(range(x.ndim - count, x.ndim)), tuple(range(count))
    ours, theirs = many_axes("tensordot", left, x.ndim), many_axes("tensordot", right, y.ndim)
    if [x.shape[i] for i in ours] != [y.shape[i] for i in theirs]:
        raise ShapeError(f"tensordot: axes {left} of a {x.shape} and {right} of b {y.shape} differ in length")
    x_term = _LETTERS[: x.ndim]
    y_letters = list(_LETTERS[x.ndim : x.ndim + y.ndim])
    for i, j in zip(ours, theirs, strict=True):
        y_letters[j] = x_term[i]
    result = "".join(c for c in x_term if c not in y_letters) + "".join(c for c in y_letters if c not in x_term)
    return einsum(f"{x_term},{''.join(y_letters)}->{result}", x, y)


@method("inner")
def inner(input: Any, other: Any) -> Tensor:
    """The products of input and other summed over their last axes: (..., k), (..., k) -> (..., ...).

    Raises ShapeError where the last axes differ.

    >>> inner(Tensor([1.0, 2.0]), Tensor([[3.0, 4.0]])).tolist()
    [11.0]
    """
    a, b = as_tensor(input), as_tensor(other)
    return tensordot(a, b, ([-1], [-1])) if a.ndim and b.ndim else mul(a, b)
