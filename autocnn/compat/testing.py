"""`torch.testing`: whether two tensors, or collections of them, are close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autocnn.engine import as_tensor

_CLOSE = {"float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}


def assert_close(
    actual: Any, expected: Any, *, rtol: float | None = None, atol: float | None = None, equal_nan: bool = False,
    check_device: bool = True, check_dtype: bool = True, check_stride: bool = False, allow_subclasses: bool = True,
    msg: Any = None,
) -> None:  # fmt: skip
    """Raise AssertionError unless shapes and dtypes are equal and values close, as far as the dtype goes.

    >>> assert_close([1.0], [1.0 + 1e-7])
    """
    given = {"rtol": rtol, "atol": atol, "equal_nan": equal_nan, "check_dtype": check_dtype, "msg": msg}
    if isinstance(actual, Mapping):
        _same(actual.keys() == expected.keys(), msg, f"keys are {list(actual)}, expected are {list(expected)}")
        for key in actual:
            assert_close(actual[key], expected[key], **given)
        return
    if isinstance(actual, Sequence):
        _same(len(actual) == len(expected), msg, f"{len(actual)} values, expected are {len(expected)}")
        for a, b in zip(actual, expected, strict=True):
            assert_close(a, b, **given)
        return
    x, y = as_tensor(actual), as_tensor(expected)
    _same(x.shape == y.shape, msg, f"the shape is {x.shape}, expected is {y.shape}")
    _same(x.dtype == y.dtype or not check_dtype, msg, f"the dtype is {x.dtype}, expected is {y.dtype}")
    wide = max((_CLOSE.get(str(t.dtype), (0.0, 0.0)) for t in (x, y)), default=(0.0, 0.0))
    given_rtol, given_atol = (wide[i] if t is None else t for i, t in enumerate((rtol, atol)))
    a, b = (t.detach().cpu().numpy().astype(np.float64) for t in (x, y))
    near = np.isclose(a, b, given_rtol, given_atol, equal_nan)
    _same(bool(near.all()), msg, f"{(~near).sum()} of {near.size} values are not close")


def assert_allclose(
    actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None, **kwargs: Any
) -> None:
    """`assert_close`, by its older name and whatever the dtypes.

    >>> assert_allclose([1.0], [1])
    """
    assert_close(as_tensor(actual), as_tensor(expected), rtol=rtol, atol=atol, check_dtype=False, equal_nan=True)


def _same(holds: bool, said: Any, otherwise: str) -> None:
    if not holds:
        text = f"assert_close: {otherwise}"
        raise AssertionError(text if said is None else said(text) if callable(said) else said)


__all__ = ["assert_allclose", "assert_close"]
