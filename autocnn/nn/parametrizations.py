"""Weights of given size: PyTorch's `nn.utils.parametrizations`."""

from __future__ import annotations

import functools
from typing import Any, TypeVar

from autocnn import ops
from autocnn.engine import Tensor, as_tensor, no_grad
from autocnn.nn.module import Module
from autocnn.nn.parametrize import register_parametrization

M = TypeVar("M", bound=Module)


def norm_except_dim(v: Any, pow: float = 2, dim: int = 0) -> Tensor:
    """The norms of the slices of v along an axis, with axes of length 1 for the others; of all of it for -1.

    >>> norm_except_dim([[3.0, 4.0]]).tolist()
    [[5.0]]
    """
    x = as_tensor(v)
    rest = tuple(i for i in range(x.ndim) if i != dim)
    if dim == -1 or not rest:
        return ops.norm(x, pow) if dim == -1 else ops.abs(x)
    return ops.norm(x, pow, rest, True)


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        """g v / |v|."""
        return weight_v * (weight_g / norm_except_dim(weight_v, 2, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The norm, and the weight itself."""
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Learn a weight's size, `original0`, and its direction, `original1`, apart: g v / |v|, slice by slice.

    Source: T. Salimans and D. Kingma, "Weight Normalization", 2016.

    >>> from autocnn import nn
    >>> sorted(weight_norm(nn.Linear(2, 3)).state_dict())
    ['bias', 'parametrizations.weight.original0', 'parametrizations.weight.original1']
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    return module


class _SpectralNorm(Module):
    """Division by the largest singular value, as it is known from the power iterations so far."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        self.dim, self.n_power_iterations, self.eps = dim, n_power_iterations, eps
        if weight.ndim > 1:
            matrix = as_matrix(weight.detach(), dim)
            for name, length in zip(("_u", "_v"), matrix.shape, strict=True):
                start = ops.randn(length, dtype=weight.dtype, device=weight.device)
                self.register_buffer(name, _unit(start, eps))
            self._iterate(matrix, 15)

    def _iterate(self, matrix: Tensor, count: int) -> None:
        with no_grad():
            for _ in range(count):
                self._u.copy_(_unit(ops.mv(matrix, self._v), self.eps))
                self._v.copy_(_unit(ops.mv(ops.t(matrix), self._u), self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        """The weight over its norm; each call in training knows the norm better."""
        if weight.ndim == 1:
            return _unit(weight, self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._iterate(matrix.detach(), self.n_power_iterations)
        return weight / ops.dot(self._u.clone(), ops.mv(matrix, self._v.clone()))

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value itself."""
        return value


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """Divide a weight by its largest singular value, as a matrix with one row for each output.

    Source: T. Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018.

    >>> from autocnn import nn
    >>> layer = spectral_norm(nn.Linear(1, 1, bias=False))
    >>> abs(round(layer.weight.item(), 5))
    1.0
    """
    weight = getattr(module, name)
    made = _SpectralNorm(weight, n_power_iterations, first_axis(module) if dim is None else dim, eps)
    made.training = module.training
    register_parametrization(module, name, made)
    return module


def first_axis(module: Module) -> int:
    """The axis of a module's weight that counts outputs.

    >>> from autocnn import nn
    >>> first_axis(nn.Conv2d(1, 1, 1)), first_axis(nn.ConvTranspose2d(1, 1, 1))
    (0, 1)
    """
    return int(any(kind.__name__.startswith("ConvTranspose") for kind in type(module).__mro__))


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """A weight with one row for each place along an axis.

    >>> as_matrix(Tensor([[[1.0], [2.0]]]), 1).tolist()
    [[1.0], [2.0]]
    """
    if dim:
        weight = ops.permute(weight, dim, *(i for i in range(weight.ndim) if i != dim))
    return ops.flatten(weight, 1)


_unit = functools.partial(lambda x, eps: ops.normalize(x, dim=0, eps=eps))
