"""`torch.nn.utils.rnn`, as far as networks without recurrence use it: rows of unequal length as one tensor."""

from __future__ import annotations

from collections.abc import Sequence

from autocnn import ops
from autocnn.engine import Tensor
from autocnn.nn import functional


def pad_sequence(
    sequences: Sequence[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Tensors (n_i, ...) filled up to the longest: (n, k, ...), or with `batch_first` (k, n, ...).

    >>> pad_sequence([Tensor([1.0, 2.0]), Tensor([3.0])], batch_first=True).tolist()
    [[1.0, 2.0], [3.0, 0.0]]
    """
    longest = max(x.shape[0] for x in sequences)
    rows = []
    for x in sequences:
        free = longest - x.shape[0]
        border = (free, 0) if padding_side == "left" else (0, free)
        rows.append(functional.pad(x, (0, 0) * (x.ndim - 1) + border, value=padding_value))
    return ops.stack(rows, 0 if batch_first else 1)


__all__ = ["pad_sequence"]
