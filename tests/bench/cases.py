"""What is measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .nets import network
from .nets.formula import Shapes

RATE, MOMENTUM = 0.01, 0.9
"""Of SGD, in every case that trains."""
CLASSES = 10
PASSES = {"train": 3, "penalty": 6, "infer": 1, "layer": 3, "product": 1}
"""How many times the multiply-adds of one pass forward a step takes. Backward is two, for the gradients of input
and weight. A penalty adds the gradient of the input, and of that the gradients by the cotangent and the weight."""


@dataclass(frozen=True)
class Case:
    """One thing to do again and again.

    kind      train: forward, cross-entropy, backward, SGD with momentum
              penalty: the same, with the mean square of the gradient by the images added to the loss
              infer: forward only, as the library does it fastest
              layer: forward and backward of one layer with a given cotangent, all its gradients
              chain: that many adds and multiplies of tensors of one element, forward and backward
              product: a matrix product, nothing else
              importing: a fresh interpreter that imports the library
    network   its name in nets/, and what its functions get beside the library
    shape     of the input, images first
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    network: str = ""
    arguments: tuple[Any, ...] = ()
    checked: int = 3
    """Steps whose losses are compared: a network that magnifies rounding errors at every layer stands for one."""

    @classmethod
    def read(cls, text: dict[str, Any]) -> Case:
        """From what `asdict` and JSON made of it.

        >>> case = Case("mlp", "train", (128, 784), "mlp")
        >>> Case.read(asdict(case) | {"shape": [128, 784], "arguments": []}) == case
        True
        """
        return cls(**text | {"shape": tuple(text["shape"]), "arguments": tuple(text["arguments"])})

    def write(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def shapes(self) -> Shapes:
        """The network's parameters and multiply-adds."""
        found = Shapes()
        if self.network:
            network(self.network).formula(found, self.shape, *self.arguments)
        return found

    def output(self) -> tuple[int, ...]:
        """The shape that the network makes of the input."""
        made: tuple[int, ...] = network(self.network).formula(Shapes(), self.shape, *self.arguments)
        return made

    def flops(self) -> int:
        """Multiply-adds of a step, by two; 0 where there is nothing to count."""
        forward = math.prod(self.shape) if self.kind == "product" else self.shapes().multiply_adds
        return 2 * PASSES.get(self.kind, 0) * forward


def _conv(name: str, shape: tuple[int, ...], out: int, kernel: int, stride: int = 1, groups: int = 1) -> Case:
    return Case(name, "layer", shape, "conv", (shape[1], out, kernel, stride, kernel // 2, groups))


def _resnet(name: str, kind: str, batch: int, depth: int, shortcuts: bool = True) -> Case:
    checked = 3 if shortcuts and depth < 100 else 1
    return Case(name, kind, (batch, 3, 32, 32), "resnet", (depth, shortcuts), checked)


def _activation(name: str) -> Case:
    return Case(f"{name} of 32x64x32x32", "layer", (32, 64, 32, 32), "activation", (name,))


def chain(ops: int) -> Case:
    """The chain of so many ops."""
    return Case("op overhead" if ops == 1000 else f"chain of {ops:,} ops", "chain", (ops,))


def resnet(depth: int, batch: int) -> Case:
    """A step of the residual network of some depth, with some batch."""
    return _resnet(f"ResNet-{depth} at {batch}", "train", batch, depth)


CASES = (
    Case("SGEMM 2048", "product", (2048, 2048, 2048)),
    Case("import", "importing", ()),
    chain(1000),
    Case("MLP at 128", "train", (128, 784), "mlp"),
    Case("LeNet-5 at 100", "train", (100, 1, 32, 32), "lenet5"),
    resnet(20, 128),
    resnet(56, 32),
    _resnet("plain-56 at 32", "train", 32, 56, shortcuts=False),
    Case("VGG-11 at 64", "train", (64, 3, 32, 32), "vgg11"),
    Case("MobileNetV2 at 32", "train", (32, 3, 32, 32), "mobilenet_v2", checked=1),
    _conv("conv 3x3 64-64", (32, 64, 32, 32), 64, 3),
    _conv("conv 1x1 256-256", (32, 256, 16, 16), 256, 1),
    _conv("conv 7x7 stride 2", (8, 3, 224, 224), 64, 7, stride=2),
    _conv("conv 3x3 depthwise", (32, 128, 32, 32), 128, 3, groups=128),
    Case("max pool", "layer", (128, 64, 32, 32), "max_pool", (2,)),
    Case("batch norm", "layer", (128, 64, 32, 32), "batch_norm", (64,)),
    *(_activation(name) for name in ("sigmoid", "silu", "gelu")),
    Case("gradient penalty", "penalty", (100, 1, 32, 32), "lenet5"),
    _resnet("ResNet-20 inference at 128", "infer", 128, 20),
    _resnet("ResNet-20 inference at 1", "infer", 1, 20),
)


def chosen(words: Sequence[str], cases: Sequence[Case] = CASES) -> list[Case]:
    """The cases whose names contain one of the words, or are one; all where there are no words.

    Of a name, letters and digits count. Raises ValueError for a word that is in no name.

    >>> [case.name for case in chosen(["lenet5", "resnet20 inference at 1", "7x7"])]
    ['LeNet-5 at 100', 'conv 7x7 stride 2', 'ResNet-20 inference at 1']
    """
    names = {_plain(case.name): case for case in cases}
    found: set[Case] = set()
    for word in words:
        plain = _plain(word)
        meant = {names[plain]} if plain in names else {case for name, case in names.items() if plain in name}
        if not meant:
            raise ValueError(f"no case is called {word!r}; there are {', '.join(case.name for case in cases)}")
        found |= meant
    return [case for case in cases if case in found or not words]


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))
