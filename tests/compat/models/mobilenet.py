"""MobileNet v1, v2 and v3: depthwise separable convolutions, inverted residuals, hard activations."""

import math
from functools import partial
from typing import Callable, List, Optional

import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

SHAPE = (2, 3, 16, 16)


def _make_divisible(v: float, divisor: int, min_value: Optional[int] = None) -> int:
    min_value = divisor if min_value is None else min_value
    new_v = max(min_value, int(v + divisor / 2) // divisor * divisor)
    return new_v + divisor if new_v < 0.9 * v else new_v


class Block(nn.Module):
    """Depthwise conv + Pointwise conv"""

    def __init__(self, in_planes, out_planes, stride=1):
        super(Block, self).__init__()
        self.conv1 = nn.Conv2d(
            in_planes, in_planes, kernel_size=3, stride=stride, padding=1, groups=in_planes, bias=False
        )
        self.bn1 = nn.BatchNorm2d(in_planes)
        self.conv2 = nn.Conv2d(in_planes, out_planes, kernel_size=1, stride=1, padding=0, bias=False)
        self.bn2 = nn.BatchNorm2d(out_planes)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)))


class ConvBNActivation(nn.Sequential):
    def __init__(
        self,
        ins,
        outs,
        kernel_size=3,
        stride=1,
        groups=1,
        norm_layer: Optional[Callable[..., nn.Module]] = None,
        activation_layer: Optional[Callable[..., nn.Module]] = None,
    ) -> None:
        padding = (kernel_size - 1) // 2
        norm_layer = nn.BatchNorm2d if norm_layer is None else norm_layer
        activation_layer = nn.ReLU6 if activation_layer is None else activation_layer
        super().__init__(
            nn.Conv2d(ins, outs, kernel_size, stride, padding, groups=groups, bias=False),
            norm_layer(outs),
            activation_layer(inplace=True),
        )
        self.out_channels = outs


class InvertedResidual(nn.Module):
    def __init__(self, inp: int, oup: int, stride: int, expand_ratio: int) -> None:
        super().__init__()
        assert stride in [1, 2]
        hidden = int(round(inp * expand_ratio))
        self.use_res_connect = stride == 1 and inp == oup
        layers: List[nn.Module] = []
        if expand_ratio != 1:
            layers.append(ConvBNActivation(inp, hidden, kernel_size=1))
        layers.extend(
            [
                ConvBNActivation(hidden, hidden, stride=stride, groups=hidden),
                nn.Conv2d(hidden, oup, 1, 1, 0, bias=False),
                nn.BatchNorm2d(oup),
            ]
        )
        self.conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class h_sigmoid(nn.Module):
    def __init__(self, inplace=True):
        super(h_sigmoid, self).__init__()
        self.relu = nn.ReLU6(inplace=inplace)

    def forward(self, x):
        return self.relu(x + 3) / 6


class h_swish(nn.Module):
    def __init__(self, inplace=True):
        super(h_swish, self).__init__()
        self.inplace = inplace

    def forward(self, x):
        out = F.relu6(x + 3.0, self.inplace) / 6.0
        return out * x


class SELayer(nn.Module):
    def __init__(self, channel, reduction=4):
        super(SELayer, self).__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channel, _make_divisible(channel // reduction, 2)),
            nn.ReLU(inplace=True),
            nn.Linear(_make_divisible(channel // reduction, 2), channel),
            h_sigmoid(),
        )

    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.avg_pool(x).view(b, c)
        y = self.fc(y).view(b, c, 1, 1)
        return x * y.expand_as(x)


class InvertedResidualV3(nn.Module):
    def __init__(self, inp, hidden, oup, kernel, stride, use_se, use_hs):
        super().__init__()
        self.identity = stride == 1 and inp == oup
        self.conv = nn.Sequential(
            nn.Conv2d(inp, hidden, 1, 1, 0, bias=False),
            nn.BatchNorm2d(hidden, eps=0.001, momentum=0.01),
            h_swish() if use_hs else nn.ReLU(inplace=True),
            nn.Conv2d(hidden, hidden, kernel, stride, (kernel - 1) // 2, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden),
            SELayer(hidden) if use_se else nn.Identity(),
            nn.Hardswish(inplace=True) if use_hs else nn.ReLU(inplace=True),
            nn.Conv2d(hidden, oup, 1, 1, 0, bias=False),
            nn.BatchNorm2d(oup),
        )

    def forward(self, x):
        return x + self.conv(x) if self.identity else self.conv(x)


class MobileNets(nn.Module):
    cfg = [4, (8, 2), 8]

    def __init__(self, num_classes: int = 5, width_mult: float = 1.0) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, kernel_size=3, stride=1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        layers, planes = [], 4
        for x in self.cfg:
            out_planes = x if isinstance(x, int) else x[0]
            stride = 1 if isinstance(x, int) else x[1]
            layers.append(Block(planes, out_planes, stride))
            planes = out_planes
        self.layers = nn.Sequential(*layers)
        features = [ConvBNActivation(8, _make_divisible(8 * width_mult, 8), stride=2)]
        features += [InvertedResidual(8, 8, 1, expand_ratio=t) for t in (1, 2)]
        self.features = nn.Sequential(*features)
        norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        self.v3 = nn.Sequential(
            InvertedResidualV3(8, 12, 8, 3, 1, True, False),
            InvertedResidualV3(8, 12, 10, 5, 2, False, True),
            ConvBNActivation(10, 12, kernel_size=1, norm_layer=norm, activation_layer=nn.Hardswish),
        )
        self.classifier = nn.Sequential(nn.Linear(12, 10), h_swish(), nn.Dropout(0.0), nn.Linear(10, num_classes))
        self._initialize_weights()

    def _initialize_weights(self):
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                n = m.kernel_size[0] * m.kernel_size[1] * m.out_channels
                m.weight.data.normal_(0, math.sqrt(2.0 / n))
                if m.bias is not None:
                    m.bias.data.zero_()
            elif isinstance(m, nn.Linear):
                m.weight.data.normal_(0, 0.2)
                m.bias.data.zero_()

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(F.relu(self.bn1(self.conv1(x))))
        x = self.v3(self.features(x))
        x = F.adaptive_avg_pool2d(x, (1, 1)).reshape(x.shape[0], -1)
        return self.classifier(x)


def make():
    return MobileNets()
