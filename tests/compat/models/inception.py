"""Inception v3 with its asymmetric convolutions, and the residual Inception blocks of v4."""

from typing import Any, List

import torch
from torch import nn, Tensor
import torch.nn.functional as F

SHAPE = (2, 3, 33, 33)


class ConvBN(nn.Module):
    def __init__(self, ins: int, outs: int, **kwargs: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(ins, outs, bias=False, **kwargs)
        self.bn = nn.BatchNorm2d(outs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        x = self.bn(x)
        return F.relu(x, inplace=True)


class InceptionA(nn.Module):
    def __init__(self, ins: int, pool: int) -> None:
        super().__init__()
        self.branch1x1 = ConvBN(ins, 4, kernel_size=1)
        self.branch5x5_1 = ConvBN(ins, 3, kernel_size=1)
        self.branch5x5_2 = ConvBN(3, 4, kernel_size=5, padding=2)
        self.branch_pool = ConvBN(ins, pool, kernel_size=1)

    def _forward(self, x: Tensor) -> List[Tensor]:
        pooled = F.avg_pool2d(x, kernel_size=3, stride=1, padding=1)
        return [self.branch1x1(x), self.branch5x5_2(self.branch5x5_1(x)), self.branch_pool(pooled)]

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat(self._forward(x), 1)


class InceptionB(nn.Module):
    def __init__(self, ins: int) -> None:
        super().__init__()
        self.branch3x3 = ConvBN(ins, 4, kernel_size=3, stride=2)
        self.dbl = nn.Sequential(
            ConvBN(ins, 3, kernel_size=(1, 7), padding=(0, 3)), ConvBN(3, 4, kernel_size=(7, 1), padding=(3, 0))
        )
        self.last = ConvBN(4, 4, kernel_size=3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat(
            [self.branch3x3(x), self.last(self.dbl(x)), F.max_pool2d(x, kernel_size=3, stride=2)], dim=1
        )


class InceptionE(nn.Module):
    def __init__(self, ins: int) -> None:
        super().__init__()
        self.one = ConvBN(ins, 4, kernel_size=1)
        self.two_a = ConvBN(4, 4, kernel_size=(1, 3), padding=(0, 1))
        self.two_b = ConvBN(4, 4, kernel_size=(3, 1), padding=(1, 0))

    def forward(self, x: Tensor) -> Tensor:
        x = self.one(x)
        return torch.cat([torch.cat([self.two_a(x), self.two_b(x)], 1), x], 1)


class InceptionResidual(nn.Module):
    def __init__(self, ins: int, scale: float = 0.17, noReLU: bool = False) -> None:
        super().__init__()
        self.scale, self.noReLU = scale, noReLU
        self.branch0 = ConvBN(ins, 3, kernel_size=1, stride=1)
        self.branch1 = nn.Sequential(
            ConvBN(ins, 3, kernel_size=1, stride=1), ConvBN(3, 3, kernel_size=3, padding=1)
        )
        self.conv2d = nn.Conv2d(6, ins, kernel_size=1, stride=1)
        if not self.noReLU:
            self.relu = nn.ReLU(inplace=False)

    def forward(self, x: Tensor) -> Tensor:
        out = torch.cat((self.branch0(x), self.branch1(x)), 1)
        out = self.conv2d(out)
        out = out * self.scale + x
        return out if self.noReLU else self.relu(out)


class InceptionAux(nn.Module):
    def __init__(self, ins: int, classes: int) -> None:
        super().__init__()
        self.conv0 = ConvBN(ins, 4, kernel_size=1)
        self.conv1 = ConvBN(4, 6, kernel_size=2)
        self.conv1.stddev = 0.01
        self.fc = nn.Linear(6, classes)
        self.fc.stddev = 0.001

    def forward(self, x: Tensor) -> Tensor:
        x = F.avg_pool2d(x, kernel_size=5, stride=3, padding=1)
        x = self.conv1(self.conv0(x))
        x = F.adaptive_avg_pool2d(x, (1, 1))
        return self.fc(torch.flatten(x, 1))


class Inception3(nn.Module):
    def __init__(self, classes=5):
        super().__init__()
        self.Conv2d_1a_3x3 = ConvBN(3, 4, kernel_size=3, stride=2)
        self.Conv2d_2b_3x3 = ConvBN(4, 6, kernel_size=3, padding=1)
        self.Mixed_5b = InceptionA(6, pool=4)
        self.Mixed_6a = InceptionB(12)
        self.AuxLogits = InceptionAux(20, classes)
        self.residual = InceptionResidual(20)
        self.Mixed_7b = InceptionE(20)
        self.last = InceptionResidual(12, noReLU=True)
        self.dropout = nn.Dropout(p=0.0)
        self.fc = nn.Linear(12, classes)
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                stddev = float(m.stddev) if hasattr(m, "stddev") else 0.1
                torch.nn.init.trunc_normal_(m.weight, mean=0.0, std=max(stddev, 0.1), a=-2, b=2)
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)

    def forward(self, x):
        x = x.clone()
        x[:, 0] = x[:, 0] * (0.229 / 0.5) + (0.485 - 0.5) / 0.5
        x[:, 1] = x[:, 1] * (0.224 / 0.5) + (0.456 - 0.5) / 0.5
        x = self.Conv2d_2b_3x3(self.Conv2d_1a_3x3(x))
        x = self.Mixed_6a(self.Mixed_5b(x))
        aux = self.AuxLogits(x) if self.training else None
        x = self.last(self.Mixed_7b(self.residual(x)))
        x = x.mean((2, 3))
        x = self.fc(self.dropout(x))
        if self.training:
            return x, aux
        return x


def make():
    return Inception3()
