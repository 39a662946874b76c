"""Element types of PyTorch's that no tensor has here: they can be named and compared with, and not used."""

from __future__ import annotations

from typing import Any


class Elsewhere:
    """The name of a dtype. It equals only itself; an op that is to make one says which dtypes there are.

    >>> import autocnn
    >>> autocnn.ones(1).dtype == bfloat16
    False
    >>> autocnn.ones(1).to(bfloat16)
    Traceback (most recent call last):
    ...
    autocnn.errors.DTypeError: to: dtype is torch.bfloat16; must be one of float16, float32, float64, ...
    """

    def __init__(self, name: str, floating: bool = False, complex: bool = False) -> None:
        self._name, self.is_floating_point, self.is_complex = name, floating, complex

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> str:
        return self._name  # copies are the same one


_FLOATING = (
    "bfloat16", "float4_e2m1fn_x2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz",
    "float8_e8m0fnu",
)  # fmt: skip
_COMPLEX = ("complex32", "complex64", "complex128")
_WHOLE = ("uint16", "uint32", "uint64", "qint8", "qint32", "quint8", "quint4x2", "quint2x4")
_FOUND: dict[str, Any] = {
    **{name: Elsewhere(name, floating=True) for name in _FLOATING},
    **{name: Elsewhere(name, complex=True) for name in _COMPLEX},
    **{name: Elsewhere(name) for name in _WHOLE},
}
bfloat16, chalf, cfloat, cdouble = (_FOUND[name] for name in ("bfloat16", "complex32", "complex64", "complex128"))
globals().update(_FOUND)

__all__ = ["cdouble", "cfloat", "chalf", *_FOUND]
