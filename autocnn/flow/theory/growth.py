"""How values and gradients grow from layer to layer at initialisation, in closed form.

Sizes are mean squares; a root mean square grows by the square root.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from autocnn.errors import ArgumentError
from autocnn.flow.theory.gaussian import Activation, moments


def weight_variance(init: str, fan_in: int, fan_out: int, gain: float = 1.0, window: int = 1) -> float:
    """The variance of weights drawn by a rule that is given by name.

    "default" is PyTorch's U(-1/sqrt n, 1/sqrt n), "lecun" 1/n, "he" 2/n, "glorot" 2/(n + m), "orthogonal"
    1/max(n, m/window), for n = fan_in, m = fan_out and a kernel of so many taps; `gain` multiplies the weights.

    Raises ArgumentError for another name.

    >>> weight_variance("he", 50, 100), weight_variance("default", 50, 100) * 50 * 3
    (0.04, 1.0)
    """
    rules = {
        "default": 1 / (3 * fan_in),
        "lecun": 1 / fan_in,
        "he": 2 / fan_in,
        "glorot": 2 / (fan_in + fan_out),
        "orthogonal": 1 / max(fan_in, fan_out / window),
    }
    if init not in rules:
        raise ArgumentError(f"weight_variance: init is {init!r}; one of {', '.join(rules)}")
    return gain**2 * rules[init]


def forward_products(fan_ins: Sequence[int], variances: Sequence[float], slope: float = 1.0) -> list[float]:
    """After each layer, Var z over Var x: the product over layers of n Var W (1 + slope^2) / 2.

    slope 1 is a linear layer (Glorot and Bengio 2010, equation 5, for tanh near 0), slope 0 a ReLU before it
    (He et al. 2015, equation 9), between them a PReLU (equation 15). n is fan_in.

    >>> round(1 / forward_products([100] * 5, [1 / 300] * 5)[-1], 9)
    243.0
    """
    return list(accumulate(_factors("forward_products", fan_ins, variances, slope), _times))


def backward_products(fan_outs: Sequence[int], variances: Sequence[float], slope: float = 1.0) -> list[float]:
    """Before each layer, the gradient by that after the last: products of m Var W (1 + slope^2)/2.

    m is fan_out. Glorot and Bengio (2010), equation 6; He et al. (2015), equation 13.

    >>> backward_products([4, 4, 4], [0.5, 0.5, 0.5], slope=0.0)
    [1.0, 1.0, 1.0]
    """
    factors = _factors("backward_products", fan_outs, variances, slope)
    return list(accumulate(reversed(factors), _times))[::-1]


def _times(x: float, y: float) -> float:
    return x * y


def _factors(name: str, fans: Sequence[int], variances: Sequence[float], slope: float) -> list[float]:
    if len(fans) != len(variances):
        raise ArgumentError(f"{name}: {len(fans)} fans and {len(variances)} variances; each layer has one of both")
    return [n * v * (1 + slope**2) / 2 for n, v in zip(fans, variances, strict=True)]


def residual_growth(blocks: int, branch: float = 1.0) -> float:
    """The mean square after so many blocks x + F(x), over that before: (1 + branch)^blocks.

    `branch` is the mean square of F(x) over that of x, 1 with He's initialisation and no normalisation: 2^L
    (Zhang, Dauphin and Ma 2019, section 2). The gradient grows as much on its way back.

    >>> residual_growth(10)
    1024.0
    """
    return (1.0 + branch) ** blocks


def branch_share(block: int) -> float:
    """Which part of the mean square after block 1, 2, ... comes from its own branch, if batch norm begins it.

    1 / (l + 1): every branch adds 1 to what began as 1, as the skip grows and the branch does not
    (De and Smith 2020, section 3). So deep blocks are nearly the identity.

    >>> [branch_share(block) for block in (1, 3, 99)]
    [0.5, 0.25, 0.01]
    """
    if block < 1:
        raise ArgumentError(f"branch_share: block is {block}; the first is 1")
    return 1 / (block + 1)


def batch_norm_growth(activation: Activation) -> float:
    """What a plain layer with batch norm multiplies the gradient's mean square by: E f'(z)^2 / Var f(z).

    For ReLU pi / (pi - 1) = 1.467: the images of a large batch have been made independent, their common part is
    taken off, and what is left is enlarged to variance 1, gradient and all. For a linear layer 1. Source: Yang,
    Pennington, Rao, Sohl-Dickstein and Schoenholz (2019), "A mean field theory of batch normalization".

    >>> round(batch_norm_growth("relu"), 4), round(batch_norm_growth("linear"), 12)
    (1.4669, 1.0)
    """
    found = moments(activation, 1.0)
    return float(found.slope / found.variance)


def fixup_scale(blocks: int, layers: int = 2) -> float:
    """What Fixup multiplies a branch's layers but the last by: L^(-1 / (2m - 2)), m layers in each of L branches.

    Source: Zhang, Dauphin and Ma (2019), section 3.

    >>> fixup_scale(54), round(fixup_scale(16, layers=3), 12)
    (0.13608..., 0.5)
    """
    if blocks < 1 or layers < 2:
        raise ArgumentError(f"fixup_scale: blocks is {blocks} and layers {layers}; at least 1 and 2")
    return float(blocks ** (-1 / (2 * layers - 2)))
