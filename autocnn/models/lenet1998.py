"""LeNet-5 as it was published: C3 by a table, pooling that learns, and an output of distances to drawn digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autocnn import nn
from autocnn.errors import ArgumentError
from autocnn.nn import functional as F
from autocnn.ops import cat

if TYPE_CHECKING:
    from autocnn.engine import Tensor

_ROWS = """
.#####. ...#... .#####. .#####. .....#. ####### ..####. ####### .#####. .#####.
##...## ..##... ##...## ##...## ....##. ##..... .##.... .....## ##...## ##...##
#.....# .###... #.....# #.....# ...###. #...... ##..... .....#. #.....# #.....#
#.....# ...#... ......# ......# ..##.#. #...... #...... ....##. #.....# #.....#
#.....# ...#... .....## .....## .##..#. #####.. #.###.. ....#.. ##...## ##...##
#.....# ...#... ....##. ..####. ##...#. ....##. ###.##. ...##.. .#####. .######
#.....# ...#... ...##.. .....## #....#. .....## ##...## ...#... ##...## ......#
#.....# ...#... ..##... ......# ####### ......# #.....# ..##... #.....# ......#
#.....# ...#... .##.... ......# .....#. ......# #.....# ..#.... #.....# .....##
#.....# ...#... ##..... #.....# .....#. #.....# #.....# ..#.... #.....# .....#.
##...## ...#... #...... ##...## .....#. ##...## ##...## .##.... ##...## ....##.
.#####. .#####. ####### .#####. .....#. .#####. .#####. .#..... .#####. .####..
"""

DIGITS = tuple(
    tuple(1.0 if mark == "#" else -1.0 for row in _ROWS.split("\n")[1:-1] for mark in row.split()[digit])
    for digit in range(10)
)
"""Ten digits of 7x12 pixels, row after row: 1 for ink, -1 for paper. The drawing is ours, its size the paper's."""

TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip
"""Which maps of S2 each map of C3 sees: table I of the paper."""


class ScaledTanh(nn.Module):
    """A tanh(2/3 x) with A = 1.7159: 1 and -1 stay where they are, so that units work where tanh bends.

    >>> ScaledTanh()(nn.Parameter([1.0])).detach().numpy().round(5).tolist()
    [1.0]
    """

    def forward(self, x: Tensor) -> Tensor:
        """Of any shape."""
        return 1.7159 * (x * (2 / 3)).tanh()


class Subsampling(nn.Module):
    """x (N, C, H, W) -> (N, C, H/2, W/2): sums of 2x2 pixels, times a number and plus another for each channel.

    >>> layer = Subsampling(1)
    >>> layer.load_state_dict({"weight": nn.Parameter([2.0]), "bias": nn.Parameter([1.0])})
    <All keys matched successfully>
    >>> layer(nn.Parameter([[[[1.0, 2.0], [3.0, 4.0]]]])).tolist()
    [[[[21.0]]]]
    """

    fan_in = 4

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter([1.0] * channels)
        self.bias = nn.Parameter([0.0] * channels)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, C, H/2, W/2)."""
        summed = F.avg_pool2d(x, 2) * self.fan_in
        return summed * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)


class TableConv2d(nn.Module):
    """A convolution whose output maps see only the input maps that a table names, one row for each output map.

    x (N, C, H, W) -> (N, len(table), H - kernel_size + 1, W - kernel_size + 1). Rows of one length stand together,
    and become one grouped convolution: no weight is there that is not used, no product with zero is formed.

    Raises ArgumentError where rows of one length stand apart.

    >>> sum(p.array.size for p in TableConv2d(TABLE, 5).parameters())
    1516
    """

    def __init__(self, table: tuple[tuple[int, ...], ...], kernel_size: int) -> None:
        super().__init__()
        lengths = [len(row) for row in table]
        self.lengths = tuple(dict.fromkeys(lengths))
        if lengths != [n for n in self.lengths for _ in range(lengths.count(n))]:
            raise ArgumentError(f"TableConv2d: table has rows of {lengths}; put those of one length together")
        self.seen = {n: [place for row in table if len(row) == n for place in row] for n in self.lengths}
        for n in self.lengths:
            rows = lengths.count(n)
            setattr(self, f"of{n}", nn.Conv2d(n * rows, rows, kernel_size, groups=rows))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, len(table), H - kernel_size + 1, W - kernel_size + 1)."""
        return cat([getattr(self, f"of{n}")(x[:, self.seen[n]]) for n in self.lengths], dim=1)


class Distances(nn.Module):
    """x (N, F) -> (N, classes): minus the squared distance from x to the fixed code of each class.

    The largest is the class, and cross-entropy of these scores is the paper's criterion (equation 9) without the
    constant for images that are no digit.

    >>> Distances(((1.0, -1.0), (-1.0, -1.0)))(nn.Parameter([[1.0, 0.0]])).tolist()
    [[-1.0, -5.0]]
    """

    def __init__(self, codes: tuple[tuple[float, ...], ...]) -> None:
        super().__init__()
        self.register_buffer("codes", nn.Parameter(codes).detach())

    def forward(self, x: Tensor) -> Tensor:
        """x (N, F) -> (N, classes)."""
        return -(x.unsqueeze(1) - self.codes).square().sum(2)  # type: ignore[no-any-return]


class LeNet1998(nn.Sequential):
    """x (N, 1, 32, 32) -> scores (N, 10), with 60,000 parameters and 340,908 connections.

    Each map of C3 sees only some of S2, pooling has a coefficient and a bias for each map, units are squashed by a
    scaled tanh, and scores are distances from F6 to 84 pixels of a drawn digit. First values are uniform within
    2.4 / fan-in. Source: LeCun, Bottou, Bengio and Haffner (1998), section II B and appendix A.

    Raises ArgumentError for more than ten classes: there are ten drawings.

    >>> sum(p.array.size for p in LeNet1998().parameters())
    60000
    """

    side = 32
    """Height and width of the images."""

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        if not 1 <= num_classes <= len(DIGITS):
            raise ArgumentError(f"LeNet1998: num_classes is {num_classes}; ten digits are drawn. LeNet5 takes any")
        super().__init__(
            {
                "c1": nn.Conv2d(in_channels, 6, 5),  # (N, 6, 28, 28)
                "f1": ScaledTanh(),
                "s2": Subsampling(6),  # (N, 6, 14, 14)
                "f2": ScaledTanh(),
                "c3": TableConv2d(TABLE, 5),  # (N, 16, 10, 10)
                "f3": ScaledTanh(),
                "s4": Subsampling(16),  # (N, 16, 5, 5)
                "f4": ScaledTanh(),
                "c5": nn.Conv2d(16, 120, 5),  # (N, 120, 1, 1)
                "f5": ScaledTanh(),
                "flatten": nn.Flatten(),
                "f6": nn.Linear(120, 84),
                "squash": ScaledTanh(),
                "output": Distances(DIGITS[:num_classes]),
            }
        )
        self.in_channels = in_channels
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear | Subsampling):
                fan_in = module.fan_in if isinstance(module, Subsampling) else module.weight[0].numel()
                for parameter in module.parameters():
                    nn.init.uniform_(parameter, -2.4 / fan_in, 2.4 / fan_in)

    def replace_head(self, num_classes: int) -> str:
        """There is none: scores are distances to drawn digits. Raises ArgumentError."""
        raise ArgumentError(
            "replace_head: the scores of LeNet1998 are distances to drawn digits. LeNet5 has a head"
        )
