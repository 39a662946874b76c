"""SqueezeNet's fire modules, VGG from a list of widths, AlexNet's head, and Network in Network's."""

from functools import partial
from typing import Any, Dict, List, Union, cast

import torch
import torch.nn as nn
import torch.nn.init as init

SHAPE = (2, 3, 32, 32)
cfgs: Dict[str, List[Union[str, int]]] = {"A": [4, "M", 6, "M"], "B": [4, 4, "M", 6, 6, "M"]}


class Fire(nn.Module):
    def __init__(self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int) -> None:
        super().__init__()
        self.inplanes = inplanes
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, kernel_size=1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, kernel_size=1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, kernel_size=3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.squeeze_activation(self.squeeze(x))
        return torch.cat(
            [self.expand1x1_activation(self.expand1x1(x)), self.expand3x3_activation(self.expand3x3(x))], 1
        )


def make_layers(cfg: List[Union[str, int]], batch_norm: bool = False) -> nn.Sequential:
    layers: List[nn.Module] = []
    in_channels = 3
    for v in cfg:
        if v == "M":
            layers += [nn.MaxPool2d(kernel_size=2, stride=2)]
        else:
            v = cast(int, v)
            conv2d = nn.Conv2d(in_channels, v, kernel_size=3, padding=1)
            layers += (
                [conv2d, nn.BatchNorm2d(v), nn.ReLU(inplace=True)]
                if batch_norm
                else [conv2d, nn.ReLU(inplace=True)]
            )
            in_channels = v
    layers += [nn.AvgPool2d(kernel_size=1, stride=1)]
    return nn.Sequential(*layers)


class Nets(nn.Module):
    def __init__(self, num_classes: int = 5, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.vgg = nn.ModuleDict({"plain": make_layers(cfgs["A"]), "norm": make_layers(cfgs["B"], True)})
        self.fires = nn.Sequential(
            nn.Conv2d(12, 6, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1)),
            nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
            Fire(6, 3, 4, 4),
            Fire(8, 3, 4, 4),
        )
        final_conv = nn.Conv2d(8, self.num_classes, kernel_size=1)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), final_conv, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1))
        )
        self.alex = nn.Sequential(
            nn.Dropout(), nn.Linear(8 * 2 * 2, 10), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(10, num_classes)
        )
        self.avgpool = nn.AdaptiveAvgPool2d((2, 2))
        for m in self.modules():
            if isinstance(m, nn.Dropout):
                m.p = 0.0
            if isinstance(m, nn.Conv2d):
                if m is final_conv:
                    init.normal_(m.weight, mean=0.0, std=0.01)
                else:
                    init.kaiming_uniform_(m.weight)
                if m.bias is not None:
                    init.constant_(m.bias, 0)
        relu = partial(nn.ReLU, inplace=True)
        self.nin = nn.Sequential(nn.Conv2d(5, 5, 1), relu(), nn.Conv2d(5, 5, 1), relu(), nn.MaxPool2d(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.cat([self.vgg["plain"](x), self.vgg["norm"](x)], dim=1)
        x = self.fires(x)
        y = self.alex(torch.flatten(self.avgpool(x), start_dim=1))
        x = self.nin(self.classifier(x))
        return torch.flatten(x, 1) + y


def make():
    return Nets()
