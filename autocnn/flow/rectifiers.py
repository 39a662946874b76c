"""Small fully connected ReLU networks with one output, on which gradients are followed along a line of inputs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from autocnn import nn
from autocnn.errors import ArgumentError
from autocnn.ops import cat

if TYPE_CHECKING:
    from autocnn.engine import Tensor

NORMS = (None, "centre", "batch")


class Rectifiers(nn.Module):
    """x (N, inputs) -> (N, 1), through `depth` layers of ReLUs, `width` wide.

    The first layer is relu(w x + b), with biases b of standard deviation `bias`, which spread the kinks over the
    inputs; the second is linear in it. From there a layer takes z to W relu(norm(z)), or with `skips` to
    z + beta W relu(norm(z)), without bias; W is drawn by He et al. The norm, over the inputs given together, is
    none, "centre" (the mean is taken off) or "batch" (batch norm without weights). With `mirrored` a layer sees
    relu(z) and relu(-z), with weights W and -W that cancel all kinks: the network looks linear at the start
    (Balduzzi et al. 2017), and has no bias.

    Raises ArgumentError for a depth below 1, or another norm.

    >>> net = Rectifiers(3, width=8)
    >>> [name for name, _ in net.named_parameters()]
    ['stem.weight', 'stem.bias', 'layers.0.weight', 'layers.1.weight', 'head.weight']
    """

    def __init__(
        self, depth: int, width: int = 200, inputs: int = 1, *, skips: bool = False, norm: str | None = None,
        beta: float = 1.0, bias: float = 1.0, mirrored: bool = False,
    ) -> None:  # fmt: skip
        if depth < 1 or norm not in NORMS:
            raise ArgumentError(f"Rectifiers: depth and norm are {depth} and {norm!r}; at least 1, one of {NORMS}")
        self.skips, self.norm, self.beta, self.mirrored = skips, norm, beta, mirrored
        fan = 2 * width if mirrored else width
        self.stem = nn.Linear(inputs, width, bias=not mirrored)
        self.layers = nn.ModuleList(nn.Linear(fan, width, bias=False) for _ in range(depth - 1))
        self.head = nn.Linear(fan, 1, bias=False)
        norms = depth - 1 if norm == "batch" else 0
        self.norms = nn.ModuleList(nn.BatchNorm1d(width, affine=False) for _ in range(norms))
        nn.init.normal_(self.stem.weight, std=1 / math.sqrt(inputs))
        if self.stem.bias is not None:
            nn.init.normal_(self.stem.bias, std=bias)
        for layer in (*self.layers, self.head):
            self._draw(layer.weight, width)

    def _draw(self, weight: Tensor, width: int) -> None:
        nn.init.normal_(weight, std=math.sqrt((1 if self.mirrored else 2) / width))
        if self.mirrored:
            half = weight.detach()[:, :width]
            weight.data = cat([half, -half], 1)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs) -> (N, 1)."""
        z = self.stem(x)
        h = self._opened(z)
        for i, layer in enumerate(self.layers):
            step = layer(h)
            z = z + self.beta * step if self.skips and i else step
            h = self._opened(self._normed(z, i))
        return self.head(h)  # type: ignore[no-any-return]

    def _normed(self, z: Tensor, i: int) -> Tensor:
        if self.norm == "centre":
            return z - z.mean(0, keepdim=True)
        return self.norms[i](z) if self.norm == "batch" else z

    def _opened(self, z: Tensor) -> Tensor:
        return cat([z.relu(), (-z).relu()], 1) if self.mirrored else z.relu()


def rectifiers(depth: int, width: int = 200, *, seed: int = 0, **settings: object) -> Rectifiers:
    """`Rectifiers` whose weights depend on `seed` and their paths alone; settings as there.

    >>> shallow, deep = rectifiers(2, 8), rectifiers(5, 8)
    >>> shallow.stem.weight.tolist() == deep.stem.weight.tolist()
    True
    """
    return nn.init.by_path(lambda: Rectifiers(depth, width, **settings), seed)  # type: ignore[arg-type]
