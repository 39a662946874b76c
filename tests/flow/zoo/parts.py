"""What the networks of the zoo are built from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autocnn as ac
from autocnn import Tensor, nn
from autocnn.nn import init

Start = Callable[[Tensor], Any]


def he(w: Tensor) -> Any:
    return init.kaiming_normal_(w)


def glorot(w: Tensor) -> Any:
    return init.xavier_normal_(w)


def lecun(w: Tensor) -> Any:
    return init.lecun_normal_(w)


def tiny(w: Tensor) -> Any:
    return init.normal_(w, 0, 1e-3)


def huge(w: Tensor) -> Any:
    return init.normal_(w, 0, 3.0)


def orthogonal(w: Tensor) -> Any:
    return init.orthogonal_(w)


def scaled(start: Start, factor: float) -> Start:
    """A start times a factor."""

    def begin(w: Tensor) -> None:
        start(w)
        w.array[...] *= factor

    return begin


def started(model: nn.Module, start: Start | None, biases: bool = False) -> nn.Module:
    """A model with all its matrices and kernels started anew; biases at 0."""
    if start is not None:
        for name, p in model.named_parameters():
            if p.ndim > 1:
                with ac.no_grad():
                    start(p)
            elif name.endswith("bias") and not biases:
                p.array[...] = 0
    return model


def mlp(
    depth: int, act: Callable[[], nn.Module], start: Start | None = None, *, width: int = 16, classes: int = 4,
    norm: Callable[[int], nn.Module] | None = None, dropout: float = 0.0, bias: bool = True, d: int = 16,
) -> Callable[[], nn.Module]:  # fmt: skip
    """A row of `depth` linear layers, activations between them."""

    def make() -> nn.Module:
        row: list[nn.Module] = []
        for i in range(depth - 1):
            row.append(nn.Linear(d if i == 0 else width, width, bias=bias))
            row += [norm(width)] if norm else []
            row.append(act())
            row += [nn.Dropout(dropout)] if dropout else []
        return started(nn.Sequential(*row, nn.Linear(width, classes, bias=bias)), start)

    return make


def cnn(
    depth: int, act: Callable[[], nn.Module], start: Start | None = None, *, width: int = 8, classes: int = 4,
    norm: Callable[[int], nn.Module] | None = None, pool: tuple[int, ...] = (), side: int = 8, gap: bool = False,
) -> Callable[[], nn.Module]:  # fmt: skip
    """A row of `depth` - 1 convolutions of 3x3 and a linear head; a 2x2 max pooling behind those named."""

    def make() -> nn.Module:
        row: list[nn.Module] = []
        for i in range(depth - 1):
            row.append(nn.Conv2d(3 if i == 0 else width, width, 3, padding=1))
            row += [norm(width)] if norm else []
            row.append(act())
            row += [nn.MaxPool2d(2)] if i in pool else []
        left = 1 if gap else (side >> len(pool)) ** 2
        row += [nn.GlobalAvgPool()] if gap else []
        return started(nn.Sequential(*row, nn.Flatten(), nn.Linear(width * left, classes)), start)

    return make


class Block(nn.Module):
    """x + scale F(x), where F is a row of layers; `after` behind the sum."""

    def __init__(self, *branch: nn.Module, scale: float = 1.0, after: nn.Module | None = None) -> None:
        super().__init__()
        self.branch = nn.Sequential(*branch)
        self.scale = scale
        self.after = after

    def forward(self, x: Tensor) -> Tensor:
        """The sum."""
        y = x + self.branch(x) * self.scale if self.scale != 1 else x + self.branch(x)
        return y if self.after is None else self.after(y)


class Net(nn.Module):
    """A stem, blocks, a head."""

    def __init__(self, stem: nn.Module, blocks: list[nn.Module], head: nn.Module) -> None:
        super().__init__()
        self.stem, self.blocks, self.head = stem, nn.Sequential(*blocks), head

    def forward(self, x: Tensor) -> Tensor:
        """The scores."""
        return self.head(self.blocks(self.stem(x)))


def of_blocks(net: nn.Module) -> list[nn.Module]:
    """The chain of a `Net`: stem, blocks, head."""
    return [net.stem, *net.blocks, net.head]


def residual(
    count: int, branch: Callable[[], list[nn.Module]], start: Start | None = None, *, width: int = 16,
    classes: int = 4, scale: float = 1.0, after: Callable[[], nn.Module] | None = None, d: int = 16,
    head: Callable[[], list[nn.Module]] = list,
) -> Callable[[], nn.Module]:  # fmt: skip
    """A residual network on vectors."""

    def make() -> nn.Module:
        blocks = [Block(*branch(), scale=scale, after=after() if after else None) for _ in range(count)]
        ends = nn.Sequential(*head(), nn.Linear(width, classes))
        return started(Net(nn.Linear(d, width), blocks, ends), start)

    return make


def set_to(make: Callable[[], nn.Module], **values: float) -> Callable[[], nn.Module]:
    """The same network, parameters (dots as underscores) set to numbers."""

    def changed() -> nn.Module:
        model = make()
        known = {name.replace(".", "_"): p for name, p in model.named_parameters()}
        for name, value in values.items():
            known[name.lstrip("_")].array[...] = value
        return model

    return changed


def times(make: Callable[[], nn.Module], **factors: float) -> Callable[[], nn.Module]:
    """The same network, parameters (dots as underscores) times numbers."""

    def changed() -> nn.Module:
        model = make()
        known = {name.replace(".", "_"): p for name, p in model.named_parameters()}
        for name, value in factors.items():
            known[name.lstrip("_")].array[...] *= value
        return model

    return changed


class Through(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Any:
        """What the function gives."""
        return self.function(x)


def replaced(make: Callable[[], nn.Module], place: int, layer: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """The same row with another layer at a place."""

    def changed() -> nn.Module:
        row = list(make().children())
        row[place] = layer()
        return nn.Sequential(*row)

    return changed
