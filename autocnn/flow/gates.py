"""What shattered gradients are to look like: the theorems of Balduzzi et al. (2017), their matrix model, and wide
ReLU networks.

In the model the gates of a layer are coins, open with probability 1/2, thrown anew for each input, so that two
inputs share the weights and nothing else. Real gates agree where inputs are alike; what that changes, the
arc-cosine kernels say.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from autocnn.backend.random import Generator
from autocnn.errors import ArgumentError
from autocnn.flow.strict import strict
from autocnn.flow.theory import relu_correlation, relu_slopes
from autocnn.ops import rand, randn
from autocnn.types import Array

KINDS = ("plain", "residual", "residual, batch norm")


@dataclass(frozen=True)
class Alike:
    """The gradients of two inputs: their mean square, their mean product, and the latter over the former."""

    variance: float
    covariance: float

    @property
    def correlation(self) -> float:
        """Covariance over variance."""
        return self.covariance / self.variance


def theorem(kind: str, depth: int, beta: float = 1.0) -> Alike:
    """What the gradients at two inputs have in common after `depth` layers of random gates: exact expectations.

    "plain": variance 1, covariance 2^-L (theorem 1). "residual": 2^L and (3/2)^L (theorem 2). "residual, batch
    norm": L - 1 blocks with the branch scaled by `beta`, the l-th divided by the standard deviation
    sqrt(beta^2 (l - 1) + 1) of what enters it: variance beta^2 (L - 1) + 1, covariance the product over l of
    1 + beta^2 / (2 (beta^2 (l - 1) + 1)), about beta sqrt L (theorem 3).

    Raises ArgumentError for another kind, or a depth below 1.

    >>> [round(theorem(kind, 8).correlation, 4) for kind in KINDS]
    [0.0039, 0.1001, 0.3928]
    """
    _check("theorem", kind, depth)
    if kind == "plain":
        return Alike(1.0, 2.0**-depth)
    if kind == "residual":
        return Alike(2.0**depth, 1.5**depth)
    shares = [beta**2 / (beta**2 * (block - 1) + 1) for block in range(1, depth)]
    return Alike(beta**2 * (depth - 1) + 1, math.prod(1 + share / 2 for share in shares))


@dataclass(frozen=True)
class Gates:
    """Gradients of two inputs in draws of the random-gate matrix model, beside what the theorem says.

    Variance and covariance are means over draws, with standard errors.
    """

    kind: str
    depth: int
    beta: float
    width: int
    draws: int
    variance: float
    variance_error: float
    covariance: float
    covariance_error: float
    expected_variance: float
    expected_covariance: float

    @property
    def correlation(self) -> float:
        """Covariance over variance, as drawn."""
        return self.covariance / self.variance if self.variance else math.nan

    @property
    def expected_correlation(self) -> float:
        """Covariance over variance, by the theorem."""
        return self.expected_covariance / self.expected_variance

    def rows(self) -> list[dict[str, Any]]:
        """One row of a table."""
        ratios = {"correlation": self.correlation, "expected_correlation": self.expected_correlation}
        return [{**asdict(self), **ratios}]

    def to_dict(self) -> dict[str, Any]:
        """The row, for JSON: what is not a number is null."""
        return strict(self.rows()[0])  # type: ignore[no-any-return]

    def sentence(self) -> str:
        """A plain question, and the answer that the numbers give."""
        return (
            f"If gates are coins, how alike are the gradients of two inputs? {self.kind}, depth {self.depth}: "
            f"correlation {self.correlation:.3g}, by the theorem {self.expected_correlation:.3g} "
            f"({self.draws} draws, {self.width} wide)."
        )

    def __str__(self) -> str:
        return self.sentence()


def random_gates(
    kind: str, depth: int, *, width: int = 64, draws: int = 1500, beta: float = 1.0, seed: int = 0
) -> Gates:
    """Draw the matrix model: the same random matrices for two inputs, gates thrown for each input apart.

    A Gaussian matrix, used once, meets the two vectors only through their two images, which are Gaussian with the
    vectors' inner products as covariance: those are drawn, not the matrix. The law is the same, and exactly so.

    >>> drawn = random_gates("residual", 6)
    >>> drawn.expected_variance, abs(drawn.variance - 64) < 4 * drawn.variance_error
    (64.0, True)
    """
    _check("random_gates", kind, depth)
    if width < 1 or draws < 2:
        raise ArgumentError(f"random_gates: width and draws are {width} and {draws}; at least 1 and 2")
    generator = Generator(seed)
    v = w = np.full((draws, width), width**-0.5)
    for layer in range(1, depth + (kind != "residual, batch norm")):
        pushed_v, pushed_w = _pushed(v, w, generator)
        if kind == "plain":
            v, w = pushed_v, pushed_w
        else:
            scale = beta / math.sqrt(beta**2 * (layer - 1) + 1) if kind == "residual, batch norm" else 1.0
            v, w = v + scale * pushed_v, w + scale * pushed_w
    square, product = ((v * v).sum(1) + (w * w).sum(1)) / 2, (v * w).sum(1)
    root = math.sqrt(draws - 1)
    expected = theorem(kind, depth, beta)
    return Gates(
        kind, depth, beta, width, draws, float(square.mean()), float(square.std()) / root, float(product.mean()),
        float(product.std()) / root, expected.variance, expected.covariance,
    )  # fmt: skip


def _pushed(v: Array, w: Array, generator: Generator) -> tuple[Array, Array]:
    """v W D and w W D', with W drawn by He et al., D and D' coins."""
    draws, width = v.shape
    a, b = (randn(draws, width, generator=generator, dtype="float64").array for _ in range(2))
    coins = [rand(draws, width, generator=generator).array < 0.5 for _ in range(2)]
    lengths = [np.sqrt((u * u).sum(1, keepdims=True)) for u in (v, w)]
    product = lengths[0] * lengths[1]
    some = product > 0
    cosine = np.clip(np.where(some, (v * w).sum(1, keepdims=True) / np.where(some, product, 1.0), 0.0), -1, 1)
    other = cosine * a + np.sqrt(1 - cosine * cosine) * b
    scale = math.sqrt(2 / width)
    return scale * lengths[0] * a * coins[0], scale * lengths[1] * other * coins[1]


def relu_gradient_correlation(rho: float, depth: int) -> float:
    """The correlation of the gradients at two inputs of correlation `rho`, through a wide plain ReLU network.

    With He et al.'s weights and no bias, the inputs' correlation goes through the arc-cosine kernel of degree 1
    at each layer, rho' = relu_correlation(rho), and the gradients' is multiplied by that of degree 0,
    1 - arccos(rho) / pi: the share of open gates that the two have in common. Since rho tends to 1, real plain
    networks do not lose a half at every layer, as the random gates do: a half is where rho = 0.

    >>> relu_gradient_correlation(1.0, 50), relu_gradient_correlation(0.0, 1)
    (1.0, 0.5)
    >>> 2**-24 < 1e-7 < relu_gradient_correlation(0.0, 24)
    True
    """
    if depth < 1:
        raise ArgumentError(f"relu_gradient_correlation: depth is {depth}; it is at least 1")
    found = 1.0
    for _ in range(depth):
        found *= relu_slopes(rho)
        rho = relu_correlation(rho)
    return found


def _check(name: str, kind: str, depth: int) -> None:
    if kind not in KINDS:
        raise ArgumentError(f"{name}: kind is {kind!r}; one of {KINDS}")
    if depth < 1:
        raise ArgumentError(f"{name}: depth is {depth}; it is at least 1")
