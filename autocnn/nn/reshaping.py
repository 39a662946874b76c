"""Layers that only move numbers: flatten, unflatten, pad, windows as columns and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from autocnn.engine import Tensor
from autocnn.nn import functional as F
from autocnn.nn.settings import Layer, per_axis
from autocnn.ops import flatten, unflatten
from autocnn.types import Size


class Flatten(Layer):
    """Several axes as one, by default all but the batch: x (N, ...) -> (N, n).

    >>> Flatten()(Tensor([[[1.0], [2.0]]])).shape
    (1, 2)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """The axes as one."""
        return flatten(input, self.start_dim, self.end_dim)


class Unflatten(Layer):
    """One axis as several.

    >>> Unflatten(1, (2, 1))(Tensor([[1.0, 2.0]])).shape
    (1, 2, 1)
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def forward(self, input: Tensor) -> Tensor:
        """The axis as several."""
        return unflatten(input, self.dim, self.unflattened_size)


class _ConstantPad(Layer):
    dims: ClassVar[int]

    def __init__(self, padding: Size, value: float) -> None:
        self.padding = per_axis(self._get_name(), "padding", padding, 2 * self.dims)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """x with a border of one value."""
        return F.pad(input, self.padding, value=self.value)


class ConstantPad1d(_ConstantPad):
    """A border of one value along the last axis: (left, right), or one number for both.

    >>> ConstantPad1d(1, 5.0)(Tensor([[[1.0]]])).tolist()
    [[[5.0, 1.0, 5.0]]]
    """

    dims = 1


class ConstantPad2d(_ConstantPad):
    """A border of one value around an image: (left, right, top, bottom), or one number for all.

    >>> ConstantPad2d((1, 0, 0, 0), 5.0)(Tensor([[[[1.0]]]])).tolist()
    [[[[5.0, 1.0]]]]
    """

    dims = 2


class ConstantPad3d(_ConstantPad):
    """A border of one value around a volume: (left, right, top, bottom, front, back), or one number for all.

    >>> ConstantPad3d(1, 5.0)
    ConstantPad3d(padding=(1, 1, 1, 1, 1, 1), value=5.0)
    """

    dims = 3


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Size) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The border."""
        return str(self.padding)


class ZeroPad1d(_ZeroPad):
    """A border of zeros along the last axis: (left, right), or one number for both.

    >>> ZeroPad1d(1)(Tensor([[[1.0]]])).tolist()
    [[[0.0, 1.0, 0.0]]]
    """

    dims = 1


class ZeroPad2d(_ZeroPad):
    """A border of zeros around an image: (left, right, top, bottom), or one number for all.

    >>> ZeroPad2d(2)
    ZeroPad2d((2, 2, 2, 2))
    """

    dims = 2


class ZeroPad3d(_ZeroPad):
    """A border of zeros around a volume: (left, right, top, bottom, front, back), or one number for all.

    >>> ZeroPad3d(1)(Tensor([[[[[1.0]]]]])).shape
    (1, 1, 3, 3, 3)
    """

    dims = 3


class _Border(Layer):
    dims: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: Size) -> None:
        self.padding = per_axis(self._get_name(), "padding", padding, 2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        """x with a border made of what lies inside."""
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """The border."""
        return str(self.padding)


class ReflectionPad1d(_Border):
    """A border along the last axis, mirrored at the edge: (left, right), or one number for both.

    >>> ReflectionPad1d(1)(Tensor([[[1.0, 2.0]]])).tolist()
    [[[2.0, 1.0, 2.0, 1.0]]]
    """

    dims = 1
    mode = "reflect"


class ReflectionPad2d(_Border):
    """A border around an image, mirrored at the edge: (left, right, top, bottom), or one number for all.

    >>> ReflectionPad2d(1)
    ReflectionPad2d((1, 1, 1, 1))
    """

    dims = 2
    mode = "reflect"


class ReflectionPad3d(_Border):
    """A border around a volume, mirrored at the edge: (left, right, top, bottom, front, back), or one number.

    >>> ReflectionPad3d(1)
    ReflectionPad3d((1, 1, 1, 1, 1, 1))
    """

    dims = 3
    mode = "reflect"


class ReplicationPad1d(_Border):
    """A border along the last axis, of the edge repeated: (left, right), or one number for both.

    >>> ReplicationPad1d(1)(Tensor([[[1.0, 2.0]]])).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """

    dims = 1
    mode = "replicate"


class ReplicationPad2d(_Border):
    """A border around an image, of the edge repeated: (left, right, top, bottom), or one number for all.

    >>> ReplicationPad2d(1)
    ReplicationPad2d((1, 1, 1, 1))
    """

    dims = 2
    mode = "replicate"


class ReplicationPad3d(_Border):
    """A border around a volume, of the edge repeated: (left, right, top, bottom, front, back), or one number.

    >>> ReplicationPad3d(1)
    ReplicationPad3d((1, 1, 1, 1, 1, 1))
    """

    dims = 3
    mode = "replicate"


class CircularPad1d(_Border):
    """A border along the last axis, from the other end: (left, right), or one number for both.

    >>> CircularPad1d(1)(Tensor([[[1.0, 2.0]]])).tolist()
    [[[2.0, 1.0, 2.0, 1.0]]]
    """

    dims = 1
    mode = "circular"


class CircularPad2d(_Border):
    """A border around an image, from the other end: (left, right, top, bottom), or one number for all.

    >>> CircularPad2d(1)
    CircularPad2d((1, 1, 1, 1))
    """

    dims = 2
    mode = "circular"


class CircularPad3d(_Border):
    """A border around a volume, from the other end: (left, right, top, bottom, front, back), or one number.

    >>> CircularPad3d(1)
    CircularPad3d((1, 1, 1, 1, 1, 1))
    """

    dims = 3
    mode = "circular"


class Unfold(Layer):
    """Every window as a column: x (N, C, H, W) -> (N, C kh kw, L).

    >>> Unfold((1, 2))(Tensor([[[[1.0, 2.0, 3.0]]]])).tolist()
    [[[1.0, 2.0], [2.0, 3.0]]]
    """

    def __init__(self, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> None:
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """The windows as columns."""
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)


class Fold(Layer):
    """Columns added where their windows lie, the adjoint of Unfold: x (N, C kh kw, L) -> (N, C, H, W).

    >>> Fold((1, 3), (1, 2))(Tensor([[[1.0, 2.0], [2.0, 3.0]]])).tolist()
    [[[[1.0, 4.0, 3.0]]]]
    """

    def __init__(
        self, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
    ) -> None:
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """The columns, added up."""
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)
