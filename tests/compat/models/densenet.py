"""Dense blocks whose layers see all before them, with checkpointing and torchvision's names."""

import re
from collections import OrderedDict
from typing import Any

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.utils.checkpoint as cp
from torch import Tensor
from torch.hub import load_state_dict_from_url

SHAPE = (2, 3, 16, 16)
STATISTICS = False  # PyTorch runs what is checkpointed twice, and counts its batches twice


class _DenseLayer(nn.Module):
    def __init__(self, seen: int, growth: int, bn_size: int, drop: float, efficient: bool = False) -> None:
        super().__init__()
        self.norm1: nn.BatchNorm2d
        self.add_module("norm1", nn.BatchNorm2d(seen))
        self.add_module("relu1", nn.ReLU(inplace=True))
        self.add_module("conv1", nn.Conv2d(seen, bn_size * growth, kernel_size=1, stride=1, bias=False))
        self.add_module("norm2", nn.BatchNorm2d(bn_size * growth))
        self.add_module("relu2", nn.ReLU(inplace=True))
        self.add_module("conv2", nn.Conv2d(bn_size * growth, growth, kernel_size=3, padding=1, bias=False))
        self.drop_rate = float(drop)
        self.efficient = efficient

    def bottleneck(self, inputs: list[Tensor]) -> Tensor:
        return self.conv1(self.relu1(self.norm1(torch.cat(inputs, 1))))

    def any_requires_grad(self, input: list[Tensor]) -> bool:
        for tensor in input:
            if tensor.requires_grad:
                return True
        return False

    @torch.jit.unused
    def checkpointed(self, input: list[Tensor]) -> Tensor:
        def closure(*inputs):
            return self.bottleneck(inputs)

        return cp.checkpoint(closure, *input, use_reentrant=False)

    def forward(self, input: Tensor) -> Tensor:
        prev = [input] if isinstance(input, Tensor) else input
        if self.efficient and self.any_requires_grad(prev):
            if torch.jit.is_scripting():
                raise Exception("no checkpointing there")
            out = self.checkpointed(prev)
        else:
            out = self.bottleneck(prev)
        new = self.conv2(self.relu2(self.norm2(out)))
        if self.drop_rate > 0:
            new = F.dropout(new, p=self.drop_rate, training=self.training)
        return new


class _DenseBlock(nn.ModuleDict):
    _version = 2

    def __init__(self, layers, seen, bn_size, growth, drop, efficient=False):
        super().__init__()
        for i in range(layers):
            self.add_module(
                "denselayer%d" % (i + 1), _DenseLayer(seen + i * growth, growth, bn_size, drop, efficient)
            )

    def forward(self, init: Tensor) -> Tensor:
        features = [init]
        for name, layer in self.items():
            features.append(layer(features))
        return torch.cat(features, 1)


class _Transition(nn.Sequential):
    def __init__(self, seen: int, wanted: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(seen)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(seen, wanted, kernel_size=1, stride=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)


class DenseNet(nn.Module):
    def __init__(self, growth=4, config: tuple[int, ...] = (2, 2), init=8, bn_size=2, drop=0.0, classes=5):
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                [
                    ("conv0", nn.Conv2d(3, init, kernel_size=7, stride=2, padding=3, bias=False)),
                    ("norm0", nn.BatchNorm2d(init)),
                    ("relu0", nn.ReLU(inplace=True)),
                    ("pool0", nn.MaxPool2d(kernel_size=3, stride=2, padding=1)),
                ]
            )
        )
        seen = init
        for i, layers in enumerate(config):
            self.features.add_module(
                "denseblock%d" % (i + 1), _DenseBlock(layers, seen, bn_size, growth, drop, i > 0)
            )
            seen += layers * growth
            if i != len(config) - 1:
                self.features.add_module("transition%d" % (i + 1), _Transition(seen, seen // 2))
                seen = seen // 2
        self.features.add_module("norm5", nn.BatchNorm2d(seen))
        self.classifier = nn.Linear(seen, classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight)
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)
            elif isinstance(m, nn.Linear):
                nn.init.constant_(m.bias, 0)

    def forward(self, x: Tensor) -> Tensor:
        features = self.features(x)
        out = F.relu(features, inplace=True)
        out = F.adaptive_avg_pool2d(out, (1, 1))
        out = torch.flatten(out, 1)
        return self.classifier(out)


def pretrained(model: nn.Module, url: str, progress: bool) -> Any:
    pattern = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\..*)$")
    state = load_state_dict_from_url(url, progress=progress)
    for key in list(state.keys()):
        found = pattern.match(key)
        if found:
            state[found.group(1) + found.group(2)] = state.pop(key)
    model.load_state_dict(state)


def make():
    return DenseNet()
