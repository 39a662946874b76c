"""U-Net with transposed convolutions or bilinear upsampling, cropped joins and attention gates."""

import torch
import torch.nn as nn
import torch.nn.functional as F

SHAPE = (2, 3, 13, 14)


class DoubleConv(nn.Module):
    """(convolution => [BN] => ReLU) * 2"""

    def __init__(self, in_channels, out_channels, mid_channels=None):
        super().__init__()
        if not mid_channels:
            mid_channels = out_channels
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_channels, mid_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(mid_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.InstanceNorm2d(out_channels, affine=True),
            nn.LeakyReLU(0.2, inplace=True),
        )

    def forward(self, x):
        return self.double_conv(x)


class Up(nn.Module):
    def __init__(self, in_channels, out_channels, bilinear=True):
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.conv = DoubleConv(in_channels, out_channels, in_channels // 2)
        else:
            self.up = nn.ConvTranspose2d(in_channels // 2, in_channels // 2, kernel_size=2, stride=2)
            self.conv = DoubleConv(in_channels, out_channels)

    def forward(self, x1, x2):
        x1 = self.up(x1)
        diffY = x2.size()[2] - x1.size()[2]
        diffX = x2.size()[3] - x1.size()[3]
        x1 = F.pad(x1, [diffX // 2, diffX - diffX // 2, diffY // 2, diffY - diffY // 2])
        return self.conv(torch.cat([x2, x1], dim=1))


class Gate(nn.Module):
    def __init__(self, F_g, F_l, F_int):
        super().__init__()
        self.W_g = nn.Sequential(nn.Conv2d(F_g, F_int, 1), nn.GroupNorm(2, F_int))
        self.W_x = nn.Sequential(nn.Conv2d(F_l, F_int, 1), nn.GroupNorm(2, F_int))
        self.psi = nn.Sequential(nn.Conv2d(F_int, 1, 1), nn.PReLU(), nn.Sigmoid())

    def forward(self, g, x):
        return x * self.psi(F.elu(self.W_g(g) + self.W_x(x), inplace=True))


class UNet(nn.Module):
    def __init__(self, n_channels=3, n_classes=2):
        super().__init__()
        self.n_channels, self.n_classes = n_channels, n_classes
        self.inc = DoubleConv(n_channels, 4)
        self.down1 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(4, 8))
        self.down2 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(8, 8))
        self.gate = Gate(8, 8, 4)
        self.up1 = Up(16, 4, bilinear=True)
        self.up2 = Up(8, 4, bilinear=False)
        self.shuffle = nn.Sequential(nn.Conv2d(4, 8, 1), nn.PixelShuffle(2), nn.AvgPool2d(2))
        self.outc = nn.Conv2d(2, n_classes, kernel_size=1)
        self.reset()

    def reset(self):
        for m in self.modules():
            if isinstance(m, (nn.ConvTranspose2d, nn.modules.conv._ConvNd)):
                torch.nn.init.kaiming_normal_(m.weight.data, a=0, mode="fan_in")
            elif isinstance(m, nn.modules.batchnorm._BatchNorm):
                torch.nn.init.normal_(m.weight.data, 1.0, 0.02)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        up = F.interpolate(x3, size=x2.shape[-2:], mode="nearest")
        x = self.up1(x3, self.gate(up, x2))
        x = self.up2(x, x1)
        logits = self.outc(self.shuffle(x))
        return {"out": logits, "softmax": F.softmax(logits, dim=1)}


def make():
    return UNet()
