"""PyTorch's network for every name of the catalogue, at the published widths and at thin ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from autocnn import nn

from . import published as p
from .catalogue import named


class Widths(NamedTuple):
    """Channels of the networks, from their papers or from torchvision."""

    alexnet: tuple[int, ...] = (64, 192, 384, 256, 256)
    alexnet2012: tuple[int, ...] = (96, 256, 384, 384, 256)
    hidden: int = 4096
    nin: tuple[tuple[int, ...], ...] = ((192, 160, 96), (192, 192, 192), (192, 192))
    squeezenet: int = 16
    stem: tuple[int, int, int] = (64, 64, 192)
    inceptions: tuple[tuple[int, ...], ...] = (
        (64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64),
        (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128),
        (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128),
    )  # fmt: skip
    auxiliary: tuple[int, int] = (128, 1024)
    resnet: int = 64
    vgg: tuple[int, ...] = (64, 128, 256, 512, 512)
    wide: int = 16
    detector: tuple[int, int, int] = (16, 32, 64)


FULL = Widths()
THIN = Widths(
    alexnet=(4, 8, 8, 8, 4), alexnet2012=(4, 8, 8, 8, 4), hidden=16, nin=((8, 6, 4), (6, 6, 8), (4, 6)),
    squeezenet=2, stem=(2, 4, 6), inceptions=((1, 2, 3, 1, 2, 1),) * 9, auxiliary=(4, 8), resnet=4,
    vgg=(4, 4, 8, 8, 8), wide=2, detector=(4, 4, 8),
)  # fmt: skip
"""Those of the fixture `thin`."""

STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
LAYERS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def resnet(depth: int, w: Widths, classes: int, shortcut: str = "B", widen: int = 1, v1: bool = False) -> Any:
    def basic(before: int, width: int, stride: int) -> Any:
        return p.Post(before, width, stride, shortcut)

    def bottleneck(before: int, width: int, stride: int) -> Any:
        return p.Post(before, width, stride, shortcut, widen * width, v1)

    widths = [w.resnet << place for place in range(4)]
    return p.Residual(
        bottleneck if depth >= 50 else basic, STAGES[depth], widths, w.resnet, classes, large=True, pre=False
    )


def cifar(depth: int, w: Widths, classes: int, shortcut: str = "A", pre: bool = False) -> Any:
    block = partial(p.Pre if pre else p.Post, shortcut=shortcut)
    return p.Residual(block, [(depth - 2) // 6] * 3, (16, 32, 64), 16, classes, large=False, pre=pre)


def wide(depth: int, widen: int, w: Widths, classes: int) -> Any:
    widths = [w.wide * widen << place for place in range(3)]
    block = partial(p.Pre, shortcut="B")
    return p.Residual(block, [(depth - 4) // 6] * 3, widths, w.wide, classes, large=False, pre=True)


def vgg(depth: int, w: Widths, classes: int, normal: bool = False) -> Any:
    layout = [x for count, width in zip(LAYERS[depth], w.vgg, strict=True) for x in (*[width] * count, "M")]
    return p.VGG(layout, w.hidden, classes, normal)


def googlenet(w: Widths, classes: int, aux_logits: bool = False, original: bool = False) -> Any:
    blocks = dict(zip(("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"), w.inceptions, strict=True))
    return p.GoogLeNet(w.stem, blocks, w.auxiliary, classes, aux_logits, original)


CIFAR = (20, 32, 44, 56, 110)
SMALL: dict[str, Callable[..., Any]] = {
    "lenet5": lambda w, classes: p.lenet5(classes),
    "lenet1998": lambda w, classes: p.LeNet1998(classes),
    "plain": lambda w, classes: p.Deep(False, classes),
    "residual": lambda w, classes: p.Deep(True, classes),
    "nin": lambda w, classes: p.NiN(w.nin, classes),
    "detector": lambda w, classes: p.Detector(*w.detector, classes),
    **{f"resnet{depth}": partial(cifar, depth) for depth in CIFAR},
    **{f"plain{depth}": partial(cifar, depth, shortcut="none") for depth in CIFAR},
    **{f"preresnet{depth}": partial(cifar, depth, pre=True) for depth in CIFAR},
    **{f"wrn{depth}_{k}": partial(wide, depth, k) for depth, k in ((16, 4), (28, 10), (40, 2))},
}
"""For ten classes. Each takes widths, a count of classes, and the options of a form."""

LARGE: dict[str, Callable[..., Any]] = {
    "alexnet": lambda w, classes: p.AlexNet(w.alexnet, w.hidden, classes),
    "alexnet2012": lambda w, classes: p.AlexNet2012(w.alexnet2012, w.hidden, classes),
    "googlenet": googlenet,
    "squeezenet1_0": lambda w, classes: p.SqueezeNet("1.0", w.squeezenet, classes),
    "squeezenet1_1": lambda w, classes: p.SqueezeNet("1.1", w.squeezenet, classes),
    **{f"vgg{depth}": partial(vgg, depth) for depth in LAYERS},
    **{f"vgg{depth}_bn": partial(vgg, depth, normal=True) for depth in LAYERS},
    **{f"resnet{depth}": partial(resnet, depth) for depth in STAGES},
    **{f"plain{depth}": partial(resnet, depth, shortcut="none") for depth in (18, 34)},
    **{f"wide_resnet{depth}_2": partial(resnet, depth, widen=2) for depth in (50, 101)},
}
"""For a thousand."""

TWINS = SMALL | LARGE


def twin(name: str, widths: Widths = FULL, classes: int | None = None, **options: Any) -> Any:
    """The network of a name with random weights, or on PyTorch's device "meta" with none."""
    default = 10 if name in SMALL else 1000
    return TWINS[name](widths, default if classes is None else classes, **options)


# The same weights in both -------------------------------------------------------------------------------------

BIG = np.random.default_rng(1).standard_normal(100_003, np.float32)
"""Numbers for all weights, again and again: drawing 140 million would take seconds."""


def fill(model: nn.Module) -> None:
    """Weights as He draws them, for norms and biases whatever is near what they start from."""
    for name, value in model.state_dict().items():
        array = value.array
        if array.dtype.kind != "f" or name == "output.codes":
            continue
        some = np.resize(BIG, array.shape)
        if array.ndim > 1:
            array[...] = some * np.float32((2 / array[0].size) ** 0.5)
        elif name.endswith("running_var"):
            array[...] = 0.5 + abs(some)
        else:
            array[...] = 0.1 * some + (name.endswith("weight"))


def beside(name: str, model: nn.Module, widths: Widths, classes: int | None) -> Any:
    """PyTorch's network, whose weights are the model's own memory."""
    base, options = named(name)
    with torch.device("meta"):
        theirs = twin(base, widths, classes, **options).train(model.training)
    learned = dict(model.named_parameters())
    state = {
        key: torch.from_numpy(value.numpy() if key in learned else value.numpy().copy())
        for key, value in model.state_dict().items()
    }
    theirs.load_state_dict(state, assign=True)
    for module in (*model.modules(), *theirs.modules()):
        if isinstance(module, nn.Dropout | torch.nn.Dropout):
            module.eval()
    return theirs
