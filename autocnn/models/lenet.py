"""LeNet-5, as it is taught today."""

from __future__ import annotations

from autocnn.nn import AvgPool2d, Conv2d, Flatten, Linear, Sequential, Tanh


class LeNet5(Sequential):
    """Convolutions C1, C3 and C5 with average pooling S2 and S4 between them, then F6 and the classes; tanh.

    x (N, in_channels, 32, 32) -> (N, num_classes); 61,706 parameters for one channel and ten classes.
    The modern form: C3 sees all maps of S2, pooling has no parameters, the output is linear.
    Source: LeCun, Bottou, Bengio and Haffner (1998), figure 2.

    >>> sum(p.array.size for p in LeNet5().parameters())
    61706
    """

    side = 32
    """Height and width of the images."""

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__(
            {
                "c1": Conv2d(in_channels, 6, 5),  # (N, 6, 28, 28)
                "tanh1": Tanh(),
                "s2": AvgPool2d(2),  # (N, 6, 14, 14)
                "c3": Conv2d(6, 16, 5),  # (N, 16, 10, 10)
                "tanh3": Tanh(),
                "s4": AvgPool2d(2),  # (N, 16, 5, 5)
                "c5": Conv2d(16, 120, 5),  # (N, 120, 1, 1)
                "tanh5": Tanh(),
                "flatten": Flatten(),
                "f6": Linear(120, 84),
                "tanh6": Tanh(),
                "output": Linear(84, num_classes),
            }
        )
        self.in_channels = in_channels
