"""RegNet with squeeze and excitation: widths from a rule, stages as ordered dictionaries."""

import math
from collections import OrderedDict
from functools import partial
from typing import Any, Callable, List, Optional, Tuple

import torch
from torch import nn, Tensor

SHAPE = (2, 3, 16, 16)


class SqueezeExcitation(torch.nn.Module):
    def __init__(
        self,
        ins: int,
        squeeze: int,
        activation: Callable[..., torch.nn.Module] = torch.nn.ReLU,
        scale_activation: Callable[..., torch.nn.Module] = torch.nn.Sigmoid,
    ) -> None:
        super().__init__()
        self.avgpool = torch.nn.AdaptiveAvgPool2d(1)
        self.fc1 = torch.nn.Conv2d(ins, squeeze, 1)
        self.fc2 = torch.nn.Conv2d(squeeze, ins, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def _scale(self, input: Tensor) -> Tensor:
        scale = self.avgpool(input)
        scale = self.activation(self.fc1(scale))
        return self.scale_activation(self.fc2(scale))

    def forward(self, input: Tensor) -> Tensor:
        return self._scale(input) * input


class ConvNormActivation(torch.nn.Sequential):
    def __init__(
        self,
        ins,
        outs,
        kernel_size=3,
        stride=1,
        groups=1,
        norm_layer=torch.nn.BatchNorm2d,
        activation_layer=torch.nn.ReLU,
        bias=None,
    ) -> None:
        bias = norm_layer is None if bias is None else bias
        layers = [
            torch.nn.Conv2d(ins, outs, kernel_size, stride, (kernel_size - 1) // 2, groups=groups, bias=bias)
        ]
        if norm_layer is not None:
            layers.append(norm_layer(outs))
        if activation_layer is not None:
            layers.append(activation_layer(inplace=True))
        super().__init__(*layers)


class BottleneckTransform(nn.Sequential):
    def __init__(self, width_in, width_out, stride, norm, act, group_width, multiplier, se_ratio) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        w_b = int(round(width_out * multiplier))
        g = w_b // group_width
        layers["a"] = ConvNormActivation(width_in, w_b, kernel_size=1, norm_layer=norm, activation_layer=act)
        layers["b"] = ConvNormActivation(w_b, w_b, stride=stride, groups=g, norm_layer=norm, activation_layer=act)
        if se_ratio:
            layers["se"] = SqueezeExcitation(w_b, int(round(se_ratio * width_in)), activation=act)
        layers["c"] = ConvNormActivation(w_b, width_out, kernel_size=1, norm_layer=norm, activation_layer=None)
        super().__init__(layers)


class ResBottleneckBlock(nn.Module):
    def __init__(
        self, width_in, width_out, stride, norm, act, group_width=2, multiplier=1.0, se_ratio=0.25
    ) -> None:
        super().__init__()
        self.proj = None
        if (width_in != width_out) or (stride != 1):
            self.proj = ConvNormActivation(
                width_in, width_out, kernel_size=1, stride=stride, norm_layer=norm, activation_layer=None
            )
        self.f = BottleneckTransform(width_in, width_out, stride, norm, act, group_width, multiplier, se_ratio)
        self.activation = act(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.proj(x) + self.f(x) if self.proj is not None else x + self.f(x)
        return self.activation(x)


def widths(depth: int, w_0: int, w_a: float, w_m: float, divisor: int = 2) -> Tuple[List[int], List[int]]:
    widths_cont = torch.arange(depth) * w_a + w_0
    block_capacity = torch.round(torch.log(widths_cont / w_0) / math.log(w_m))
    block_widths = (
        (torch.round(torch.divide(w_0 * torch.pow(w_m, block_capacity), divisor)) * divisor).int().tolist()
    )
    num_stages = len(set(block_widths))
    split_helper = zip(block_widths + [0], [0] + block_widths, block_widths + [0], [0] + block_widths)
    splits = [w != wp or r != rp for w, wp, r, rp in split_helper]
    stage_widths = [w for w, t in zip(block_widths, splits[:-1]) if t]
    depths = (
        torch.diff(torch.tensor([d for d, t in enumerate(splits) if t])).int().tolist()
        if hasattr(torch, "diff")
        else []
    )
    assert num_stages == len(stage_widths)
    return stage_widths, depths or [block_widths.count(w) for w in stage_widths]


class RegNet(nn.Module):
    def __init__(self, num_classes: int = 5, norm_layer: Optional[Callable[..., nn.Module]] = None) -> None:
        super().__init__()
        norm_layer = norm_layer or partial(nn.BatchNorm2d, eps=1e-05, momentum=0.1)
        self.stem = ConvNormActivation(3, 4, stride=2, norm_layer=norm_layer)
        current = 4
        blocks: List[Tuple[str, nn.Module]] = []
        for i, (width, depth) in enumerate(zip(*widths(4, 4, 2.0, 1.8))):
            stage = nn.Sequential()
            for j in range(depth):
                block = ResBottleneckBlock(
                    current if j == 0 else width, width, 2 if j == 0 else 1, norm_layer, nn.ReLU
                )
                stage.add_module(f"block{i + 1}-{j}", block)
            blocks.append((f"block{i + 1}", stage))
            current = width
        self.trunk_output = nn.Sequential(OrderedDict(blocks))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(in_features=current, out_features=num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                fan_out = m.kernel_size[0] * m.kernel_size[1] * m.out_channels
                nn.init.normal_(m.weight, mean=0.0, std=math.sqrt(2.0 / fan_out))
                if m.bias is not None:
                    nn.init.zeros_(m.bias)
            elif isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, mean=0.0, std=0.1)
                nn.init.zeros_(m.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk_output(self.stem(x))
        x = self.avgpool(x)
        return self.fc(x.flatten(start_dim=1))


def make(**kwargs: Any):
    return RegNet(**kwargs)
