"""Deep layer aggregation: trees of blocks whose roots join all below."""

import math

import torch
import torch.utils.model_zoo as model_zoo
from torch import nn

BatchNorm = nn.BatchNorm2d
SHAPE = (2, 3, 16, 16)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inplanes, planes, stride=1, dilation=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride=stride, padding=dilation, bias=False, dilation=dilation)
        self.bn1 = BatchNorm(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride=1, padding=dilation, bias=False, dilation=dilation)
        self.bn2 = BatchNorm(planes)

    def forward(self, x, residual=None):
        if residual is None:
            residual = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += residual
        return self.relu(out)


class Root(nn.Module):
    def __init__(self, ins, outs, kernel_size, residual):
        super().__init__()
        self.conv = nn.Conv2d(ins, outs, kernel_size, 1, bias=False, padding=(kernel_size - 1) // 2)
        self.bn = BatchNorm(outs)
        self.relu = nn.ReLU(inplace=True)
        self.residual = residual

    def forward(self, *x):
        children = x
        x = self.bn(self.conv(torch.cat(x, 1)))
        if self.residual:
            x += children[0]
        return self.relu(x)


class Tree(nn.Module):
    def __init__(self, levels, block, ins, outs, stride=1, level_root=False, root_dim=0, residual=False):
        super().__init__()
        if root_dim == 0:
            root_dim = 2 * outs
        if level_root:
            root_dim += ins
        if levels == 1:
            self.tree1 = block(ins, outs, stride)
            self.tree2 = block(outs, outs, 1)
            self.root = Root(root_dim, outs, 1, residual)
        else:
            self.tree1 = Tree(levels - 1, block, ins, outs, stride, residual=residual)
            self.tree2 = Tree(levels - 1, block, outs, outs, root_dim=root_dim + outs, residual=residual)
        self.level_root = level_root
        self.root_dim = root_dim
        self.downsample = None
        self.project = None
        self.levels = levels
        if stride > 1:
            self.downsample = nn.MaxPool2d(stride, stride=stride)
        if ins != outs:
            self.project = nn.Sequential(
                nn.Conv2d(ins, outs, kernel_size=1, stride=1, bias=False), BatchNorm(outs)
            )

    def forward(self, x, residual=None, children=None):
        children = [] if children is None else children
        bottom = self.downsample(x) if self.downsample else x
        residual = self.project(bottom) if self.project else bottom
        if self.level_root:
            children.append(bottom)
        x1 = self.tree1(x, residual)
        if self.levels == 1:
            x2 = self.tree2(x1)
            x = self.root(x2, x1, *children)
        else:
            children.append(x1)
            x = self.tree2(x1, children=children)
        return x


class DLA(nn.Module):
    def __init__(self, levels, channels, num_classes=5, block=BasicBlock, residual_root=False, pool_size=2):
        super().__init__()
        self.channels = channels
        self.base_layer = nn.Sequential(
            nn.Conv2d(3, channels[0], kernel_size=7, stride=1, padding=3, bias=False),
            BatchNorm(channels[0]),
            nn.ReLU(inplace=True),
        )
        self.level0 = self._make_conv_level(channels[0], channels[0], levels[0])
        self.level1 = self._make_conv_level(channels[0], channels[1], levels[1], stride=2)
        self.level2 = Tree(levels[2], block, channels[1], channels[2], 2, level_root=False, residual=residual_root)
        self.level3 = Tree(levels[3], block, channels[2], channels[3], 2, level_root=True, residual=residual_root)
        self.avgpool = nn.AvgPool2d(pool_size)
        self.fc = nn.Conv2d(channels[-1], num_classes, kernel_size=1, stride=1, padding=0, bias=True)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                n = m.kernel_size[0] * m.kernel_size[1] * m.out_channels
                m.weight.data.normal_(0, math.sqrt(2.0 / n))
            elif isinstance(m, BatchNorm):
                m.weight.data.fill_(1)
                m.bias.data.zero_()

    def _make_conv_level(self, inplanes, planes, convs, stride=1, dilation=1):
        modules = []
        for i in range(convs):
            modules.extend(
                [
                    nn.Conv2d(
                        inplanes, planes, 3, stride if i == 0 else 1, dilation, bias=False, dilation=dilation
                    ),
                    BatchNorm(planes),
                    nn.ReLU(inplace=True),
                ]
            )
            inplanes = planes
        return nn.Sequential(*modules)

    def forward(self, x):
        y = []
        x = self.base_layer(x)
        for i in range(4):
            x = getattr(self, f"level{i}")(x)
            y.append(x)
        x = self.avgpool(x)
        x = self.fc(x)
        return x.view(x.size(0), -1)


def pretrained(model, url):
    model.load_state_dict(model_zoo.load_url(url))


def make():
    return DLA([1, 1, 1, 2], [4, 4, 6, 8], residual_root=True)
