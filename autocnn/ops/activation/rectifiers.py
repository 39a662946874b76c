"""Piecewise activations: relu and its kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

from autocnn.backend import kernels
from autocnn.backend.arrays import CPU
from autocnn.backend.select import select
from autocnn.engine import Tensor, as_tensor, binary, method, primitive
from autocnn.engine.inplace import write
from autocnn.engine.tape import Leaf, Node, version
from autocnn.errors import ArgumentError, ShapeError
from autocnn.ops.broadcast import unbroadcast
from autocnn.ops.dtypes import fitting
from autocnn.ops.elementwise.arithmetic import _add, _mul
from autocnn.ops.elementwise.casts import floating, quiet
from autocnn.ops.elementwise.comparison import _gt, _le
from autocnn.ops.elementwise.exponential import _exp
from autocnn.ops.elementwise.selection import _clamp, _where
from autocnn.ops.precision import adding
from autocnn.ops.shape.views import reshape
from autocnn.types import Array, DType, Shape


def kept(x: Any, z: Tensor, inplace: bool, name: str) -> Tensor:
    """The value of an activation: in a tensor of its own, or written over x."""
    return write(x, z, f"{name}_", fresh=z is not x) if inplace else z


@method("relu")
def relu(input: Any, inplace: bool = False) -> Tensor:
    """max(input, 0); the derivative at 0 is 0.

    >>> relu(Tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    kind = type(input)
    if kind is Rectified and not version(input.array):
        return input
    if kind is Foreseen:
        return input.rectified(inplace)
    x = as_tensor(input)
    if x._node is not None and x._node.primitive is not None:
        foresee(x._node)
    return kept(input, _relu(x), inplace, "relu")


class Rectified(Tensor):
    """What a kernel that ends in a relu has made: its relu is itself, as long as nobody has written to it.

    >>> x = Rectified([0.0, 2.0])
    >>> relu(x) is x
    True
    """

    __slots__ = ()


class Foreseen(Tensor):
    """What an op made whose kernel went on to the relu behind: its own value is computed when it is asked for.

    So the op and the relu of it cost one visit of memory. Which ops have a relu behind them is known from the step
    before; where it does not come this time, only time is lost.
    """

    __slots__ = ()

    @classmethod
    def of(cls, made: Tensor, bounds: Any, later: Callable[[], Array]) -> Foreseen:
        """The tensor of a node whose kernel made relu's value; `later` makes the op's own.

        `bounds` are those of relu's value, as :func:`bind` takes them.
        """
        known = made.__dict__
        known["_rectified"], known["_bounds"], known["_later"] = made._array, bounds, later
        made.__class__ = cls
        return made  # type: ignore[return-value]

    def moved(self, target: Tensor) -> Foreseen:
        """Another tensor, whose value this is from now on."""
        target._array, target._node = self.__dict__["_rectified"], self._node
        return Foreseen.of(target, self.__dict__["_bounds"], self.__dict__["_later"])

    @property
    def _array(self) -> Array:
        self._settle(self.__dict__["_later"]())
        return self._array

    @property
    def shape(self) -> Shape:
        """Length of each axis."""
        return self.__dict__["_rectified"].shape

    @property
    def dtype(self) -> DType:
        """Type of the elements."""
        return self.__dict__["_rectified"].dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.__dict__["_rectified"].ndim

    def rectified(self, inplace: bool) -> Tensor:
        """relu of it: a new tensor, or this one."""
        known = self.__dict__
        z, bounds = known["_rectified"], known["_bounds"]
        made = _relu.noted_of_one(self, None, z, {})
        if inplace:
            self._settle(z)
            self._node = made._node
            made = self
        bind(made, bounds)
        return made

    def _settle(self, array: Array) -> None:
        """Be a Tensor like any other."""
        for name in ("_rectified", "_bounds", "_later"):
            del self.__dict__[name]
        self.__class__ = Tensor  # type: ignore[assignment]
        settled: Tensor = self
        settled._array = array


def foresee(node: Node) -> None:
    """Note what has a relu behind it, so that its next kernel goes on to that.

    The parameter that stays from step to step keeps it: the weight of a batch norm, or of one that is added to
    something.
    """
    made: Any = node.primitive
    if made.goes_on_to is _relu:
        _remember(node, "_relu_behind")
    elif made is _add and node.device == CPU:
        for edge in node.edges:
            if edge.primitive is not None and edge.primitive.goes_on_to is _relu:
                _remember(edge, "_relu_behind_sum")


def _remember(norm: Node, what: str) -> None:
    weight = norm.edges[1].tensor() if isinstance(norm.edges[1], Leaf) else None
    if weight is not None:
        weight.__dict__[what] = True


def bind(made: Tensor, by: Any) -> None:
    """Note that an op made a tensor that is :func:`bounded` by these vectors; True where it is bounded anyway."""
    made.__dict__["_bounds"] = ref(made._array), by


def bounded(x: Tensor) -> bool:
    """Whether it is known to hold no NaN, and nothing near overflow, so that a kernel may run that loses NaN.

    What a batch norm makes is bounded by its statistics, its weight and its bias; so are sums of such, and relu of
    them. It is known of what an op made, as long as nobody has written to it.
    """
    of, by = x.__dict__.get("_bounds", (None, None))
    if of is None or of() is not x._array or version(x._array):
        return False
    if by is True:
        return True
    known = by is not None and all(v.dot(v) < _FAR for v in by)
    bind(x, known or None)
    return known


_FAR = 1e20
"""The square of a norm below which no sum of what a batch norm makes comes near overflow."""


@primitive(saves=("z",))
def _relu(xp: Any, x: Any) -> Any:
    return kernels.relu(xp, x)


@primitive(saves=(("y",), ()))
def _relu_backward(xp: Any, x: Any, y: Any) -> Any:
    """The cotangent x where relu's value y is not 0; a NaN lets it pass."""
    return kernels.relu_backward(xp, x, y)


_relu.vjp(lambda g, z, x: _relu_backward(g, z))
_relu_backward.vjp(lambda g, z, x, y: _relu_backward(g, y), None)


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """input where it is above a threshold, a fixed value elsewhere.

    >>> threshold(Tensor([0.5, 2.0]), 1.0, -1.0).tolist()
    [-1.0, 2.0]
    """
    x = as_tensor(input)
    value = float(fitting("threshold", "value", value, x.dtype))
    return kept(x, _threshold(x, at=float(threshold), value=value), inplace, "threshold")


@primitive(saves=("x",))
def _threshold(xp: Any, x: Any, *, at: float, value: float) -> Any:
    return select(xp, x <= at, x.dtype.type(value), x)


_threshold.vjp(lambda g, z, x, at, value: _where(_le(x, at), 0.0, g))


# Limited on both sides ---------------------------------------------------------------------------------------


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """input kept between two numbers; at them and beyond, the derivative is 0.

    Raises ArgumentError where min_val is above max_val.

    >>> hardtanh(Tensor([-3.0, 0.5])).tolist()
    [-1.0, 0.5]
    """
    x = as_tensor(input)
    if min_val > max_val:
        raise ArgumentError(f"hardtanh: min_val is {min_val}; it must not be above max_val {max_val}")
    low, high = (fitting("hardtanh", *v, x.dtype) for v in (("min_val", min_val), ("max_val", max_val)))
    return kept(x, _hardtanh(x, low=float(low), high=float(high)), inplace, "hardtanh")


def relu6(input: Any, inplace: bool = False) -> Tensor:
    """min(max(input, 0), 6).

    >>> relu6(Tensor([-3.0, 8.0])).tolist()
    [0.0, 6.0]
    """
    return hardtanh(input, 0.0, 6.0, inplace)


@primitive(saves=("x",))
def _hardtanh(xp: Any, x: Any, *, low: float, high: float) -> Any:
    return kernels.clamp(xp, x, low=x.dtype.type(low), high=x.dtype.type(high))


@primitive(saves=("x",))
def _hardtanh_backward(xp: Any, g: Any, x: Any, *, low: float, high: float) -> Any:
    """The cotangent g where x lay between the limits."""
    return kernels.hardtanh_backward(xp, g, x, low=low, high=high)


_hardtanh.vjp(lambda g, z, x, low, high: _hardtanh_backward(g, x, low=low, high=high))
_hardtanh_backward.vjp(lambda g, z, _, x, low, high: _hardtanh_backward(g, x, low=low, high=high), None)


def hardsigmoid(input: Any, inplace: bool = False) -> Tensor:
    """A logistic function of three straight lines: min(max(input / 6 + 1 / 2, 0), 1).

    >>> hardsigmoid(Tensor([-4.0, 0.0, 4.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return kept(input, _hardsigmoid(floating(input)), inplace, "hardsigmoid")


@primitive(saves=("x",))
@adding
def _hardsigmoid(xp: Any, x: Any) -> Any:
    return kernels.hardsigmoid(xp, x)


_hardsigmoid.vjp(lambda g, z, x: _hardtanh_backward(_mul(g, 1 / 6), x, low=-3.0, high=3.0))


def hardswish(input: Any, inplace: bool = False) -> Tensor:
    """input hardsigmoid(input).

    Source: Howard et al. (2019), "Searching for MobileNetV3".

    >>> hardswish(Tensor([-4.0, 0.0, 4.0])).tolist()
    [-0.0, 0.0, 4.0]
    """
    return kept(input, _hardswish(floating(input)), inplace, "hardswish")


@primitive(saves=("x",))
@adding
def _hardswish(xp: Any, x: Any) -> Any:
    return kernels.hardswish(xp, x)


@primitive(saves=(("x",), ("g", "x")))
def _hardswish_backward(xp: Any, g: Any, x: Any) -> Any:
    return kernels.hardswish_backward(xp, g, x)


_hardswish.vjp(lambda g, z, x: _hardswish_backward(g, x))
_hardswish_backward.vjp(
    lambda u, z, g, x: _hardswish_backward(u, x),
    lambda u, z, g, x: _hardtanh_backward(_mul(_mul(u, g), 1 / 3), x, low=-3.0, high=3.0),
)


# Sloped below 0 ----------------------------------------------------------------------------------------------


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input above 0, negative_slope times input below.

    >>> leaky_relu(Tensor([-2.0, 2.0]), 0.5).tolist()
    [-1.0, 2.0]
    """
    return kept(input, _leaky_relu(as_tensor(input), slope=float(negative_slope)), inplace, "leaky_relu")


@primitive(saves=("x",))
def _leaky_relu(xp: Any, x: Any, *, slope: float) -> Any:
    return kernels.leaky_relu(xp, x, slope=slope)


@primitive(saves=("x",))
def _leaky_relu_backward(xp: Any, g: Any, x: Any, *, slope: float) -> Any:
    """The cotangent g where x was above 0, slope times it elsewhere."""
    return kernels.leaky_relu_backward(xp, g, x, slope=slope)


_leaky_relu.vjp(lambda g, z, x, slope: _leaky_relu_backward(g, x, slope=slope))
_leaky_relu_backward.vjp(lambda g, z, _, x, slope: _leaky_relu_backward(g, x, slope=slope), None)


@method("prelu")
def prelu(input: Any, weight: Any) -> Tensor:
    """input above 0, a learned slope times input below: one slope, or one for each channel.

    input (N, C, ...), weight (1) or (C).
    Raises ShapeError where the number of slopes is another.
    Source: He et al. (2015), "Delving deep into rectifiers".

    >>> prelu(Tensor([-2.0, 2.0]), Tensor([0.5])).tolist()
    [-1.0, 2.0]
    """
    input, weight = as_tensor(input), as_tensor(weight)
    count = weight.array.size
    channels = input.shape[1] if input.ndim > 1 else 1
    if count not in (1, channels):
        raise ShapeError(
            f"prelu: weight has {count} elements, x {input.shape} has {channels} channels; give 1 or {channels}"
        )
    return binary(_prelu, input, reshape(weight, () if count == 1 else (count, *(1,) * (input.ndim - 2))))


@primitive(saves=("x", "weight"))
def _prelu(xp: Any, x: Any, weight: Any) -> Any:
    return kernels.prelu(xp, x, weight)


_prelu.vjp(
    lambda g, z, x, weight: unbroadcast(_where(_gt(x, 0.0), g, _mul(g, weight)), x),
    lambda g, z, x, weight: unbroadcast(_where(_gt(x, 0.0), 0.0, _mul(g, x)), weight),
)


# Exponential below 0 -----------------------------------------------------------------------------------------

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input above 0, alpha (e ** input - 1) below.

    >>> elu(Tensor([0.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    return kept(input, _elu(floating(input), alpha=float(alpha), scale=1.0, rate=1.0), inplace, "elu")


def selu(input: Any, inplace: bool = False) -> Tensor:
    """elu, scaled so that activations of mean 0 and variance 1 keep them.

    Source: Klambauer et al. (2017), "Self-normalizing neural networks".

    >>> selu(Tensor([0.0])).tolist()
    [0.0]
    """
    return kept(input, _elu(floating(input), alpha=_SELU_ALPHA, scale=_SELU_SCALE, rate=1.0), inplace, "selu")


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input above 0, alpha (e ** (input / alpha) - 1) below: smooth for every alpha.

    Raises ArgumentError for alpha 0.

    >>> celu(Tensor([0.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    if alpha == 0:
        raise ArgumentError("celu: alpha is 0; it divides input and must not be")
    return kept(input, _elu(floating(input), alpha=float(alpha), scale=1.0, rate=1 / alpha), inplace, "celu")


@primitive(saves=("x",))
@quiet
@adding
def _elu(xp: Any, x: Any, *, alpha: float, scale: float, rate: float) -> Any:
    """scale x above 0, scale alpha (e ** (rate x) - 1) below."""
    return kernels.elu(xp, x, alpha=alpha, scale=scale, rate=rate)


def _elu_rule(g: Any, z: Any, x: Any, alpha: float, scale: float, rate: float) -> Any:
    below = _exp(_mul(_clamp(x, low=None, high=0.0), rate))
    return _where(_gt(x, 0.0), _mul(g, scale), _mul(g, _mul(below, alpha * scale * rate)))


@primitive(differentiable=False)
@quiet
@adding
def _elu_backward(xp: Any, g: Any, x: Any, *, alpha: float, scale: float, rate: float) -> Any:
    return kernels.elu_backward(xp, g, x, alpha=alpha, scale=scale, rate=rate)


_elu.vjp(_elu_rule)
_elu.fast(lambda g, z, x, need, alpha, scale, rate: (_elu_backward(g, x, alpha=alpha, scale=scale, rate=rate),))
