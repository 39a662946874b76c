"""From PyTorch's order of axes to that of libraries whose images are (N, H, W, C), and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..weights import Numbers


def to_rows(images: Numbers) -> Numbers:
    """(N, C, H, W) -> (N, H, W, C); what is no image stays as it is.

    >>> to_rows(np.zeros((1, 2, 3, 4))).shape, to_rows(np.zeros((5, 6))).shape
    ((1, 3, 4, 2), (5, 6))
    """
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1)) if images.ndim == 4 else images


def from_rows(images: Any) -> Numbers:
    """(N, H, W, C) -> (N, C, H, W).

    >>> from_rows(to_rows(np.zeros((1, 2, 3, 4)))).shape
    (1, 2, 3, 4)
    """
    array = np.asarray(images)
    return array.transpose(0, 3, 1, 2) if array.ndim == 4 else array


def kernel_to_rows(kernel: Numbers) -> Numbers:
    """(out, in, kh, kw) -> (kh, kw, in, out); what is no kernel stays as it is.

    >>> kernel_to_rows(np.zeros((1, 2, 3, 4))).shape
    (3, 4, 2, 1)
    """
    return np.ascontiguousarray(kernel.transpose(2, 3, 1, 0)) if kernel.ndim == 4 else kernel


def kernel_from_rows(kernel: Any) -> Numbers:
    """(kh, kw, in, out) -> (out, in, kh, kw).

    >>> kernel_from_rows(kernel_to_rows(np.zeros((1, 2, 3, 4)))).shape
    (1, 2, 3, 4)
    """
    array = np.asarray(kernel)
    return array.transpose(3, 2, 0, 1) if array.ndim == 4 else array
