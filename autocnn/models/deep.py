"""Very deep networks, plain and residual, for the study of gradient flow: what decides it is an option."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from autocnn import nn
from autocnn.errors import ArgumentError
from autocnn.models.cifar_resnet import Subsample
from autocnn.nn import init as first_values

if TYPE_CHECKING:
    from autocnn.engine import Tensor

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "leaky_relu": nn.LeakyReLU,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "hardtanh": nn.Hardtanh,
    "linear": nn.Identity,
}
"""What an activation of `DeepNet` can be."""

NORMS: dict[str | None, Callable[[int], nn.Module] | None] = {
    None: None,
    "batch": nn.BatchNorm2d,
    "layer": partial(nn.GroupNorm, 1),
}
"""What a normalisation of `DeepNet` can be; "layer" takes all channels and pixels of an image together."""


def _default(weight: Tensor, gain: float) -> None:
    bound = gain / first_values.fans("default", weight)[0] ** 0.5
    first_values.uniform_(weight, -bound, bound)


def _normal(numerator: float, weight: Tensor, gain: float) -> None:
    fan_in, _ = first_values.fans("normal", weight)
    first_values.normal_(weight, std=gain * (numerator / fan_in) ** 0.5)


def _delta_orthogonal(weight: Tensor, gain: float) -> None:
    flat = weight.ndim == 2
    first_values.orthogonal_(weight, gain) if flat else first_values.delta_orthogonal_(weight, gain)


INITS: dict[str, Callable[[Tensor, float], Any]] = {
    "default": _default,
    "he": partial(_normal, 2.0),
    "lecun": partial(_normal, 1.0),
    "glorot": first_values.xavier_uniform_,
    "orthogonal": first_values.orthogonal_,
    "delta_orthogonal": _delta_orthogonal,
}
"""How weights of `DeepNet` are drawn: PyTorch's default, and He's, LeCun's, Glorot's, Saxe's and Xiao's ways."""

GOOD = dict.fromkeys(ACTIVATIONS, "he") | dict.fromkeys(("tanh", "sigmoid", "softsign", "linear"), "glorot")
"""The `init` that was made for an activation, or for one that is like it."""


class DeepNet(nn.Module):
    """A convolutional network of `depth` weight layers: a stem, blocks of two 3x3 convolutions, a linear head.

    x (N, channels, size, size) -> (N, classes). With `skips` a block is act(x + scale F(x)), without them
    act(F(x)), where F = conv, norm, act, conv, norm (He et al. 2016, section 3.3). With `pre_activation` it is
    x + scale F(x) or F(x), where F = norm, act, conv, norm, act, conv, and what the stem lacks comes before the
    head (He et al. 2016, "Identity mappings"). `scale` is for the branch beside a skip; without one nothing is
    scaled.

    `activation` is one of ACTIVATIONS, `norm` of NORMS, `init` of INITS; `gain` multiplies the weights of all
    convolutions. Biases are PyTorch's with the default `init`, otherwise 0; convolutions before a batch norm
    have none. With several `stages` each but the first halves the image and doubles the width; shortcuts there
    pick every second pixel and fill up with zero channels, or with `projection` are 1x1 convolutions.

    Twins of one seed, with skips and without, have the same parameters under the same names: a skip adds none
    (for a `projection`, see `nn.init.by_path`).

    Raises ArgumentError for a depth that is odd or leaves too few blocks, and for unknown names.

    >>> net = DeepNet(6, width=4, skips=True)
    >>> len(net.blocks), sum(p.array.ndim > 1 for p in net.parameters())
    (2, 6)
    """

    def __init__(
        self, depth: int = 56, width: int = 16, *, skips: bool, activation: str = "tanh", norm: str | None = None,
        init: str = "default", gain: float = 1.0, pre_activation: bool = False, scale: float = 1.0,
        stages: int = 1, projection: bool = False, channels: int = 1, size: int = 8, classes: int = 10,
    ) -> None:  # fmt: skip
        super().__init__()
        _check(depth, stages)
        make = partial(
            DeepBlock, skip=skips, activation=_known("activation", activation, ACTIVATIONS),
            norm=_known("norm", norm, NORMS), pre_activation=pre_activation, scale=scale, projection=projection,
        )  # fmt: skip
        self.side = size
        """Height and width of the images."""
        self.in_channels = channels
        finish = [_norm(norm, width), ACTIVATIONS[activation]()]
        stem = nn.Conv2d(channels, width, 3, padding=1, bias=norm is None)
        self.stem = nn.Sequential(*_present(stem, *([] if pre_activation else finish)))
        blocks, last = _blocks(make, depth // 2 - 1, width, stages)
        self.blocks = nn.Sequential(*blocks)
        if pre_activation:
            self.last = nn.Sequential(*_present(_norm(norm, last), ACTIVATIONS[activation]()))
        self.flatten = nn.Flatten()
        for _ in range(stages - 1):
            size = (size + 1) // 2
        self.head = nn.Linear(last * size * size, classes)
        _draw(self, _known("init", init, INITS), gain)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, channels, size, size) -> logits (N, classes)."""
        x = self.blocks(self.stem(x))
        if "last" in self._modules:
            x = self.last(x)
        return self.head(self.flatten(x))  # type: ignore[no-any-return]


