"""NASNet and PNASNet cells: many separable convolutions, shifted reductions, joins."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable

SHAPE = (2, 3, 17, 17)


class MaxPoolPad(nn.Module):
    def __init__(self):
        super(MaxPoolPad, self).__init__()
        self.pad = nn.ZeroPad2d((1, 0, 1, 0))
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)

    def forward(self, x):
        x = self.pad(x)
        x = self.pool(x)
        return x[:, :, 1:, 1:].contiguous()


class SeparableConv2d(nn.Module):
    def __init__(self, ins, outs, dw_kernel, dw_stride, dw_padding, bias=False):
        super(SeparableConv2d, self).__init__()
        self.depthwise_conv2d = nn.Conv2d(
            ins, ins, dw_kernel, stride=dw_stride, padding=dw_padding, bias=bias, groups=ins
        )
        self.pointwise_conv2d = nn.Conv2d(ins, outs, 1, stride=1, bias=bias)

    def forward(self, x):
        return self.pointwise_conv2d(self.depthwise_conv2d(x))


class BranchSeparables(nn.Module):
    def __init__(self, ins, outs, kernel_size, stride, padding, bias=False):
        super(BranchSeparables, self).__init__()
        self.relu = nn.ReLU()
        self.separable_1 = SeparableConv2d(ins, ins, kernel_size, stride, padding, bias=bias)
        self.bn_sep_1 = nn.BatchNorm2d(ins, eps=0.001, momentum=0.1, affine=True)
        self.relu1 = nn.ReLU()
        self.separable_2 = SeparableConv2d(ins, outs, kernel_size, 1, padding, bias=bias)
        self.bn_sep_2 = nn.BatchNorm2d(outs, eps=0.001, momentum=0.1, affine=True)

    def forward(self, x):
        x = self.relu(x)
        x = self.bn_sep_1(self.separable_1(x))
        x = self.relu1(x)
        return self.bn_sep_2(self.separable_2(x))


class FactorizedReduction(nn.Module):
    def __init__(self, ins, outs):
        super().__init__()
        self.relu = nn.ReLU()
        self.path_1 = nn.Sequential()
        self.path_1.add_module("avgpool", nn.AvgPool2d(1, stride=2, count_include_pad=False))
        self.path_1.add_module("conv", nn.Conv2d(ins, outs // 2, 1, stride=1, bias=False))
        self.path_2 = nn.ModuleList()
        self.path_2.add_module("pad", nn.ZeroPad2d((0, 1, 0, 1)))
        self.path_2.add_module("avgpool", nn.AvgPool2d(1, stride=2, count_include_pad=False))
        self.path_2.add_module("conv", nn.Conv2d(ins, outs // 2, 1, stride=1, bias=False))
        self.final_path_bn = nn.BatchNorm2d(outs, eps=0.001, momentum=0.1, affine=True)

    def forward(self, x):
        x_relu = self.relu(x)
        x_path1 = self.path_1(x_relu)
        x_path2 = self.path_2.pad(x_relu)
        x_path2 = x_path2[:, :, 1:, 1:]
        x_path2 = self.path_2.avgpool(x_path2)
        x_path2 = self.path_2.conv(x_path2)
        return self.final_path_bn(torch.cat([x_path1, x_path2], 1))


class Cell(nn.Module):
    def __init__(self, left, right, outs, reduce=False):
        super().__init__()
        stride = 2 if reduce else 1
        self.conv_prev_1x1 = (
            FactorizedReduction(left, outs)
            if reduce is None
            else nn.Sequential(nn.ReLU(), nn.Conv2d(left, outs, 1, bias=False), nn.BatchNorm2d(outs))
        )
        self.conv_1x1 = nn.Sequential()
        self.conv_1x1.add_module("relu", nn.ReLU())
        self.conv_1x1.add_module("conv", nn.Conv2d(right, outs, 1, stride=1, bias=False))
        self.conv_1x1.add_module("bn", nn.BatchNorm2d(outs, eps=0.001, momentum=0.1, affine=True))
        self.comb_iter_0_left = BranchSeparables(outs, outs, 5, stride, 2, bias=False)
        self.comb_iter_0_right = BranchSeparables(outs, outs, 3, stride, 1, bias=False)
        self.comb_iter_1_left = nn.AvgPool2d(3, stride=stride, padding=1, count_include_pad=False)
        self.comb_iter_1_right = MaxPoolPad() if reduce else nn.MaxPool2d(3, stride=1, padding=1)

    def forward(self, x, x_prev):
        x_left = self.conv_prev_1x1(x_prev)
        x_right = self.conv_1x1(x)
        y0 = self.comb_iter_0_left(x_right) + self.comb_iter_0_right(x_left)
        y1 = self.comb_iter_1_left(x_right) + self.comb_iter_1_right(x_left)
        return torch.cat([y0, y1, x_right] if y0.size() == x_right.size() else [y0, y1], 1)


class SepConv(nn.Module):
    """A PNASNet cell in the CIFAR style."""

    def __init__(self, in_planes, out_planes, kernel_size, stride):
        super(SepConv, self).__init__()
        self.conv1 = nn.Conv2d(
            in_planes,
            out_planes,
            kernel_size,
            stride,
            padding=(kernel_size - 1) // 2,
            bias=False,
            groups=in_planes,
        )
        self.bn1 = nn.BatchNorm2d(out_planes)

    def forward(self, x):
        return self.bn1(self.conv1(x))


class CellB(nn.Module):
    def __init__(self, in_planes, out_planes, stride=1):
        super(CellB, self).__init__()
        self.stride = stride
        self.sep_conv1 = SepConv(in_planes, out_planes, kernel_size=7, stride=stride)
        self.sep_conv2 = SepConv(in_planes, out_planes, kernel_size=3, stride=stride)
        if stride == 2:
            self.conv1 = nn.Conv2d(in_planes, out_planes, kernel_size=1, stride=1, padding=0, bias=False)
            self.bn1 = nn.BatchNorm2d(out_planes)
        self.conv2 = nn.Conv2d(2 * out_planes, out_planes, kernel_size=1, stride=1, padding=0, bias=False)
        self.bn2 = nn.BatchNorm2d(out_planes)

    def forward(self, x):
        y1 = self.sep_conv1(x)
        y3 = F.max_pool2d(x, kernel_size=3, stride=self.stride, padding=1)
        if self.stride == 2:
            y3 = self.bn1(self.conv1(y3))
        y4 = self.sep_conv2(x)
        b1 = F.relu(y1 + y4)
        b2 = F.relu(y3 + y4)
        return F.relu(self.bn2(self.conv2(torch.cat([b1, b2], 1))))


class NASNet(nn.Module):
    def __init__(self, num_classes=5):
        super().__init__()
        self.conv0 = nn.Sequential()
        self.conv0.add_module(
            "conv", nn.Conv2d(in_channels=3, out_channels=4, kernel_size=3, padding=0, stride=2, bias=False)
        )
        self.conv0.add_module("bn", nn.BatchNorm2d(4, eps=0.001, momentum=0.1, affine=True))
        self.cell_0 = Cell(4, 4, 4)
        self.cell_1 = Cell(4, 12, 4, reduce=True)
        self.reduction = FactorizedReduction(8, 6)
        self.pnas = CellB(6, 12, stride=2)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(p=0.0)
        self.last_linear = nn.Linear(12, num_classes)

    def features(self, input):
        x0 = self.conv0(input)
        x1 = self.cell_0(x0, x0)
        x2 = self.cell_1(x1, x0)
        return self.pnas(self.reduction(x2))

    def logits(self, features):
        x = self.relu(features)
        x = F.avg_pool2d(x, kernel_size=x.size(2))
        x = x.view(x.size(0), -1)
        return self.last_linear(self.dropout(x))

    def forward(self, input):
        return self.logits(self.features(Variable(input)))


def make():
    return NASNet()
