"""Residual attention, residual in residual, Res2Net, GhostNet, split attention, weight standardisation, DropBlock."""

import math
from copy import deepcopy
from functools import reduce
from itertools import chain
from operator import mul

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions.bernoulli import Bernoulli
from torch.nn.modules.utils import _pair, _ntuple

SHAPE = (2, 3, 16, 16)
STATISTICS = True


class PreActResidualUnit(nn.Module):
    def __init__(self, in_channels, out_channels, stride):
        super().__init__()
        bottleneck = int(out_channels / 4)
        self.residual_function = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(in_channels, bottleneck, 1, stride),
            nn.BatchNorm2d(bottleneck),
            nn.ReLU(inplace=True),
            nn.Conv2d(bottleneck, bottleneck, 3, padding=1),
            nn.BatchNorm2d(bottleneck),
            nn.ReLU(inplace=True),
            nn.Conv2d(bottleneck, out_channels, 1),
        )
        self.shortcut = nn.Sequential()
        if stride != 2 or (in_channels != out_channels):
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride=stride)

    def forward(self, x):
        return self.residual_function(x) + self.shortcut(x)


class AttentionModule(nn.Module):
    def __init__(self, in_channels, out_channels, t=1, r=1):
        super().__init__()
        assert in_channels == out_channels
        self.trunk = self._make_residual(in_channels, out_channels, t)
        self.soft_resdown1 = self._make_residual(in_channels, out_channels, r)
        self.soft_resup1 = self._make_residual(in_channels, out_channels, r)
        self.shortcut = PreActResidualUnit(in_channels, out_channels, 1)
        self.sigmoid = nn.Sequential(
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, kernel_size=1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        input_size = (x.size(2), x.size(3))
        x_t = self.trunk(x)
        x_s = F.max_pool2d(x, kernel_size=3, stride=2, padding=1)
        x_s = self.soft_resdown1(x_s)
        x_s = self.soft_resup1(x_s + self.shortcut(x_s))
        x_s = F.interpolate(x_s, size=input_size)
        x_s = self.sigmoid(x_s)
        return (1 + x_s) * x_t

    def _make_residual(self, in_channels, out_channels, p):
        layers = []
        for _ in range(p):
            layers.append(PreActResidualUnit(in_channels, out_channels, 1))
        return nn.Sequential(*layers)


class ResnetInit(nn.Module):
    """Two streams, residual and transient, that cross."""

    def __init__(self, in_channel, out_channel, stride):
        super().__init__()
        self.residual_stream_conv = nn.Conv2d(in_channel, out_channel, 3, padding=1, stride=stride)
        self.transient_stream_conv = nn.Conv2d(in_channel, out_channel, 3, padding=1, stride=stride)
        self.residual_stream_conv_across = nn.Conv2d(in_channel, out_channel, 3, padding=1, stride=stride)
        self.residual_bn_relu = nn.Sequential(nn.BatchNorm2d(out_channel), nn.ReLU(inplace=True))
        self.transient_bn_relu = nn.Sequential(nn.BatchNorm2d(out_channel), nn.ReLU(inplace=True))
        self.short_cut = nn.Sequential()
        if in_channel != out_channel or stride != 1:
            self.short_cut = nn.Sequential(nn.Conv2d(in_channel, out_channel, kernel_size=1, stride=stride))

    def forward(self, x):
        x_residual, x_transient = x
        residual_r_r = self.residual_stream_conv(x_residual)
        residual_shortcut = self.short_cut(x_residual)
        transient_t_t = self.transient_stream_conv(x_transient)
        x_residual = self.residual_bn_relu(residual_r_r + residual_shortcut)
        x_transient = self.transient_bn_relu(transient_t_t + self.residual_stream_conv_across(x_transient))
        return x_residual, x_transient


class Bottle2neck(nn.Module):
    def __init__(self, inplanes, width=2, scale=4):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, width * scale, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width * scale)
        self.nums = scale - 1
        convs, bns = [], []
        for i in range(self.nums):
            convs.append(nn.Conv2d(width, width, kernel_size=3, padding=1, bias=False))
            bns.append(nn.BatchNorm2d(width))
        self.convs = nn.ModuleList(convs)
        self.bns = nn.ModuleList(bns)
        self.conv3 = nn.Conv2d(width * scale, inplanes, kernel_size=1, bias=False)
        self.bn3 = nn.BatchNorm2d(inplanes)
        self.relu = nn.ReLU(inplace=True)
        self.width = width

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        spx = torch.split(out, self.width, 1)
        for i in range(self.nums):
            sp = spx[i] if i == 0 else sp + spx[i]
            sp = self.convs[i](sp)
            sp = self.relu(self.bns[i](sp))
            out = sp if i == 0 else torch.cat((out, sp), 1)
        out = torch.cat((out, spx[self.nums]), 1)
        out = self.bn3(self.conv3(out))
        out += x
        return self.relu(out)


