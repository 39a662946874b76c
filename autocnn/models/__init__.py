"""Networks by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from autocnn.errors import UsageError
from autocnn.models.alexnet import AlexNet, AlexNet2012
from autocnn.models.cifar_resnet import (
    CifarResNet,
    WideResNet,
    plain20,
    plain32,
    plain44,
    plain56,
    plain110,
    preresnet20,
    preresnet32,
    preresnet44,
    preresnet56,
    preresnet110,
    resnet20,
    resnet32,
    resnet44,
    resnet56,
    resnet110,
    wrn16_4,
    wrn28_10,
    wrn40_2,
)
from autocnn.models.deep import DeepNet, plain, residual
from autocnn.models.detector import Detector
from autocnn.models.googlenet import GoogLeNet
from autocnn.models.lenet import LeNet5
from autocnn.models.lenet1998 import LeNet1998
from autocnn.models.nin import NiN
from autocnn.models.resnet import (
    ResNet,
    plain18,
    plain34,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
    wide_resnet50_2,
    wide_resnet101_2,
)
from autocnn.models.squeezenet import SqueezeNet, squeezenet1_0, squeezenet1_1
from autocnn.models.vgg import VGG, vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn
from autocnn.nn import Module

__all__ = [
    "AlexNet",
    "AlexNet2012",
    "CifarResNet",
    "DeepNet",
    "Detector",
    "GoogLeNet",
    "LeNet1998",
    "LeNet5",
    "NiN",
    "ResNet",
    "SqueezeNet",
    "VGG",
    "WideResNet",
    "get",
    "names",
    "plain",
    "plain110",
    "plain18",
    "plain20",
    "plain32",
    "plain34",
    "plain44",
    "plain56",
    "preresnet110",
    "preresnet20",
    "preresnet32",
    "preresnet44",
    "preresnet56",
    "residual",
    "resnet101",
    "resnet110",
    "resnet152",
    "resnet18",
    "resnet20",
    "resnet32",
    "resnet34",
    "resnet44",
    "resnet50",
    "resnet56",
    "squeezenet1_0",
    "squeezenet1_1",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
    "wide_resnet101_2",
    "wide_resnet50_2",
    "wrn16_4",
    "wrn28_10",
    "wrn40_2",
]

_MODELS: dict[str, Callable[..., Module]] = {
    "lenet5": LeNet5,
    "plain": plain,
    "residual": residual,
    "resnet20": resnet20,
    "resnet32": resnet32,
    "resnet44": resnet44,
    "resnet56": resnet56,
    "resnet110": resnet110,
    "plain20": plain20,
    "plain32": plain32,
    "plain44": plain44,
    "plain56": plain56,
    "plain110": plain110,
    "preresnet20": preresnet20,
    "preresnet32": preresnet32,
    "preresnet44": preresnet44,
    "preresnet56": preresnet56,
    "preresnet110": preresnet110,
    "wrn16_4": wrn16_4,
    "wrn28_10": wrn28_10,
    "wrn40_2": wrn40_2,
    "resnet18": resnet18,
    "resnet34": resnet34,
    "resnet50": resnet50,
    "resnet101": resnet101,
    "resnet152": resnet152,
    "wide_resnet50_2": wide_resnet50_2,
    "wide_resnet101_2": wide_resnet101_2,
    "plain18": plain18,
    "plain34": plain34,
    "vgg11": vgg11,
    "vgg13": vgg13,
    "vgg16": vgg16,
    "vgg19": vgg19,
    "vgg11_bn": vgg11_bn,
    "vgg13_bn": vgg13_bn,
    "vgg16_bn": vgg16_bn,
    "vgg19_bn": vgg19_bn,
    "lenet1998": LeNet1998,
    "alexnet": AlexNet,
    "alexnet2012": AlexNet2012,
    "nin": NiN,
    "googlenet": GoogLeNet,
    "squeezenet1_0": squeezenet1_0,
    "squeezenet1_1": squeezenet1_1,
    "detector": Detector,
}


def names() -> list[str]:
    """The names that `get` knows.

    >>> names()[:6]
    ['lenet5', 'plain', 'residual', 'resnet20', 'resnet32', 'resnet44']
    """
    return list(_MODELS)


def get(name: str) -> Callable[..., Module]:
    """What makes the network of a name; case, ``-`` and ``_`` do not matter.

    Raises UsageError for an unknown name, with the nearest known one.

    >>> get("LeNet-5") is LeNet5, get("ResNet-110") is resnet110
    (True, True)
    """
    known = {_bare(key): key for key in _MODELS}
    if _bare(name) in known:
        return _MODELS[known[_bare(name)]]
    near = difflib.get_close_matches(_bare(name), known, n=1, cutoff=0.5)
    meant = f"Did you mean {known[near[0]]!r}? " if near else ""
    raise UsageError(f"model: {name!r} is not known. {meant}There are {_listed(names())}")


def _listed(names: list[str]) -> str:
    """Names in a row; of those that differ in a number only the first is whole: resnet18, 34, 50."""
    known, shown = "", []
    for name in names:
        stem = name.rstrip("0123456789")
        numbered = stem != name and stem[-1] != "_"
        shown.append(name.removeprefix(stem) if numbered and stem == known else name)
        known = stem if numbered else ""
    return ", ".join(shown)


def _bare(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
