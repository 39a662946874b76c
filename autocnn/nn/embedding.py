"""A table of vectors that are learned."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor, no_grad
from autocnn.errors import ArgumentError, ShapeError
from autocnn.nn import functional as F
from autocnn.nn import init
from autocnn.nn.module import Module
from autocnn.nn.parameter import Parameter
from autocnn.nn.settings import positive, unset


class Embedding(Module):
    """The row of a table for each whole number: x (...) -> (..., embedding_dim); first values normal.

    Row `padding_idx` is 0 at first and gets no gradient.

    >>> Embedding(10, 3)(Tensor([[1, 2, 4]])).shape
    (1, 3, 3)
    """

    weight: Parameter

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None,
        max_norm: float | None = None, norm_type: float = 2.0, scale_grad_by_freq: bool = False,
        sparse: bool = False, _weight: Tensor | None = None, _freeze: bool = False, device: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        positive("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ArgumentError(
                f"Embedding: padding_idx is {padding_idx}; must be from {-num_embeddings} to {num_embeddings - 1}"
            )
        shape = (num_embeddings, embedding_dim)
        if _weight is not None and _weight.shape != shape:
            raise ShapeError(f"Embedding: the weight is {_weight.shape}; it must be {shape}")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        self.weight = unset(shape, device, dtype) if _weight is None else Parameter(_weight)
        if _weight is None:
            self.reset_parameters()
        self.weight.requires_grad_(not _freeze)

    @classmethod
    def from_pretrained(
        cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None,
        max_norm: float | None = None, norm_type: float = 2.0, scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:  # fmt: skip
        """A layer of given rows, by default not to be trained."""
        count, width = embeddings.shape
        return cls(count, width, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, freeze)

    def reset_parameters(self) -> None:
        """Standard normal, the padding 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx] = 0.0

    def forward(self, input: Tensor) -> Tensor:
        """The rows."""
        return F.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq,
            self.sparse,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """The sizes; the padding where there is one."""
        said = f"{self.num_embeddings}, {self.embedding_dim}"
        return said if self.padding_idx is None else f"{said}, padding_idx={self.padding_idx}"