class GhostModule(nn.Module):
    def __init__(self, inp, oup, ratio=2):
        super().__init__()
        self.oup = oup
        init_channels = math.ceil(oup / ratio)
        new_channels = init_channels * (ratio - 1)
        self.primary_conv = nn.Sequential(
            nn.Conv2d(inp, init_channels, 1, bias=False), nn.BatchNorm2d(init_channels), nn.ReLU(inplace=True)
        )
        self.cheap_operation = nn.Sequential(
            nn.Conv2d(init_channels, new_channels, 3, 1, 1, groups=init_channels, bias=False),
            nn.BatchNorm2d(new_channels),
            nn.Sequential(),
        )

    def forward(self, x):
        x1 = self.primary_conv(x)
        x2 = self.cheap_operation(x1)
        out = torch.cat([x1, x2], dim=1)
        return out[:, : self.oup, :, :]


class SplitAttention(nn.Module):
    def __init__(self, channels, radix=2):
        super().__init__()
        self.radix, self.channels = radix, channels
        self.conv = nn.Conv2d(channels, channels * radix, 3, padding=1, groups=radix)
        self.fc1 = nn.Conv2d(channels, 4, 1)
        self.bn1 = nn.BatchNorm2d(4)
        self.fc2 = nn.Conv2d(4, channels * radix, 1)

    def forward(self, x):
        x = F.relu_(self.conv(x))
        batch, rchannel = x.shape[:2]
        splited = torch.split(x, int(rchannel // self.radix), dim=1)
        gap = sum(splited)
        gap = F.adaptive_avg_pool2d(gap, 1)
        atten = self.fc2(F.relu(self.bn1(self.fc1(gap))))
        atten = (
            F.softmax(atten.view(batch, 1, self.radix, -1).transpose(1, 2), dim=1)
            .reshape(batch, -1)
            .view(batch, -1, 1, 1)
        )
        attens = torch.split(atten, int(rchannel // self.radix), dim=1)
        out = sum([att * split for (att, split) in zip(attens, splited)])
        return out.contiguous()


class WSConv2d(nn.Conv2d):
    def forward(self, x):
        weight = self.weight
        weight_mean = weight.mean(dim=1, keepdim=True).mean(dim=2, keepdim=True).mean(dim=3, keepdim=True)
        weight = weight - weight_mean
        std = weight.view(weight.size(0), -1).std(dim=1).view(-1, 1, 1, 1) + 1e-5
        weight = weight / std.expand_as(weight)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class DropBlock2D(nn.Module):
    def __init__(self, drop_prob, block_size):
        super().__init__()
        self.drop_prob = drop_prob
        self.block_size = block_size

    def forward(self, x):
        if not self.training:
            return x
        gamma = self.drop_prob / (self.block_size**2)
        mask = Bernoulli(torch.full((x.shape[0], *x.shape[2:]), gamma)).sample().to(x.device)
        block_mask = 1 - F.max_pool2d(
            mask[:, None, :, :], _pair(self.block_size), stride=(1, 1), padding=self.block_size // 2
        ).squeeze(1)
        out = x * block_mask[:, None, :, :]
        return out * block_mask.numel() / block_mask.sum()


class Mish(nn.Module):
    def forward(self, x):
        return x * (torch.tanh(F.softplus(x)))


class FReLU(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, 1, 1, groups=c)

    def forward(self, x):
        return torch.max(x, self.conv(x))


class Involution(nn.Module):
    def __init__(self, c, k=3):
        super().__init__()
        self.k, self.c = k, c
        self.reduce = nn.Conv2d(c, 2, 1)
        self.span = nn.Conv2d(2, k * k, 1)
        self.unfold = nn.Unfold(k, 1, (k - 1) // 2, 1)

    def forward(self, x):
        weight = self.span(self.reduce(x))
        b, c, h, w = weight.shape
        weight = weight.view(b, 1, self.k**2, h, w)
        out = self.unfold(x).view(b, self.c, self.k**2, h, w)
        return (weight * out).sum(dim=2).view(b, self.c, h, w)


class BlurPool(nn.Module):
    def __init__(self, channels):
        super().__init__()
        a = torch.tensor([1.0, 2.0, 1.0])
        filt = torch.Tensor(a[:, None] * a[None, :])
        filt = filt / torch.sum(filt)
        self.register_buffer("filt", filt[None, None, :, :].repeat((channels, 1, 1, 1)))
        self.pad = nn.ReflectionPad2d([1, 1, 1, 1])

    def forward(self, inp):
        return F.conv2d(self.pad(inp), self.filt, stride=2, groups=inp.shape[1])


class GeM(nn.Module):
    def __init__(self, p=3.0, eps=1e-6):
        super().__init__()
        self.p = nn.Parameter(torch.ones(1) * p)
        self.eps = eps

    def forward(self, x):
        return F.avg_pool2d(x.clamp(min=self.eps).pow(self.p), (x.size(-2), x.size(-1))).pow(1.0 / self.p)

    def __repr__(self):
        return self.__class__.__name__ + "(p=" + "{:.4f}".format(self.p.data.tolist()[0]) + ")"


class Net(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.stem = nn.Conv2d(3, c, 3, padding=1)
        self.rir = nn.Sequential(ResnetInit(c, c, 1), ResnetInit(c, c, 2))
        self.attention = AttentionModule(c, c)
        self.res2 = Bottle2neck(c)
        self.ghost = GhostModule(c, c - 1)
        self.up = WSConv2d(c - 1, c, 3, padding=1)
        self.split = SplitAttention(c)
        self.drop = DropBlock2D(0.0, 3)
        self.act = nn.Sequential(Mish(), FReLU(c), Involution(c))
        self.twin = deepcopy(self.res2)
        self.blur = BlurPool(c)
        self.pool = GeM()
        self.flat = nn.Flatten()
        self.drop1 = nn.Dropout2d(0.0)
        self.fc = nn.Linear(reduce(mul, [c, 1]), 5)
        _ntuple(2)(1)
        for p in chain(self.fc.parameters()):
            p.data.uniform_(-0.5, 0.5)
        assert str(self.pool) == "GeM(p=3.0000)"
        assert sum(p.numel() for p in self.parameters() if p.requires_grad) > 0

    def forward(self, x):
        x = self.stem(x)
        a, b = self.rir((x, x))
        x = self.attention(torch.stack([a, b]).sum(0))
        x = self.up(self.ghost(self.res2(x)))
        x = self.twin(self.act(self.drop(self.split(x))))
        x = self.drop1(self.blur(x))
        return F.log_softmax(self.fc(self.flat(self.pool(x))), dim=-1)


def make():
    return Net()
