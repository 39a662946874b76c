"""First values of parameters, written in place without a graph; every function returns its tensor.

Draws come from the library's seeded generator: after `manual_seed`, the same layers get the same values. `by_path`
keys them by seed and path of the parameter instead.
"""

from __future__ import annotations

import math
from typing import Any

from autocnn.engine import Tensor, namespace, no_grad
from autocnn.engine.inplace import write
from autocnn.errors import ArgumentError, ShapeError
from autocnn.nn.draws import by_path as by_path
from autocnn.nn.draws import done, source
from autocnn.ops import rand, randn
from autocnn.types import Array

_GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
_LINEAR = {f"conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3)}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which the weights before a nonlinearity are enlarged to keep the variance.

    `param` is the negative slope of ``"leaky_relu"`` (0.01).
    Raises ArgumentError for a name without a known gain.

    >>> calculate_gain("leaky_relu", math.sqrt(5)) == math.sqrt(1 / 3)
    True
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else float(param)
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity in _LINEAR:
        return 1.0
    if nonlinearity not in _GAINS:
        known = ", ".join(sorted([*_GAINS, "leaky_relu"]))
        raise ArgumentError(f"calculate_gain: nonlinearity is {nonlinearity!r}; known are {known}")
    return _GAINS[nonlinearity]


# Plain values and draws --------------------------------------------------------------------------------------


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform on [a, b).

    >>> uniform_(Tensor([0.0]), 2.0, 2.0).tolist()
    [2.0]
    """
    return _filled(tensor, a + (b - a) * _uniform(tensor, generator), "uniform_")


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Normal, N(mean, std^2).

    >>> normal_(Tensor([0.0]), 2.0, 0.0).tolist()
    [2.0]
    """
    return _filled(tensor, mean + std * _normal(tensor, tensor.shape, generator), "normal_")


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Tensor:
    """Normal, N(mean, std^2), given that the value lies in [a, b]: what falls outside is drawn again.

    Raises ArgumentError where less than a thousandth of the distribution lies in [a, b].

    >>> bool((trunc_normal_(Tensor([0.0] * 99)).array <= 2).all())
    True
    """
    low, high = (a - mean) / std, (b - mean) / std
    share = (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2
    if share < 1e-3:
        raise ArgumentError(
            f"trunc_normal_: [a, b] is [{a}, {b}]; at least a thousandth of N({mean}, {std}^2) must lie in it"
        )
    values = _normal(tensor, tensor.shape, generator)
    while (outside := (values < low) | (values > high)).any():
        values[outside] = _normal(tensor, (int(outside.sum()),), generator)
    return _filled(tensor, mean + std * values, "trunc_normal_")


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One value everywhere.

    >>> constant_(Tensor([0.0, 1.0]), 0.5).tolist()
    [0.5, 0.5]
    """
    return _filled(tensor, val, "constant_")


def ones_(tensor: Tensor) -> Tensor:
    """Ones.

    >>> ones_(Tensor([0.0])).tolist()
    [1.0]
    """
    return _filled(tensor, 1.0, "ones_")


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros.

    >>> zeros_(Tensor([1.0])).tolist()
    [0.0]
    """
    return _filled(tensor, 0.0, "zeros_")


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix, as much of it as fits. Raises ShapeError unless there are two axes.

    >>> eye_(Tensor([[5.0, 5.0], [5.0, 5.0]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    _axes("eye_", tensor, 2)
    return _filled(tensor, namespace(tensor.array).eye(*tensor.shape, dtype=tensor.dtype), "eye_")


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution's weight that keeps its channels as they are, as many as fit; the same in each group.

    Raises ShapeError unless the tensor has 3 to 5 axes, ArgumentError unless groups divide the outputs.

    >>> dirac_(Tensor([[[5.0, 5.0, 5.0]]])).tolist()
    [[[0.0, 1.0, 0.0]]]
    """
    _axes("dirac_", tensor, 3, 4, 5)
    outputs, inputs, *kernel = tensor.shape
    each = _outputs_of_a_group("dirac_", outputs, groups)
    values = namespace(tensor.array).zeros(tensor.shape, tensor.dtype)
    centre = tuple(n // 2 for n in kernel)
    for group in range(groups):
        for i in range(min(each, inputs)):
            values[(group * each + i, i, *centre)] = 1
    return _filled(tensor, values, "dirac_")


# Variance kept from layer to layer ---------------------------------------------------------------------------


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform on [-a, a], a = gain sqrt(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio (2010), equation 16.

    >>> bool((abs(xavier_uniform_(Tensor([[0.0] * 6] * 6)).array) <= 0.5 ** 0.5).all())
    True
    """
    fan_in, fan_out = fans("xavier_uniform_", tensor)
    return _symmetric(tensor, gain * _scale(fan_in + fan_out, 6), generator, "xavier_uniform_")


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal, std = gain sqrt(2 / (fan_in + fan_out)). Source: Glorot and Bengio (2010).

    >>> xavier_normal_(Tensor([[0.0, 0.0]])).shape
    (1, 2)
    """
    fan_in, fan_out = fans("xavier_normal_", tensor)
    return normal_(tensor, 0.0, gain * _scale(fan_in + fan_out, 2), generator)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Uniform on [-b, b], b = gain sqrt(3 / fan). `a` is the negative slope of a leaky ReLU.

    Source: He, Zhang, Ren and Sun (2015), equation 14.

    >>> kaiming_uniform_(Tensor([[0.0, 0.0]])).shape
    (1, 2)
    """
    bound = calculate_gain(nonlinearity, a) * _scale(_fan("kaiming_uniform_", tensor, mode), 3)
    return _symmetric(tensor, bound, generator, "kaiming_uniform_")


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Tensor:
    """Normal, std = gain / sqrt(fan). `a` is the negative slope of a leaky ReLU.

    Source: He, Zhang, Ren and Sun (2015), equation 10.

    >>> kaiming_normal_(Tensor([[0.0, 0.0]])).shape
    (1, 2)
    """
    std = calculate_gain(nonlinearity, a) * _scale(_fan("kaiming_normal_", tensor, mode), 1)
    return normal_(tensor, 0.0, std, generator)


def lecun_uniform_(tensor: Tensor, generator: Any = None) -> Tensor:
    """Uniform on [-b, b], b = sqrt(3 / fan_in). Source: LeCun, Bottou, Orr and Müller (1998), section 4.6.

    >>> lecun_uniform_(Tensor([[0.0, 0.0]])).shape
    (1, 2)
    """
    fan_in, _ = fans("lecun_uniform_", tensor)
    return _symmetric(tensor, _scale(fan_in, 3), generator, "lecun_uniform_")


def lecun_normal_(tensor: Tensor, generator: Any = None) -> Tensor:
    """Normal, std = sqrt(1 / fan_in). Source: LeCun, Bottou, Orr and Müller (1998), section 4.6.

    >>> lecun_normal_(Tensor([[0.0, 0.0]])).shape
    (1, 2)
    """
    fan_in, _ = fans("lecun_normal_", tensor)
    return normal_(tensor, 0.0, _scale(fan_in, 1), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """A random matrix with orthonormal rows, or columns if they are fewer, times gain; later axes count as one.

    Raises ShapeError for fewer than two axes. Source: Saxe, McClelland and Ganguli (2013).

    >>> w = orthogonal_(Tensor([[0.0, 0.0]])).array
    >>> bool(abs((w * w).sum() - 1) < 1e-6)
    True
    """
    fans("orthogonal_", tensor)
    if not tensor.array.size:
        return tensor
    rows, columns = tensor.shape[0], tensor.array.size // tensor.shape[0]
    return _filled(
        tensor, gain * _orthonormal(tensor, rows, columns, generator).reshape(tensor.shape), "orthogonal_"
    )


def delta_orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None, groups: int = 1) -> Tensor:
    """A convolution's weight, 0 but at the centre tap: there a random matrix with orthonormal columns, times gain.

    With padding that keeps the size, such a convolution multiplies the norm of every image by gain: `orthogonal_`
    on a kernel does not. With fewer outputs than inputs the rows are orthonormal, and it is the norm of every
    gradient that is multiplied by gain.

    Raises ShapeError unless the tensor has 3 to 5 axes, ArgumentError unless groups divide the outputs.
    Source: Xiao, Bahri, Sohl-Dickstein, Schoenholz and Pennington (2018), "Dynamical isometry and a mean field
    theory of CNNs", algorithm 1.

    >>> w = delta_orthogonal_(Tensor([[[5.0, 5.0, 5.0]]])).array
    >>> abs(w).tolist()
    [[[0.0, 1.0, 0.0]]]
    """
    _axes("delta_orthogonal_", tensor, 3, 4, 5)
    outputs, inputs, *kernel = tensor.shape
    each = _outputs_of_a_group("delta_orthogonal_", outputs, groups)
    values = namespace(tensor.array).zeros(tensor.shape, tensor.dtype)
    if values.size:
        centre = tuple(n // 2 for n in kernel)
        for start in range(0, outputs, each):
            own = values[start : start + each]
            own[(slice(None), slice(None), *centre)] = gain * _orthonormal(tensor, each, inputs, generator)
    return _filled(tensor, values, "delta_orthogonal_")


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Normal, N(0, std^2), with a share of each column set to zero. Raises ShapeError unless there are two axes.

    Source: Martens (2010).

    >>> int((sparse_(Tensor([[0.0]] * 10), 0.3).array == 0).sum())
    3
    """
    _axes("sparse_", tensor, 2)
    xp = namespace(tensor.array)
    values = std * _normal(tensor, tensor.shape, generator)
    zeros = math.ceil(sparsity * tensor.shape[0])
    order = xp.argsort(_uniform(tensor, generator), axis=0)
    xp.put_along_axis(values, order[:zeros], 0, axis=0)
    return _filled(tensor, values, "sparse_")


def fans(name: str, tensor: Tensor) -> tuple[int, int]:
    """How many inputs an output of a weight has, and how many outputs an input.

    Raises ShapeError for fewer than two axes.

    >>> fans("w", Tensor([[0.0, 0.0, 0.0]]))
    (3, 1)
    """
    if tensor.ndim < 2:
        raise ShapeError(f"{name}: tensor has shape {tensor.shape}; a fan needs at least two axes")
    window = math.prod(tensor.shape[2:])
    return tensor.shape[1] * window, tensor.shape[0] * window


def _fan(name: str, tensor: Tensor, mode: str) -> int:
    if mode not in ("fan_in", "fan_out"):
        raise ArgumentError(f"{name}: mode is {mode!r}; must be 'fan_in' or 'fan_out'")
    return fans(name, tensor)[mode == "fan_out"]


def _scale(fan: int, numerator: float) -> float:
    return math.sqrt(numerator / fan) if fan else 0.0


def _axes(name: str, tensor: Tensor, *allowed: int) -> None:
    if tensor.ndim not in allowed:
        counts = " or ".join(map(str, allowed))
        raise ShapeError(f"{name}: tensor has shape {tensor.shape}; it must have {counts} axes")


def _outputs_of_a_group(name: str, outputs: int, groups: int) -> int:
    if groups < 1 or outputs % groups:
        raise ArgumentError(f"{name}: groups is {groups}; it must divide the {outputs} outputs")
    return outputs // groups


def _orthonormal(tensor: Tensor, rows: int, columns: int, generator: Any) -> Array:
    """A random matrix with orthonormal columns, or rows if they are fewer, uniform over all such."""
    xp = namespace(tensor.array)
    q, r = xp.linalg.qr(_normal(tensor, (max(rows, columns), min(rows, columns)), generator))
    q = q * xp.sign(xp.diagonal(r))  # else it would depend on the signs that the factorisation happens to take
    return q if rows >= columns else q.T


def _symmetric(tensor: Tensor, bound: float, generator: Any, name: str) -> Tensor:
    return _filled(tensor, bound * (2 * _uniform(tensor, generator) - 1), name)


def _uniform(tensor: Tensor, generator: Any) -> Array:
    generator = source(generator, tensor)
    return rand(tensor.shape, dtype=tensor.dtype, device=tensor.device, generator=generator).array


def _normal(tensor: Tensor, shape: tuple[int, ...], generator: Any) -> Array:
    generator = source(generator, tensor)
    return randn(shape, dtype=tensor.dtype, device=tensor.device, generator=generator).array


def _filled(tensor: Tensor, values: Any, name: str) -> Tensor:
    with no_grad():
        write(tensor, values, name)
    done(tensor)
    return tensor
