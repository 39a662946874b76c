"""All gradients, or parameters, of a model at once: kept within bounds, laid out as one vector."""

from __future__ import annotations

from collections.abc import Iterable

from autocnn.engine import Tensor, namespace, no_grad
from autocnn.engine.inplace import write
from autocnn.engine.tape import written
from autocnn.errors import ArgumentError, NonFiniteError, ShapeError
from autocnn.ops import cat, reshape
from autocnn.types import Array


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients together so that their norm, as of one long vector, is at most `max_norm`.

    -> the norm before, a 0-d tensor. g <- g min(1, max_norm / (norm + 1e-6)); `norm_type` may be inf.
    `foreach` changes nothing.

    Raises NonFiniteError if asked and the norm is not finite; ArgumentError if `max_norm` is negative.
    Source: R. Pascanu et al., "On the difficulty of training recurrent neural networks", 2013, algorithm 1.

    >>> w = Tensor([0.0, 0.0]).requires_grad_()
    >>> w.grad = Tensor([30.0, 40.0])
    >>> float(clip_grad_norm_([w], 5.0)), w.grad.array.round(4).tolist()
    (50.0, [3.0, 4.0])
    """
    if not max_norm >= 0:
        raise ArgumentError(f"clip_grad_norm_: max_norm is {max_norm}; it is at least 0")
    gradients = _gradients(parameters)
    if not gradients:
        return Tensor(0.0)
    xp = namespace(gradients[0])
    norms = xp.stack([xp.linalg.norm(g.ravel(order="K"), norm_type) for g in gradients])
    total = xp.asarray(xp.linalg.norm(norms, norm_type))
    if error_if_nonfinite and not xp.isfinite(total):
        raise NonFiniteError(
            f"clip_grad_norm_: the norm of order {norm_type} of all gradients is {float(total)}; "
            "it cannot be clipped. Lower the learning rate, or look for the first bad value in debug mode"
        )
    scale = xp.minimum(max_norm / (total + 1e-6), 1.0)
    for g in gradients:
        g *= scale.astype(g.dtype)
        written(g, "clip_grad_norm_")
    return Tensor(total)


clip_grad_norm = clip_grad_norm_
"""Its name in older versions of PyTorch."""


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Bring every element of every gradient into -clip_value..clip_value.

    Raises ArgumentError if `clip_value` is negative.

    >>> w = Tensor([0.0, 0.0]).requires_grad_()
    >>> w.grad = Tensor([-3.0, 0.25])
    >>> clip_grad_value_([w], 0.5)
    >>> w.grad.tolist()
    [-0.5, 0.25]
    """
    if not clip_value >= 0:
        raise ArgumentError(f"clip_grad_value_: clip_value is {clip_value}; it is at least 0")
    for g in _gradients(parameters):
        namespace(g).clip(g, -clip_value, clip_value, out=g)
        written(g, "clip_grad_value_")


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Array]:
    """The arrays of the gradients that there are."""
    tensors = [parameters] if isinstance(parameters, Tensor) else parameters
    return [tensor.grad.array for tensor in tensors if tensor.grad is not None]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters in one vector, one after the other; gradients flow through it.

    >>> parameters_to_vector([Tensor([[1.0, 2.0]]), Tensor([3.0])]).tolist()
    [1.0, 2.0, 3.0]
    """
    return cat([reshape(p, -1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Write a vector, such as `parameters_to_vector` makes, back into the parameters.

    Raises ShapeError where its length is not theirs.

    >>> p = Tensor([[0.0, 0.0]])
    >>> vector_to_parameters(Tensor([1.0, 2.0]), [p])
    >>> p.tolist()
    [[1.0, 2.0]]
    """
    listed = list(parameters)
    total = sum(p.array.size for p in listed)
    if vec.shape != (total,):
        raise ShapeError(f"vector_to_parameters: vec has shape {vec.shape}; the parameters need ({total},)")
    start = 0
    with no_grad():
        for p in listed:
            end = start + p.array.size
            write(p, Tensor(vec.array[start:end].reshape(p.shape)), "vector_to_parameters")
            start = end
