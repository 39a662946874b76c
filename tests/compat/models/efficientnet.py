"""Inverted residuals with squeeze and excitation, a swish of its own, stochastic depth, and "same" padding."""

import collections
import math
import re
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

SHAPE = (2, 3, 17, 17)
BlockArgs = collections.namedtuple(
    "BlockArgs", ["num_repeat", "kernel_size", "stride", "expand", "ins", "outs", "se", "skip"]
)


class SwishImplementation(torch.autograd.Function):
    @staticmethod
    def forward(ctx, i):
        result = i * torch.sigmoid(i)
        ctx.save_for_backward(i)
        return result

    @staticmethod
    def backward(ctx, grad_output):
        i = ctx.saved_tensors[0]
        sigmoid_i = torch.sigmoid(i)
        return grad_output * (sigmoid_i * (1 + i * (1 - sigmoid_i)))


class MemoryEfficientSwish(nn.Module):
    def forward(self, x):
        return SwishImplementation.apply(x)


def round_filters(filters, width, divisor=4, min_depth=None):
    filters *= width
    min_depth = min_depth or divisor
    new = max(min_depth, int(filters + divisor / 2) // divisor * divisor)
    if new < 0.9 * filters:
        new += divisor
    return int(new)


def drop_connect(inputs, p, training):
    assert 0 <= p <= 1
    if not training:
        return inputs
    batch_size = inputs.shape[0]
    keep_prob = 1 - p
    random_tensor = keep_prob
    random_tensor += torch.rand([batch_size, 1, 1, 1], dtype=inputs.dtype, device=inputs.device)
    binary_tensor = torch.floor(random_tensor)
    return inputs / keep_prob * binary_tensor


class Conv2dDynamicSamePadding(nn.Conv2d):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, dilation=1, groups=1, bias=True):
        super().__init__(in_channels, out_channels, kernel_size, stride, 0, dilation, groups, bias)
        self.stride = self.stride if len(self.stride) == 2 else [self.stride[0]] * 2

    def forward(self, x):
        ih, iw = x.size()[-2:]
        kh, kw = self.weight.size()[-2:]
        sh, sw = self.stride
        oh, ow = math.ceil(ih / sh), math.ceil(iw / sw)
        pad_h = max((oh - 1) * self.stride[0] + (kh - 1) * self.dilation[0] + 1 - ih, 0)
        pad_w = max((ow - 1) * self.stride[1] + (kw - 1) * self.dilation[1] + 1 - iw, 0)
        if pad_h > 0 or pad_w > 0:
            x = F.pad(x, [pad_w // 2, pad_w - pad_w // 2, pad_h // 2, pad_h - pad_h // 2])
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Conv2dStaticSamePadding(nn.Conv2d):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, image_size=None, **kwargs):
        super().__init__(in_channels, out_channels, kernel_size, stride, **kwargs)
        self.stride = self.stride if len(self.stride) == 2 else [self.stride[0]] * 2
        ih, iw = (image_size, image_size) if isinstance(image_size, int) else image_size
        kh, kw = self.weight.size()[-2:]
        pad_h = max((math.ceil(ih / self.stride[0]) - 1) * self.stride[0] + kh - ih, 0)
        pad_w = max((math.ceil(iw / self.stride[1]) - 1) * self.stride[1] + kw - iw, 0)
        if pad_h > 0 or pad_w > 0:
            self.static_padding = nn.ZeroPad2d((pad_w // 2, pad_w - pad_w // 2, pad_h // 2, pad_h - pad_h // 2))
        else:
            self.static_padding = nn.Identity()

    def forward(self, x):
        x = self.static_padding(x)
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class MBConvBlock(nn.Module):
    def __init__(self, args, momentum, epsilon):
        super().__init__()
        self._args = args
        self._bn_mom, self._bn_eps = 1 - momentum, epsilon
        self.has_se = (args.se is not None) and (0 < args.se <= 1)
        inp, oup = args.ins, args.ins * args.expand
        Conv2d = Conv2dDynamicSamePadding
        if args.expand != 1:
            self._expand_conv = Conv2d(inp, oup, kernel_size=1, bias=False)
            self._bn0 = nn.BatchNorm2d(num_features=oup, momentum=self._bn_mom, eps=self._bn_eps)
        self._depthwise_conv = Conv2d(
            oup, oup, groups=oup, kernel_size=args.kernel_size, stride=args.stride, bias=False
        )
        self._bn1 = nn.BatchNorm2d(num_features=oup, momentum=self._bn_mom, eps=self._bn_eps)
        if self.has_se:
            squeezed = max(1, int(args.ins * args.se))
            self._se_reduce = Conv2d(oup, squeezed, kernel_size=1)
            self._se_expand = Conv2d(squeezed, oup, kernel_size=1)
        self._project_conv = Conv2d(oup, args.outs, kernel_size=1, bias=False)
        self._bn2 = nn.BatchNorm2d(num_features=args.outs, momentum=self._bn_mom, eps=self._bn_eps)
        self._swish = MemoryEfficientSwish()

    def forward(self, inputs, drop_connect_rate=None):
        x = inputs
        if self._args.expand != 1:
            x = self._swish(self._bn0(self._expand_conv(inputs)))
        x = self._swish(self._bn1(self._depthwise_conv(x)))
        if self.has_se:
            squeezed = F.adaptive_avg_pool2d(x, 1)
            squeezed = self._se_expand(self._swish(self._se_reduce(squeezed)))
            x = torch.sigmoid(squeezed) * x
        x = self._bn2(self._project_conv(x))
        if self._args.skip and self._args.stride == 1 and self._args.ins == self._args.outs:
            if drop_connect_rate:
                x = drop_connect(x, p=drop_connect_rate, training=self.training)
            x = x + inputs
        return x


def decode(text):
    options = {}
    for op in text.split("_"):
        splits = re.split(r"(\d.*)", op)
        if len(splits) >= 2:
            options[splits[0]] = splits[1]
    return BlockArgs(
        num_repeat=int(options["r"]),
        kernel_size=int(options["k"]),
        stride=int(options["s"][0]),
        expand=int(options["e"]),
        ins=int(options["i"]),
        outs=int(options["o"]),
        se=float(options["se"]) if "se" in options else None,
        skip="noskip" not in text,
    )


class EfficientNet(nn.Module):
    def __init__(self, blocks=("r1_k3_s1_e1_i4_o4_se0.25", "r2_k5_s2_e3_i4_o8_se0.25"), classes=5, drop=0.0):
        super().__init__()
        Conv2d = partial(Conv2dStaticSamePadding, image_size=SHAPE[2])
        self._conv_stem = Conv2d(3, round_filters(4, 1.0), kernel_size=3, stride=2, bias=False)
        self._bn0 = nn.BatchNorm2d(num_features=4, momentum=0.01, eps=1e-3)
        self._blocks = nn.ModuleList([])
        for args in map(decode, blocks):
            self._blocks.append(MBConvBlock(args, 0.99, 1e-3))
            if args.num_repeat > 1:
                args = args._replace(ins=args.outs, stride=1)
            for _ in range(args.num_repeat - 1):
                self._blocks.append(MBConvBlock(args, 0.99, 1e-3))
        self._conv_head = Conv2dDynamicSamePadding(8, 12, kernel_size=1, bias=False)
        self._bn1 = nn.BatchNorm2d(num_features=12, momentum=0.01, eps=1e-3)
        self._avg_pooling = nn.AdaptiveAvgPool2d(1)
        self._dropout = nn.Dropout(drop)
        self._fc = nn.Linear(12, classes)
        self._swish = nn.SiLU() if hasattr(nn, "SiLU") else MemoryEfficientSwish()

    def forward(self, inputs):
        x = self._swish(self._bn0(self._conv_stem(inputs)))
        for idx, block in enumerate(self._blocks):
            rate = 0.0
            if rate:
                rate *= float(idx) / len(self._blocks)
            x = block(x, drop_connect_rate=rate)
        x = self._swish(self._bn1(self._conv_head(x)))
        x = self._avg_pooling(x).flatten(start_dim=1)
        return self._fc(self._dropout(x))


def make():
    return EfficientNet()
