"""Methods of Tensor that the ops add at run time: written by `python -m tests.house.stubs`."""

# fmt: off
from collections.abc import Sequence
from typing import Any

from autocnn.backend.random import Generator
from autocnn.engine.tensor import Tensor
from autocnn.types import Axes, Shape, Size

_bool = bool
_float = float
_int = int

class Methods:
    @property
    def T(self) -> Tensor:
        """x with its axes in reverse order; `Tensor.T`."""

    def __abs__(self) -> Tensor:
        """|input|; the derivative at 0 is 0."""

    def __add__(self, y: Any) -> Tensor:
        ...

    def __and__(self, other: Any) -> Tensor:
        """input & other, on integers and bools."""

    def __divmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        ...

    def __eq__(self, other: Any) -> Any:
        ...

    def __floordiv__(self, other: Any) -> Tensor:
        """input / other rounded down; the derivative is 0."""

    def __ge__(self, other: Any) -> Tensor:
        """input >= other, elementwise."""

    def __getitem__(self, key: Any) -> Tensor:
        """input[key]: numbers, slices, None and ... give a view; tensors of integers or bools a copy."""

    def __gt__(self, other: Any) -> Tensor:
        """input > other, elementwise."""

    def __iadd__(self, y: Any) -> Tensor:
        """`_plus`, written into the tensor's own memory; returns the tensor."""

    def __iand__(self, other: Any) -> Tensor:
        """`bitwise_and`, written into the tensor's own memory; returns the tensor."""

    def __ifloordiv__(self, other: Any) -> Tensor:
        """`floor_divide`, written into the tensor's own memory; returns the tensor."""

    def __imod__(self, other: Any) -> Tensor:
        """`remainder`, written into the tensor's own memory; returns the tensor."""

    def __imul__(self, y: Any) -> Tensor:
        """`_product_of`, written into the tensor's own memory; returns the tensor."""

    def __invert__(self) -> Tensor:
        """~input: every bit flipped; of bools, their opposites."""

    def __ior__(self, other: Any) -> Tensor:
        """`bitwise_or`, written into the tensor's own memory; returns the tensor."""

    def __ipow__(self, exponent: Any) -> Tensor:
        """`pow`, written into the tensor's own memory; returns the tensor."""

    def __isub__(self, y: Any) -> Tensor:
        """`_minus`, written into the tensor's own memory; returns the tensor."""

    def __itruediv__(self, other: Any) -> Tensor:
        """`true_divide`, written into the tensor's own memory; returns the tensor."""

    def __ixor__(self, other: Any) -> Tensor:
        """`bitwise_xor`, written into the tensor's own memory; returns the tensor."""

    def __le__(self, other: Any) -> Tensor:
        """input <= other, elementwise."""

    def __lshift__(self, other: Any) -> Tensor:
        """input << other, on integers."""

    def __lt__(self, other: Any) -> Tensor:
        """input < other, elementwise."""

    def __matmul__(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        ...

    def __mod__(self, other: Any) -> Tensor:
        """input - other * floor(input / other): the sign of the divisor, as Python's %."""

    def __mul__(self, y: Any) -> Tensor:
        ...

    def __ne__(self, other: Any) -> Any:
        ...

    def __neg__(self) -> Tensor:
        """-input."""

    def __or__(self, other: Any) -> Tensor:
        """input | other, on integers and bools."""

    def __pos__(self) -> Tensor:
        """input itself."""

    def __pow__(self, exponent: Any) -> Tensor:
        """input ** exponent. The derivative is finite wherever it has a limit: 0 ** 0 has the derivative 0."""

    def __radd__(self, y: Any) -> Tensor:
        ...

    def __rand__(self, other: Any) -> Tensor:
        """input & other, on integers and bools."""

    def __rdivmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        ...

    def __repr__(self) -> str:
        ...

    def __rfloordiv__(self, other: Any) -> Tensor:
        ...

    def __rlshift__(self, other: Any) -> Tensor:
        ...

    def __rmatmul__(self, other: Any) -> Tensor:
        ...

    def __rmod__(self, other: Any) -> Tensor:
        ...

    def __rmul__(self, y: Any) -> Tensor:
        ...

    def __ror__(self, other: Any) -> Tensor:
        """input | other, on integers and bools."""

    def __rpow__(self, base: Any) -> Tensor:
        ...

    def __rrshift__(self, other: Any) -> Tensor:
        ...

    def __rshift__(self, other: Any) -> Tensor:
        """input >> other, on integers."""

    def __rsub__(self, y: Any) -> Tensor:
        ...

    def __rtruediv__(self, other: Any) -> Tensor:
        ...

    def __rxor__(self, other: Any) -> Tensor:
        """input ^ other, on integers and bools."""

    def __setitem__(self, key: Any, value: Any) -> None:
        """input[key] = value, broadcast; the tensor gets the graph of what it now holds."""

    def __str__(self) -> str:
        ...

    def __sub__(self, y: Any) -> Tensor:
        ...

    def __truediv__(self, other: Any) -> Tensor:
        """input / other, in floating point also for integers."""

    def __xor__(self, other: Any) -> Tensor:
        """input ^ other, on integers and bools."""

    def abs(self) -> Tensor:
        """|input|; the derivative at 0 is 0."""

    def abs_(self) -> Tensor:
        """`abs`, written into the tensor's own memory; returns the tensor."""

    def absolute(self) -> Tensor:
        """|input|; the derivative at 0 is 0."""

    def absolute_(self) -> Tensor:
        """`abs`, written into the tensor's own memory; returns the tensor."""

    def acos(self) -> Tensor:
        """The angle whose cosine is input; NaN outside -1..1."""

    def acos_(self) -> Tensor:
        """`acos`, written into the tensor's own memory; returns the tensor."""

    def acosh(self) -> Tensor:
        """The inverse of cosh; NaN below 1."""

    def acosh_(self) -> Tensor:
        """`acosh`, written into the tensor's own memory; returns the tensor."""

    def add(self, other: Any, *, alpha: _float = 1, out: Tensor | None = None) -> Tensor:
        """input + alpha * other, written into `out` where one is given."""

    def add_(self, other: Any, *, alpha: _float = 1, out: Tensor | None = None) -> Tensor:
        """`add`, written into the tensor's own memory; returns the tensor."""

    def addcdiv(self, tensor1: Any, tensor2: Any, *, value: _float = 1) -> Tensor:
        """input + value * tensor1 / tensor2."""

    def addcdiv_(self, tensor1: Any, tensor2: Any, *, value: _float = 1) -> Tensor:
        """`addcdiv`, written into the tensor's own memory; returns the tensor."""

    def addcmul(self, tensor1: Any, tensor2: Any, *, value: _float = 1) -> Tensor:
        """input + value * tensor1 * tensor2."""

    def addcmul_(self, tensor1: Any, tensor2: Any, *, value: _float = 1) -> Tensor:
        """`addcmul`, written into the tensor's own memory; returns the tensor."""

    def addmm(self, mat1: Any, mat2: Any, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """beta input + alpha (mat1 @ mat2), input broadcast to (n, m)."""

    def addmm_(self, mat1: Any, mat2: Any, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """`addmm`, written into the tensor's own memory; returns the tensor."""

    def addmv(self, mat: Any, vec: Any, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """beta input + alpha (mat @ vec), input broadcast to (n,)."""

    def addmv_(self, mat: Any, vec: Any, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """`addmv`, written into the tensor's own memory; returns the tensor."""

    def all(self, dim: Axes = None, keepdim: _bool = False, *, axis: Axes = ..., keepdims: _bool = ...) -> Tensor:
        """Whether all elements over axes are other than 0; true of none."""

    def allclose(self, other: Any, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> _bool:
        """Whether all elements are close: see `isclose`."""

    def amax(self, dim: Axes = None, keepdim: _bool = False, *, axis: Axes = ..., keepdims: _bool = ...) -> Tensor:
        """The greatest elements over axes; equal ones share the gradient evenly."""

    def amin(self, dim: Axes = None, keepdim: _bool = False, *, axis: Axes = ..., keepdims: _bool = ...) -> Tensor:
        """The least elements over axes; equal ones share the gradient evenly."""

    def aminmax(self, *, dim: _int | None = None, keepdim: _bool = False) -> Any:
        """The smallest and the largest element, of all or along an axis."""

    def any(self, dim: Axes = None, keepdim: _bool = False, *, axis: Axes = ..., keepdims: _bool = ...) -> Tensor:
        """Whether some element over axes is other than 0; false of none."""

    def arccos(self) -> Tensor:
        """The angle whose cosine is input; NaN outside -1..1."""

    def arccos_(self) -> Tensor:
        """`acos`, written into the tensor's own memory; returns the tensor."""

    def arccosh(self) -> Tensor:
        """The inverse of cosh; NaN below 1."""

    def arccosh_(self) -> Tensor:
        """`acosh`, written into the tensor's own memory; returns the tensor."""

    def arcsin(self) -> Tensor:
        """The angle whose sine is input; NaN outside -1..1."""

    def arcsin_(self) -> Tensor:
        """`asin`, written into the tensor's own memory; returns the tensor."""

    def arcsinh(self) -> Tensor:
        """The inverse of sinh."""

    def arcsinh_(self) -> Tensor:
        """`asinh`, written into the tensor's own memory; returns the tensor."""

    def arctan(self) -> Tensor:
        """The angle whose tangent is input."""

    def arctan2(self, other: Any) -> Tensor:
        """The angle of the point (other, input): atan(input / other) in the right quadrant."""

    def arctan2_(self, other: Any) -> Tensor:
        """`atan2`, written into the tensor's own memory; returns the tensor."""

    def arctan_(self) -> Tensor:
        """`atan`, written into the tensor's own memory; returns the tensor."""

    def arctanh(self) -> Tensor:
        """The inverse of tanh; infinite at -1 and 1, NaN outside."""

    def arctanh_(self) -> Tensor:
        """`atanh`, written into the tensor's own memory; returns the tensor."""

    def argmax(
        self,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """The index of the first greatest element along an axis, or among all, counted as if input were flat."""

    def argmin(
        self,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """The index of the first least element along an axis, or among all, counted as if input were flat."""

    def argsort(
        self,
        dim: _int = -1,
        descending: _bool = False,
        *,
        stable: _bool = False,
        axis: Axes = ...,
    ) -> Tensor:
        """Where the elements along an axis stand, in rising or falling order; equal ones as they stand."""

    def argwhere(self) -> Tensor:
        """The positions of what is not zero: (n, axes)."""

    def asin(self) -> Tensor:
        """The angle whose sine is input; NaN outside -1..1."""

    def asin_(self) -> Tensor:
        """`asin`, written into the tensor's own memory; returns the tensor."""

    def asinh(self) -> Tensor:
        """The inverse of sinh."""

    def asinh_(self) -> Tensor:
        """`asinh`, written into the tensor's own memory; returns the tensor."""

    def atan(self) -> Tensor:
        """The angle whose tangent is input."""

    def atan2(self, other: Any) -> Tensor:
        """The angle of the point (other, input): atan(input / other) in the right quadrant."""

    def atan2_(self, other: Any) -> Tensor:
        """`atan2`, written into the tensor's own memory; returns the tensor."""

    def atan_(self) -> Tensor:
        """`atan`, written into the tensor's own memory; returns the tensor."""

    def atanh(self) -> Tensor:
        """The inverse of tanh; infinite at -1 and 1, NaN outside."""

    def atanh_(self) -> Tensor:
        """`atanh`, written into the tensor's own memory; returns the tensor."""

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: _bool | None = None,
        create_graph: _bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        ...

    def baddbmm(self, batch1: Any, batch2: Any, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """beta input + alpha (batch1 @ batch2), input broadcast to (b, n, m)."""

    def baddbmm_(self, batch1: Any, batch2: Any, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """`baddbmm`, written into the tensor's own memory; returns the tensor."""

    def bernoulli(self, *, generator: Generator | None = None) -> Tensor:
        """1 with the probability that input holds, else 0: x (...) -> the same shape and dtype. No gradient."""

    def bernoulli_(self, *, generator: Generator | None = None) -> Tensor:
        """Write 1 with probability p, else 0, into input."""

    def bincount(self, weights: Any = None, minlength: _int = 0) -> Tensor:
        ...

    def bitwise_and(self, other: Any) -> Tensor:
        """input & other, on integers and bools."""

    def bitwise_and_(self, other: Any) -> Tensor:
        """`bitwise_and`, written into the tensor's own memory; returns the tensor."""

    def bitwise_left_shift(self, other: Any) -> Tensor:
        """input << other, on integers."""

    def bitwise_left_shift_(self, other: Any) -> Tensor:
        """`bitwise_left_shift`, written into the tensor's own memory; returns the tensor."""

    def bitwise_not(self) -> Tensor:
        """~input: every bit flipped; of bools, their opposites."""

    def bitwise_not_(self) -> Tensor:
        """`bitwise_not`, written into the tensor's own memory; returns the tensor."""

    def bitwise_or(self, other: Any) -> Tensor:
        """input | other, on integers and bools."""

    def bitwise_or_(self, other: Any) -> Tensor:
        """`bitwise_or`, written into the tensor's own memory; returns the tensor."""

    def bitwise_right_shift(self, other: Any) -> Tensor:
        """input >> other, on integers."""

    def bitwise_right_shift_(self, other: Any) -> Tensor:
        """`bitwise_right_shift`, written into the tensor's own memory; returns the tensor."""

    def bitwise_xor(self, other: Any) -> Tensor:
        """input ^ other, on integers and bools."""

    def bitwise_xor_(self, other: Any) -> Tensor:
        """`bitwise_xor`, written into the tensor's own memory; returns the tensor."""

    def bmm(self, mat2: Any, *, out: Tensor | None = None) -> Tensor:
        """The products of two stacks of as many matrices: (b, n, k), (b, k, m) -> (b, n, m)."""

    def bool(self, memory_format: Any = None) -> Tensor:
        """x as bool."""

    def broadcast_to(self, size: Shape) -> Tensor:
        """input (any shape) as a view of shape `size`, its axes of length 1 repeated without a copy."""

    def byte(self, memory_format: Any = None) -> Tensor:
        """x as uint8."""

    def ceil(self) -> Tensor:
        """The smallest whole number >= input."""

    def ceil_(self) -> Tensor:
        """`ceil`, written into the tensor's own memory; returns the tensor."""

    def char(self, memory_format: Any = None) -> Tensor:
        """x as int8."""

    def chunk(self, chunks: _int, dim: _int = 0, *, axis: Axes = ...) -> tuple[Tensor, ...]:
        """input in at most `chunks` pieces of one length, the last perhaps shorter. Views."""

    def clamp(self, min: Any = None, max: Any = None) -> Tensor:
        """input kept between min and max, numbers or tensors; where it was cut off its derivative is 0."""

    def clamp_(self, min: Any = None, max: Any = None) -> Tensor:
        """`clamp`, written into the tensor's own memory; returns the tensor."""

    def clamp_max(self, max: Any) -> Tensor:
        """input, but at most max."""

    def clamp_max_(self, max: Any) -> Tensor:
        """`clamp_max`, written into the tensor's own memory; returns the tensor."""

    def clamp_min(self, min: Any) -> Tensor:
        """input, but at least min."""

    def clamp_min_(self, min: Any) -> Tensor:
        """`clamp_min`, written into the tensor's own memory; returns the tensor."""

    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """input kept between min and max, numbers or tensors; where it was cut off its derivative is 0."""

    def clip_(self, min: Any = None, max: Any = None) -> Tensor:
        """`clamp`, written into the tensor's own memory; returns the tensor."""

    def clone(self) -> Tensor:
        """A copy of input in memory of its own; its gradient goes to input."""

    def contiguous(self, memory_format: str = 'contiguous_format') -> Tensor:
        """input itself where it is contiguous, a copy that is otherwise."""

    def copy_(self, src: Any, non_blocking: _bool = False) -> Tensor:
        """Write the values of another tensor, broadcast and cast, into this one; their gradient follows."""

    def cos(self) -> Tensor:
        """The cosine of input in radians."""

    def cos_(self) -> Tensor:
        """`cos`, written into the tensor's own memory; returns the tensor."""

    def cosh(self) -> Tensor:
        """The hyperbolic cosine."""

    def cosh_(self) -> Tensor:
        """`cosh`, written into the tensor's own memory; returns the tensor."""

    def count_nonzero(self, dim: Axes = None, *, axis: Axes = ...) -> Tensor:
        """How many elements over axes are other than 0."""

    def cpu(self) -> Tensor:
        """input in the main memory; itself if it is there."""

    def cuda(self, device: _int | str = 0) -> Tensor:
        """input on a GPU. Raises DeviceError where CuPy is not installed."""

    def cummax(self, dim: _int = ..., *, axis: Axes = ...) -> Any:
        ...

    def cummin(self, dim: _int = ..., *, axis: Axes = ...) -> Any:
        """The least of all elements up to each one along an axis, and where it stands; of equal ones the last."""

    def cumprod(self, dim: _int = ..., *, dtype: Any = None, axis: Axes = ...) -> Tensor:
        """The products of all elements up to each one along an axis; integers and bools as int64."""

    def cumprod_(self, dim: _int = ..., *, dtype: Any = None, axis: Axes = ...) -> Tensor:
        """`cumprod`, written into the tensor's own memory; returns the tensor."""

    def cumsum(self, dim: _int = ..., *, dtype: Any = None, axis: Axes = ...) -> Tensor:
        """The sums of all elements up to each one along an axis; integers and bools are summed as int64."""

    def cumsum_(self, dim: _int = ..., *, dtype: Any = None, axis: Axes = ...) -> Tensor:
        """`cumsum`, written into the tensor's own memory; returns the tensor."""

    def data_ptr(self) -> _int:
        """The address of the first element in memory."""

    def detach_(self) -> Tensor:
        """Cut input itself from its graph; it becomes a leaf that requires no gradient."""

    def diag(self, diagonal: _int = 0) -> Tensor:
        """The matrix with a vector on its diagonal, or the diagonal of a matrix."""

    def diag_embed(self, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Tensor:
        """Matrices, in two new axes, with the last axis of input on their diagonals: (b, n) -> (b, n, n)."""

    def diagonal(self, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
        """The diagonal of the matrices in two axes of input, as a last axis: (n, m) -> (min(n, m),). A view."""

    def diff(self, n: _int = 1, dim: _int = -1, prepend: Any = None, append: Any = None) -> Tensor:
        """Each element less the one before it, n times over."""

    def dim(self) -> _int:
        """The number of axes."""

    def dist(self, other: Any, p: _float = 2) -> Tensor:
        """The p-norm of the difference of two tensors."""

    def div(self, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
        """input / other, if asked for rounded down or towards 0; written into `out` where one is given."""

    def div_(self, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
        """`div`, written into the tensor's own memory; returns the tensor."""

    def divide(self, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
        """input / other, if asked for rounded down or towards 0; written into `out` where one is given."""

    def divide_(self, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
        """`div`, written into the tensor's own memory; returns the tensor."""

    def dot(self, tensor: Any) -> Tensor:
        """The inner product of two vectors: (k,), (k,) -> ()."""

    def double(self, memory_format: Any = None) -> Tensor:
        """x as float64."""

    def element_size(self) -> _int:
        """Bytes of one element."""

    def eq(self, other: Any) -> Tensor:
        """input == other, elementwise."""

    def eq_(self, other: Any) -> Tensor:
        """`eq`, written into the tensor's own memory; returns the tensor."""

    def equal(self, other: Any) -> _bool:
        """Whether two tensors have the same shape and the same elements."""

    def erf(self) -> Tensor:
        """The error function: 2 / sqrt(pi) times the integral of exp(-t ** 2) from 0 to input."""

    def erf_(self) -> Tensor:
        """`erf`, written into the tensor's own memory; returns the tensor."""

    def erfc(self) -> Tensor:
        """1 - erf(input), exact in the tail."""

    def erfc_(self) -> Tensor:
        """`erfc`, written into the tensor's own memory; returns the tensor."""

    def erfinv(self) -> Tensor:
        """The number whose error function is input: infinite at -1 and 1, NaN beyond."""

    def erfinv_(self) -> Tensor:
        """`erfinv`, written into the tensor's own memory; returns the tensor."""

    def exp(self) -> Tensor:
        """e ** input."""

    def exp2(self) -> Tensor:
        """2 ** input."""

    def exp2_(self) -> Tensor:
        """`exp2`, written into the tensor's own memory; returns the tensor."""

    def exp_(self) -> Tensor:
        """`exp`, written into the tensor's own memory; returns the tensor."""

    def expand(self, *args: Any, size: Any = ...) -> Tensor:
        """input with axes of length 1 repeated to `sizes`, and new axes in front; -1 keeps a length. A view."""

    def expand_as(self, other: Any) -> Tensor:
        """input broadcast to the shape of another tensor."""

    def expm1(self) -> Tensor:
        """e ** input - 1, exact near 0."""

    def expm1_(self) -> Tensor:
        """`expm1`, written into the tensor's own memory; returns the tensor."""

    def exponential_(self, lambd: _float = 1.0) -> Tensor:
        """Write draws of the exponential distribution with the rate lambd into input."""

    def fill_(self, value: Any) -> Tensor:
        """Write one value into every element."""

    def fill_diagonal_(self, fill_value: _float, wrap: _bool = False) -> Tensor:
        ...

    def fix(self) -> Tensor:
        """input rounded towards 0."""

    def fix_(self) -> Tensor:
        """`trunc`, written into the tensor's own memory; returns the tensor."""

    def flatten(self, start_dim: _int = 0, end_dim: _int = -1) -> Tensor:
        """Axes `start_dim` to `end_dim` made one: (a, b, c) -> (a, b c) for `start_dim=1`."""

    def flip(self, *args: Any, dims: Any = ...) -> Tensor:
        """input with the order of elements reversed along the axes `dims`; a copy."""

    def fliplr(self) -> Tensor:
        """input reversed along its second axis."""

    def flipud(self) -> Tensor:
        """input reversed along its first axis."""

    def float(self, memory_format: Any = None) -> Tensor:
        """x as float32."""

    def float_power(self, exponent: Any) -> Tensor:
        """input ** exponent in float64."""

    def float_power_(self, exponent: Any) -> Tensor:
        """`float_power`, written into the tensor's own memory; returns the tensor."""

    def floor(self) -> Tensor:
        """The largest whole number <= input."""

    def floor_(self) -> Tensor:
        """`floor`, written into the tensor's own memory; returns the tensor."""

    def floor_divide(self, other: Any) -> Tensor:
        """input / other rounded down; the derivative is 0."""

    def floor_divide_(self, other: Any) -> Tensor:
        """`floor_divide`, written into the tensor's own memory; returns the tensor."""

    def fmax(self, other: Any) -> Tensor:
        ...

    def fmin(self, other: Any) -> Tensor:
        ...

    def fmod(self, other: Any) -> Tensor:
        """input - other * trunc(input / other): the sign of input, as C's fmod."""

    def fmod_(self, other: Any) -> Tensor:
        """`fmod`, written into the tensor's own memory; returns the tensor."""

    def frac(self) -> Tensor:
        """input - trunc(input): what stands behind the point; its derivative is 1."""

    def frac_(self) -> Tensor:
        """`frac`, written into the tensor's own memory; returns the tensor."""

    def gather(self, dim: _int, index: Any) -> Tensor:
        ...

    def ge(self, other: Any) -> Tensor:
        """input >= other, elementwise."""

    def ge_(self, other: Any) -> Tensor:
        """`ge`, written into the tensor's own memory; returns the tensor."""

    def ger(self, vec2: Any) -> Tensor:
        """Every product of an element of one vector and one of another: (n,), (m,) -> (n, m)."""

    def get_device(self) -> _int:
        """The number of the GPU that a tensor is on; -1 for the CPU."""

    def greater(self, other: Any) -> Tensor:
        """input > other, elementwise."""

    def greater_(self, other: Any) -> Tensor:
        """`gt`, written into the tensor's own memory; returns the tensor."""

    def greater_equal(self, other: Any) -> Tensor:
        """input >= other, elementwise."""

    def greater_equal_(self, other: Any) -> Tensor:
        """`ge`, written into the tensor's own memory; returns the tensor."""

    def gt(self, other: Any) -> Tensor:
        """input > other, elementwise."""

    def gt_(self, other: Any) -> Tensor:
        """`gt`, written into the tensor's own memory; returns the tensor."""

    def half(self, memory_format: Any = None) -> Tensor:
        """x as float16."""

    def hardshrink(self, lambd: _float = 0.5) -> Tensor:
        """input, 0 where it lies between -lambd and lambd."""

    def hsplit(self, indices_or_sections: _int | Sequence[_int]) -> tuple[Tensor, ...]:
        """`tensor_split` along the second axis, or the only one."""

    def hypot(self, other: Any) -> Tensor:
        """sqrt(input ** 2 + other ** 2), without overflow."""

    def hypot_(self, other: Any) -> Tensor:
        """`hypot`, written into the tensor's own memory; returns the tensor."""

    def index_add(self, dim: _int, index: Any, source: Any, *, alpha: _float = 1) -> Tensor:
        """input with `alpha` times each slice of `source` added to the slice of input that `index` (n,) says."""

    def index_add_(self, dim: _int, index: Any, source: Any, *, alpha: _float = 1) -> Tensor:
        """`index_add`, written into the tensor's own memory; returns the tensor."""

    def index_copy(self, dim: _int, index: Any, source: Any) -> Tensor:
        """input with the slices of `source` in place of those along an axis at the positions `index` (n,)."""

    def index_copy_(self, dim: _int, index: Any, source: Any) -> Tensor:
        """`index_copy`, written into the tensor's own memory; returns the tensor."""

    def index_fill(self, dim: _int, index: Any, value: Any) -> Tensor:
        """input with one value in the slices along an axis at the positions `index` (n,)."""

    def index_fill_(self, dim: _int, index: Any, value: Any) -> Tensor:
        """`index_fill`, written into the tensor's own memory; returns the tensor."""

    def index_put(self, indices: Sequence[Any], values: Any, accumulate: _bool = False) -> Tensor:
        """input with `values` at the places that a tuple of index tensors says; added to them if `accumulate`."""

    def index_put_(self, indices: Sequence[Any], values: Any, accumulate: _bool = False) -> Tensor:
        """`index_put`, written into the tensor's own memory; returns the tensor."""

    def index_select(self, dim: _int, index: Any) -> Tensor:
        """The slices of input along an axis at the positions `index` (n,): (a, b) -> (a, n) for `dim=1`."""

    def inner(self, other: Any) -> Tensor:
        """The products of input and other summed over their last axes: (..., k), (..., k) -> (..., ...)."""

    def int(self, memory_format: Any = None) -> Tensor:
        """x as int32."""

    def is_complex(self) -> _bool:
        """Whether the elements are complex numbers: never."""

    def is_contiguous(self) -> _bool:
        """Whether the elements lie in memory in the order of a fresh tensor, channels-last included."""

    @property
    def is_cpu(self) -> Any:
        ...

    @property
    def is_cuda(self) -> _bool:
        """Whether the array is on a GPU."""

    def is_floating_point(self) -> _bool:
        """Whether the elements are floating point numbers."""

    @property
    def is_meta(self) -> Any:
        ...

    @property
    def is_mkldnn(self) -> Any:
        ...

    @property
    def is_mps(self) -> Any:
        ...

    @property
    def is_nested(self) -> Any:
        ...

    def is_nonzero(self) -> _bool:
        """Whether the one element is not zero."""

    @property
    def is_quantized(self) -> Any:
        ...

    def is_same_size(self, other: Tensor) -> _bool:
        """Whether two tensors have one shape."""

    def is_signed(self) -> _bool:
        """Whether the elements can be negative."""

    @property
    def is_sparse(self) -> Any:
        ...

    @property
    def is_xla(self) -> Any:
        ...

    @property
    def is_xpu(self) -> Any:
        ...

    def isclose(self, other: Any, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> Tensor:
        """Whether |input - other| <= atol + rtol |other|, elementwise; equal infinities are close."""

    def isfinite(self) -> Tensor:
        """Whether each element is neither infinite nor NaN."""

    def isinf(self) -> Tensor:
        """Whether each element is infinite."""

    def isnan(self) -> Tensor:
        """Whether each element is NaN."""

    @property
    def itemsize(self) -> Any:
        ...

    def kron(self, other: Any) -> Tensor:
        """Kronecker's product: each element of input times the whole of other, in its place."""

    def kthvalue(
        self,
        k: _int,
        dim: _int = -1,
        keepdim: _bool = False,
        *,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Any:
        """The k-th smallest element along an axis, counted from 1, and where it stands."""

    @property
    def layout(self) -> Any:
        ...

    def le(self, other: Any) -> Tensor:
        """input <= other, elementwise."""

    def le_(self, other: Any) -> Tensor:
        """`le`, written into the tensor's own memory; returns the tensor."""

    def lerp(self, end: Any, weight: Any) -> Tensor:
        """input + weight * (end - input): from input, where the weight is 0, to end, where it is 1."""

    def lerp_(self, end: Any, weight: Any) -> Tensor:
        """`lerp`, written into the tensor's own memory; returns the tensor."""

    def less(self, other: Any) -> Tensor:
        """input < other, elementwise."""

    def less_(self, other: Any) -> Tensor:
        """`lt`, written into the tensor's own memory; returns the tensor."""

    def less_equal(self, other: Any) -> Tensor:
        """input <= other, elementwise."""

    def less_equal_(self, other: Any) -> Tensor:
        """`le`, written into the tensor's own memory; returns the tensor."""

    def log(self) -> Tensor:
        """The natural logarithm; -inf at 0, NaN below."""

    def log10(self) -> Tensor:
        """The logarithm to base 10."""

    def log10_(self) -> Tensor:
        """`log10`, written into the tensor's own memory; returns the tensor."""

    def log1p(self) -> Tensor:
        """log(1 + input), exact near 0."""

    def log1p_(self) -> Tensor:
        """`log1p`, written into the tensor's own memory; returns the tensor."""

    def log2(self) -> Tensor:
        """The logarithm to base 2."""

    def log2_(self) -> Tensor:
        """`log2`, written into the tensor's own memory; returns the tensor."""

    def log_(self) -> Tensor:
        """`log`, written into the tensor's own memory; returns the tensor."""

    def log_softmax(self, dim: _int | None = None, dtype: Any = None) -> Tensor:
        """log(softmax(input)), without overflow: input - log(sum(e ** input))."""

    def logaddexp(self, other: Any) -> Tensor:
        """log(e ** input + e ** other), without overflow."""

    def logical_and(self, other: Any) -> Tensor:
        """Whether both are other than 0."""

    def logical_and_(self, other: Any) -> Tensor:
        """`logical_and`, written into the tensor's own memory; returns the tensor."""

    def logical_not(self) -> Tensor:
        """Whether each element is 0."""

    def logical_not_(self) -> Tensor:
        """`logical_not`, written into the tensor's own memory; returns the tensor."""

    def logical_or(self, other: Any) -> Tensor:
        """Whether one of them is other than 0."""

    def logical_or_(self, other: Any) -> Tensor:
        """`logical_or`, written into the tensor's own memory; returns the tensor."""

    def logical_xor(self, other: Any) -> Tensor:
        """Whether exactly one of them is other than 0."""

    def logical_xor_(self, other: Any) -> Tensor:
        """`logical_xor`, written into the tensor's own memory; returns the tensor."""

    def logit(self, eps: _float | None = None) -> Tensor:
        """log(x / (1 - x)), of x kept within eps of 0 and 1 where one is given."""

    def logsumexp(
        self,
        dim: Axes = ...,
        keepdim: _bool = False,
        *,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """log(sum(exp(input))) over axes, without overflow; -inf over nothing."""

    def long(self, memory_format: Any = None) -> Tensor:
        """x as int64."""

    def lt(self, other: Any) -> Tensor:
        """input < other, elementwise."""

    def lt_(self, other: Any) -> Tensor:
        """`lt`, written into the tensor's own memory; returns the tensor."""

    @property
    def mT(self) -> Tensor:
        """x with its last two axes exchanged; `Tensor.mT`."""

    def masked_fill(self, mask: Any, value: Any) -> Tensor:
        """value where the mask holds, input elsewhere."""

    def masked_fill_(self, mask: Any, value: Any) -> Tensor:
        """`masked_fill`, written into the tensor's own memory; returns the tensor."""

    def masked_scatter(self, mask: Any, source: Any) -> Tensor:
        """input with the elements of `source`, one after another, where the mask holds."""

    def masked_scatter_(self, mask: Any, source: Any) -> Tensor:
        """`masked_scatter`, written into the tensor's own memory; returns the tensor."""

    def masked_select(self, mask: Any) -> Tensor:
        """The elements of input where a mask is true, as one row; input and mask broadcast."""

    def matmul(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        ...

    def max(
        self,
        dim: Any = None,
        keepdim: _bool = False,
        *,
        other: Any = None,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Any:
        """The greatest element; with `dim` the greatest along an axis and its index; with a tensor, `maximum`."""

    def maximum(self, other: Any) -> Tensor:
        """The greater of input and other, elementwise; a NaN in either stays. Ties share the gradient evenly."""

    def mean(
        self,
        dim: Axes = None,
        keepdim: _bool = False,
        *,
        dtype: Any = None,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """The mean over axes, all by default; NaN over none."""

    def median(
        self,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Any:
        ...

    def min(
        self,
        dim: Any = None,
        keepdim: _bool = False,
        *,
        other: Any = None,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Any:
        """The least element; with `dim` the least along an axis and its index; with a tensor, `minimum`."""

    def minimum(self, other: Any) -> Tensor:
        """The lesser of input and other, elementwise; a NaN in either stays. Ties share the gradient evenly."""

    def mm(self, mat2: Any, *, out: Tensor | None = None) -> Tensor:
        """The product of two matrices: (n, k), (k, m) -> (n, m)."""

    def moveaxis(self, source: _int | Sequence[_int], destination: _int | Sequence[_int]) -> Tensor:
        """input with the axes `source` moved to the places `destination`, the others in order."""

    def movedim(self, source: _int | Sequence[_int], destination: _int | Sequence[_int]) -> Tensor:
        """input with the axes `source` moved to the places `destination`, the others in order."""

    def msort(self) -> Tensor:
        """The elements along the first axis in rising order."""

    def mul(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """input * other, written into `out` where one is given."""

    def mul_(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """`mul`, written into the tensor's own memory; returns the tensor."""

    def multinomial(
        self,
        num_samples: _int,
        replacement: _bool = False,
        *,
        generator: Generator | None = None,
    ) -> Tensor:
        """Places drawn with a chance in proportion to the weights of a row: (n,) -> (num_samples,), or by row."""

    def multiply(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """input * other, written into `out` where one is given."""

    def multiply_(self, other: Any, *, out: Tensor | None = None) -> Tensor:
        """`mul`, written into the tensor's own memory; returns the tensor."""

    def mv(self, vec: Any) -> Tensor:
        """The product of a matrix and a vector: (n, k), (k,) -> (n,)."""

    def nan_to_num(
        self,
        nan: _float | None = 0.0,
        posinf: _float | None = None,
        neginf: _float | None = None,
    ) -> Tensor:
        """input with NaN, inf and -inf replaced by numbers: 0, and the largest finite ones of the dtype."""

    def nan_to_num_(
        self,
        nan: _float | None = 0.0,
        posinf: _float | None = None,
        neginf: _float | None = None,
    ) -> Tensor:
        """`nan_to_num`, written into the tensor's own memory; returns the tensor."""

    def nanmean(self, dim: Any = None, keepdim: _bool = False, *, dtype: Any = None) -> Tensor:
        """The mean of what is not NaN."""

    def nanmedian(
        self,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Any:
        """`median` of what is not NaN."""

    def nansum(
        self,
        dim: Axes = None,
        keepdim: _bool = False,
        *,
        dtype: Any = None,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """The sum over axes, every NaN counted as 0."""

    def narrow(self, dim: _int, start: _int, length: _int) -> Tensor:
        """`length` elements of an axis, from `start` on. A view."""

    @property
    def nbytes(self) -> _int:
        """Bytes of all elements."""

    def ndimension(self) -> _int:
        """The number of axes."""

    def ne(self, other: Any) -> Tensor:
        """input != other, elementwise."""

    def ne_(self, other: Any) -> Tensor:
        """`ne`, written into the tensor's own memory; returns the tensor."""

    def neg(self) -> Tensor:
        """-input."""

    def neg_(self) -> Tensor:
        """`neg`, written into the tensor's own memory; returns the tensor."""

    def negative(self) -> Tensor:
        """-input."""

    def negative_(self) -> Tensor:
        """`neg`, written into the tensor's own memory; returns the tensor."""

    def nelement(self) -> _int:
        """The number of elements."""

    def new(self, *args: Any) -> Tensor:
        """A tensor of sizes, or of data, with the dtype and device of input: PyTorch's older way."""

    def new_empty(self, *size: Any, dtype: Any = None, requires_grad: _bool = False) -> Tensor:
        """A tensor whose values are yet to be written, with the dtype and device of input."""

    def new_full(self, size: Shape, fill_value: Any, *, dtype: Any = None, requires_grad: _bool = False) -> Tensor:
        """One value everywhere, with the dtype and device of input."""

    def new_ones(self, *size: Any, dtype: Any = None, requires_grad: _bool = False) -> Tensor:
        """Ones with the dtype and device of input."""

    def new_tensor(self, data: Any, *, dtype: Any = None, requires_grad: _bool = False) -> Tensor:
        """A tensor of new data, with the dtype and device of input."""

    def new_zeros(self, *size: Any, dtype: Any = None, requires_grad: _bool = False) -> Tensor:
        """Zeros with the dtype and device of input."""

    def nonzero(self, *, as_tuple: _bool = False) -> Any:
        """Where input is not zero: (n, axes), or a tuple of (n,) for each axis."""

    def norm(
        self,
        p: Any = 'fro',
        dim: Axes = None,
        keepdim: _bool = False,
        dtype: Any = None,
        *,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """The p-norm of the elements over axes, all by default; ``"fro"`` is the 2-norm."""

    def normal_(self, mean: _float = 0.0, std: _float = 1.0) -> Tensor:
        """Write draws from N(mean, std^2) into input."""

    def not_equal(self, other: Any) -> Tensor:
        """input != other, elementwise."""

    def not_equal_(self, other: Any) -> Tensor:
        """`ne`, written into the tensor's own memory; returns the tensor."""

    def numel(self) -> _int:
        """The number of elements."""

    def outer(self, vec2: Any) -> Tensor:
        """Every product of an element of one vector and one of another: (n,), (m,) -> (n, m)."""

    def permute(self, *args: Any, dims: Any = ...) -> Tensor:
        """input with its axes in another order: axis i of the result is axis `dims[i]` of input. A view."""

    def pin_memory(self) -> Tensor:
        """input itself: memory needs no pinning here."""

    def positive(self) -> Tensor:
        """input itself."""

    def pow(self, exponent: Any) -> Tensor:
        """input ** exponent. The derivative is finite wherever it has a limit: 0 ** 0 has the derivative 0."""

    def pow_(self, exponent: Any) -> Tensor:
        """`pow`, written into the tensor's own memory; returns the tensor."""

    def prelu(self, weight: Any) -> Tensor:
        """input above 0, a learned slope times input below: one slope, or one for each channel."""

    def prod(
        self,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        dtype: Any = None,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """The product over an axis, or of all elements. The derivative is right where elements are 0."""

    def quantile(
        self,
        q: Any,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        interpolation: str = 'linear',
    ) -> Tensor:
        ...

    def random_(self, from_: _int = 0, to: _int | None = None) -> Tensor:
        ...

    def ravel(self) -> Tensor:
        """input as one row of elements."""

    def reciprocal(self) -> Tensor:
        """1 / input."""

    def reciprocal_(self) -> Tensor:
        """`reciprocal`, written into the tensor's own memory; returns the tensor."""

    def relu(self, inplace: _bool = False) -> Tensor:
        """max(input, 0); the derivative at 0 is 0."""

    def relu_(self, inplace: _bool = False) -> Tensor:
        """`relu`, written into the tensor's own memory; returns the tensor."""

    def remainder(self, other: Any) -> Tensor:
        """input - other * floor(input / other): the sign of the divisor, as Python's %."""

    def remainder_(self, other: Any) -> Tensor:
        """`remainder`, written into the tensor's own memory; returns the tensor."""

    def repeat(self, *args: Any, repeats: Any = ...) -> Tensor:
        """input laid out `repeats` times along each axis, new axes in front: (a,) -> (r, s a) for `(r, s)`."""

    def repeat_interleave(
        self,
        repeats: Any,
        dim: _int | None = None,
        *,
        output_size: _int | None = None,
        axis: Axes = ...,
    ) -> Tensor:
        """Each element of an axis `repeats` times in a row; without dim, of all elements as one row."""

    def reshape(self, *args: Any, shape: Any = ...) -> Tensor:
        """The elements of input, in C order, in another shape; one length may be -1."""

    def reshape_as(self, other: Any) -> Tensor:
        """input in the shape of another tensor."""

    def resize_(self, *args: Any, size: Any = ...) -> Tensor:
        """Give input another shape: its first elements stay, what is new is 0. For tensors outside of a graph."""

    def resize_as_(self, the_template: Tensor) -> Tensor:
        """`resize_` to the shape of another tensor."""

    @property
    def retains_grad(self) -> _bool:
        """Whether `.grad` is kept though an op made the tensor."""

    def roll(self, shifts: Size, dims: Axes = None) -> Tensor:
        """input with its elements moved by `shifts` along `dims`, what falls off coming in again."""

    def rot90(self, k: _int = 1, dims: Sequence[_int] = ...) -> Tensor:
        """A quarter turn, k times, from the first of two axes to the second."""

    def round(self, *, decimals: _int = 0) -> Tensor:
        """input rounded to the nearest number of so many decimals, halves to even."""

    def round_(self, *, decimals: _int = 0) -> Tensor:
        """`round`, written into the tensor's own memory; returns the tensor."""

    def rsqrt(self) -> Tensor:
        """1 / sqrt(input)."""

    def rsqrt_(self) -> Tensor:
        """`rsqrt`, written into the tensor's own memory; returns the tensor."""

    def scatter(
        self,
        dim: _int,
        index: Any,
        src: Any = None,
        value: Any = None,
        *,
        reduce: str | None = None,
    ) -> Tensor:
        """input with each element of `src`, or one value, written where `gather` would have taken it from."""

    def scatter_(
        self,
        dim: _int,
        index: Any,
        src: Any = None,
        value: Any = None,
        *,
        reduce: str | None = None,
    ) -> Tensor:
        """`scatter`, written into the tensor's own memory; returns the tensor."""

    def scatter_add(self, dim: _int, index: Any, src: Any) -> Tensor:
        """input with each element of `src` added where `gather` would have taken it from."""

    def scatter_add_(self, dim: _int, index: Any, src: Any) -> Tensor:
        """`scatter_add`, written into the tensor's own memory; returns the tensor."""

    def scatter_reduce(
        self,
        dim: _int,
        index: Any,
        src: Any,
        reduce: str,
        *,
        include_self: _bool = True,
    ) -> Tensor:
        """input with the elements of `src` brought to where `gather` would take them from, and there made one."""

    def scatter_reduce_(
        self,
        dim: _int,
        index: Any,
        src: Any,
        reduce: str,
        *,
        include_self: _bool = True,
    ) -> Tensor:
        """`scatter_reduce`, written into the tensor's own memory; returns the tensor."""

    def select(self, dim: _int, index: _int) -> Tensor:
        """One slice of input along an axis, without that axis: (a, b) -> (a,) for `dim=1`. A view."""

    def short(self, memory_format: Any = None) -> Tensor:
        """x as int16."""

    def sigmoid(self) -> Tensor:
        """1 / (1 + e ** -input): in 0..1, its slope at most 1/4."""

    def sigmoid_(self) -> Tensor:
        """`sigmoid`, written into the tensor's own memory; returns the tensor."""

    def sign(self) -> Tensor:
        """-1, 0 or 1, and 0 for a NaN; the derivative is 0."""

    def sign_(self) -> Tensor:
        """`sign`, written into the tensor's own memory; returns the tensor."""

    def sin(self) -> Tensor:
        """The sine of input in radians."""

    def sin_(self) -> Tensor:
        """`sin`, written into the tensor's own memory; returns the tensor."""

    def sinh(self) -> Tensor:
        """The hyperbolic sine."""

    def sinh_(self) -> Tensor:
        """`sinh`, written into the tensor's own memory; returns the tensor."""

    def size(self, dim: _int | None = None) -> Any:
        """The shape, or the length of one axis."""

    def softmax(self, dim: _int | None = None, dtype: Any = None) -> Tensor:
        """e ** input over its sum along an axis: positive, and 1 in sum."""

    def sort(self, dim: _int = -1, descending: _bool = False, *, stable: _bool = False, axis: Axes = ...) -> Any:
        ...

    def split(self, split_size: _int | Sequence[_int], dim: _int = 0, *, axis: Axes = ...) -> tuple[Tensor, ...]:
        ...

    def split_with_sizes(self, split_sizes: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
        """input in pieces of the lengths given. Views."""

    def sqrt(self) -> Tensor:
        """The square root; NaN below 0."""

    def sqrt_(self) -> Tensor:
        """`sqrt`, written into the tensor's own memory; returns the tensor."""

    def square(self) -> Tensor:
        """input * input."""

    def square_(self) -> Tensor:
        """`square`, written into the tensor's own memory; returns the tensor."""

    def squeeze(self, dim: Axes = None, *, axis: Axes = ...) -> Tensor:
        """input without its axes of length 1, or without those among `dim` that have length 1."""

    def squeeze_(self, dim: Axes = None, *, axis: Axes = ...) -> Tensor:
        """`squeeze` of the tensor itself; returns it."""

    def std(
        self,
        dim: Axes = None,
        unbiased: _bool | None = None,
        keepdim: _bool = False,
        *,
        correction: _float | None = None,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """The standard deviation over axes: the root of `var`; where it is 0 its derivative is 0."""

    def stride(self, dim: _int | None = None) -> Any:
        """How many elements apart neighbours on each axis, or on one, lie in memory."""

    def sub(self, other: Any, *, alpha: _float = 1, out: Tensor | None = None) -> Tensor:
        """input - alpha * other, written into `out` where one is given."""

    def sub_(self, other: Any, *, alpha: _float = 1, out: Tensor | None = None) -> Tensor:
        """`sub`, written into the tensor's own memory; returns the tensor."""

    def subtract(self, other: Any, *, alpha: _float = 1, out: Tensor | None = None) -> Tensor:
        """input - alpha * other, written into `out` where one is given."""

    def subtract_(self, other: Any, *, alpha: _float = 1, out: Tensor | None = None) -> Tensor:
        """`sub`, written into the tensor's own memory; returns the tensor."""

    def sum(
        self,
        dim: Axes = None,
        keepdim: _bool = False,
        *,
        dtype: Any = None,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """The sum over axes, all by default; integers and bools are summed as int64."""

    def swapaxes(self, axis0: _int, axis1: _int) -> Tensor:
        """input with two axes exchanged, under NumPy's name. A view."""

    def swapaxes_(self, axis0: _int, axis1: _int) -> Tensor:
        """`swapaxes` of the tensor itself; returns it."""

    def swapdims(self, dim0: _int, dim1: _int) -> Tensor:
        """input with two axes exchanged. A view."""

    def swapdims_(self, dim0: _int, dim1: _int) -> Tensor:
        """`transpose` of the tensor itself; returns it."""

    def t(self) -> Tensor:
        """The transpose of a matrix; a vector or a number as it is."""

    def t_(self) -> Tensor:
        """`t` of the tensor itself; returns it."""

    def take(self, index: Any) -> Tensor:
        """The elements of input, seen as one row, at an index of any shape: -> index.shape."""

    def take_along_dim(self, indices: Any, dim: _int | None = None, *, axis: Axes = ...) -> Tensor:
        ...

    def tan(self) -> Tensor:
        """The tangent of input in radians."""

    def tan_(self) -> Tensor:
        """`tan`, written into the tensor's own memory; returns the tensor."""

    def tanh(self) -> Tensor:
        """The hyperbolic tangent: (e ** 2x - 1) / (e ** 2x + 1), in -1..1."""

    def tanh_(self) -> Tensor:
        """`tanh`, written into the tensor's own memory; returns the tensor."""

    def tensor_split(
        self,
        indices_or_sections: _int | Sequence[_int],
        dim: _int = 0,
        *,
        axis: Axes = ...,
    ) -> tuple[Tensor, ...]:
        """input in so many nearly equal pieces, or cut before each of the given indices. Views."""

    def tile(self, *args: Any, dims: Any = ...) -> Tensor:
        """input laid out `dims` times along each axis; fewer numbers than axes count from the last."""

    def to(
        self,
        *target: Any,
        dtype: Any = None,
        device: str | None = None,
        non_blocking: _bool = False,
        copy: _bool = False,
        memory_format: Any = None,
    ) -> Tensor:
        ...

    def topk(
        self,
        k: _int,
        dim: _int = -1,
        largest: _bool = True,
        sorted: _bool = True,
        *,
        axis: Axes = ...,
    ) -> Any:
        """The k largest elements along an axis (or the smallest), the outermost first, and where they stood."""

    def trace(self) -> Tensor:
        """The sum of the diagonal of a matrix: (n, m) -> ()."""

    def transpose(self, dim0: _int, dim1: _int) -> Tensor:
        """input with two axes exchanged. A view."""

    def transpose_(self, dim0: _int, dim1: _int) -> Tensor:
        """`transpose` of the tensor itself; returns it."""

    def tril(self, diagonal: _int = 0) -> Tensor:
        """The matrices of input with zeros above the diagonal, or above the one `diagonal` further up."""

    def tril_(self, diagonal: _int = 0) -> Tensor:
        """`tril`, written into the tensor's own memory; returns the tensor."""

    def triu(self, diagonal: _int = 0) -> Tensor:
        """The matrices of input with zeros below the diagonal, or below the one `diagonal` further up."""

    def triu_(self, diagonal: _int = 0) -> Tensor:
        """`triu`, written into the tensor's own memory; returns the tensor."""

    def true_divide(self, other: Any) -> Tensor:
        """input / other, in floating point also for integers."""

    def true_divide_(self, other: Any) -> Tensor:
        """`true_divide`, written into the tensor's own memory; returns the tensor."""

    def trunc(self) -> Tensor:
        """input rounded towards 0."""

    def trunc_(self) -> Tensor:
        """`trunc`, written into the tensor's own memory; returns the tensor."""

    def type(self, dtype: Any = None, non_blocking: _bool = False) -> Any:
        """input in another dtype; without one, the name that PyTorch has for its type."""

    def type_as(self, other: Tensor) -> Tensor:
        """input in the dtype and on the device of another tensor."""

    def unbind(self, dim: _int = 0, *, axis: Axes = ...) -> tuple[Tensor, ...]:
        """The slices of input along an axis, without that axis: (n, a) -> n times (a,). Views."""

    def unflatten(self, dim: _int, sizes: Sequence[_int]) -> Tensor:
        ...

    def unfold(self, dimension: _int, size: _int, step: _int) -> Tensor:
        """All windows of a length along an axis, `step` apart; their elements become the last axis."""

    def uniform_(self, a: _float = 0.0, b: _float = 1.0) -> Tensor:
        """Write draws from U(a, b) into input."""

    def unique(
        self,
        sorted: _bool = True,
        return_inverse: _bool = False,
        return_counts: _bool = False,
        dim: _int | None = None,
    ) -> Any:
        """The different elements in rising order, or the different slices along an axis; always sorted."""

    def unsqueeze(self, dim: _int = ..., *, axis: Axes = ...) -> Tensor:
        """input with a new axis of length 1 before axis `dim`: (a, b) -> (a, 1, b) for `dim=1`."""

    def unsqueeze_(self, dim: _int = ..., *, axis: Axes = ...) -> Tensor:
        """`unsqueeze` of the tensor itself; returns it."""

    def var(
        self,
        dim: Axes = None,
        unbiased: _bool | None = None,
        keepdim: _bool = False,
        *,
        correction: _float | None = None,
        axis: Axes = ...,
        keepdims: _bool = ...,
    ) -> Tensor:
        """The variance over axes: the sum of squared distances from the mean, over n - correction."""

    def view(self, *args: Any, shape: Any = ...) -> Tensor:
        """The elements of input, in C order, in another shape; one length may be -1."""

    def view_as(self, other: Any) -> Tensor:
        """input in the shape of another tensor."""

    def vsplit(self, indices_or_sections: _int | Sequence[_int]) -> tuple[Tensor, ...]:
        """`tensor_split` along the first axis."""

    def where(self, condition: Any, other: Any) -> Tensor:
        """The tensor where the condition holds, other elsewhere."""

    def where_(self, condition: Any, other: Any) -> Tensor:
        """`_where_method`, written into the tensor's own memory; returns the tensor."""

    def xlogy(self, other: Any) -> Tensor:
        """input log(other), and 0 where input is 0."""

    def xlogy_(self, other: Any) -> Tensor:
        """`xlogy`, written into the tensor's own memory; returns the tensor."""

    def zero_(self) -> Tensor:
        """Write 0 into every element."""