class DeepBlock(nn.Module):
    """x (N, C, H, W) -> (N, width, H/stride, W/stride): a block of `DeepNet`, whose options are explained there.

    >>> DeepBlock(4, 4, skip=True)(nn.Parameter([[[[1.0]]] * 4])).shape
    (1, 4, 1, 1)
    """

    def __init__(
        self, channels: int, width: int, stride: int = 1, *, skip: bool, activation: str = "tanh",
        norm: str | None = None, pre_activation: bool = False, scale: float = 1.0, projection: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.skip, self.scale, self.pre_activation = skip, scale, pre_activation
        bias = norm is None
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=bias)
        self.norm1 = _norm(norm, channels if pre_activation else width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=bias)
        self.norm2 = _norm(norm, width)
        self.activation = ACTIVATIONS[activation]()
        self.shortcut: nn.Module | None = None
        if skip and (stride != 1 or channels != width):
            narrow = nn.Conv2d(channels, width, 1, stride, bias=False)
            self.shortcut = narrow if projection else Subsample(width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, width, H/stride, W/stride)."""
        y = self._branch(x)
        if self.skip:
            y = y if self.scale == 1 else self.scale * y
            y = (x if self.shortcut is None else self.shortcut(x)) + y
        return y if self.pre_activation else self.activation(y)

    def _branch(self, x: Tensor) -> Tensor:
        if self.pre_activation:
            y = self.conv1(self.activation(_applied(self.norm1, x)))
            return self.conv2(self.activation(_applied(self.norm2, y)))  # type: ignore[no-any-return]
        y = self.activation(_applied(self.norm1, self.conv1(x)))
        return _applied(self.norm2, self.conv2(y))

    def extra_repr(self) -> str:
        """Whether there is a skip, and the scale beside it."""
        return f"skip={self.skip}" + (f", scale={self.scale}" if self.scale != 1 else "")


def _check(depth: int, stages: int) -> None:
    if depth % 2 or depth < 4:
        raise ArgumentError(
            f"DeepNet: depth is {depth}; stem, head and blocks of two layers make an even number, 4 or more"
        )
    if not 1 <= stages <= depth // 2 - 1:
        raise ArgumentError(f"DeepNet: stages is {stages}; {depth // 2 - 1} blocks make 1 to as many stages")


def _known(option: str, name: Any, table: dict[Any, Any]) -> Any:
    if name not in table:
        raise ArgumentError(f"DeepNet: {option} is {name!r}; one of {', '.join(map(repr, table))}")
    return name


def _norm(name: str | None, width: int) -> nn.Module | None:
    make = NORMS[name]
    return None if make is None else make(width)


def _present(*parts: nn.Module | None) -> list[nn.Module]:
    return [part for part in parts if part is not None]


def _applied(norm: nn.Module | None, x: Tensor) -> Tensor:
    return x if norm is None else norm(x)


def _blocks(make: Any, count: int, width: int, stages: int) -> tuple[list[nn.Module], int]:
    """Blocks in stages as equal as can be, earlier ones longer; and the width of the last."""
    blocks: list[nn.Module] = []
    channels = width
    for stage in range(stages):
        length = count // stages + (stage < count % stages)
        wide = width << stage
        blocks.append(make(channels, wide, 1 if stage == 0 else 2))
        blocks += [make(wide, wide) for _ in range(length - 1)]
        channels = wide
    return blocks, channels


def _draw(model: nn.Module, init: str, gain: float) -> None:
    """First values of all weights; with PyTorch's own and no gain they are there already."""
    if init == "default" and gain == 1:
        return
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            INITS[init](module.weight, gain if isinstance(module, nn.Conv2d) else 1.0)
            if module.bias is not None and init != "default":
                first_values.zeros_(module.bias)


def plain(
    depth: int = 56, width: int = 16, num_classes: int = 10, in_channels: int = 1, **options: Any
) -> DeepNet:
    """The network without skips, for 8x8 images; tanh, unless the options of `DeepNet` say otherwise.

    >>> plain(4, width=2)(nn.Parameter([[[[0.0] * 8] * 8]])).shape
    (1, 10)
    """
    return DeepNet(depth, width, skips=False, channels=in_channels, classes=num_classes, **options)


def residual(
    depth: int = 56, width: int = 16, num_classes: int = 10, in_channels: int = 1, **options: Any
) -> DeepNet:
    """The network with a skip around every block, for 8x8 images.

    >>> list(residual(4).state_dict()) == list(plain(4).state_dict())
    True
    """
    return DeepNet(depth, width, skips=True, channels=in_channels, classes=num_classes, **options)
