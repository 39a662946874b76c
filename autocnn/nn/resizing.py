"""Layers that change the size of images: interpolation, and channels that become pixels."""

from __future__ import annotations

from collections.abc import Sequence

from autocnn.engine import Tensor
from autocnn.nn import functional as F
from autocnn.nn.settings import Layer

Factor = float | Sequence[float] | None


class Upsample(Layer):
    """Images of a given size, or so many times as large: x (N, C, ...) -> (N, C, *size).

    The modes are those of `functional.interpolate`.

    >>> Upsample(scale_factor=2)(Tensor([[[1.0, 2.0]]])).tolist()
    [[[1.0, 1.0, 2.0, 2.0]]]
    """

    def __init__(
        self, size: int | Sequence[int] | None = None, scale_factor: Factor = None, mode: str = "nearest",
        align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
    ) -> None:  # fmt: skip
        self.size = size
        several = isinstance(scale_factor, Sequence)
        self.scale_factor: Factor = tuple(map(float, scale_factor)) if several else scale_factor  # type: ignore
        if isinstance(scale_factor, int):
            self.scale_factor = float(scale_factor)
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        """The images in their new size."""
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        """The size or factor, and the mode."""
        named = "size" if self.scale_factor is None else "scale_factor"
        return f"{named}={getattr(self, named)!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Images with each pixel repeated: x (N, C, H, W).

    >>> UpsamplingNearest2d(scale_factor=2)
    UpsamplingNearest2d(scale_factor=2.0, mode='nearest')
    """

    def __init__(self, size: int | Sequence[int] | None = None, scale_factor: Factor = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Images whose pixels are weighted by distance, the corners where they were: x (N, C, H, W).

    >>> UpsamplingBilinear2d((1, 3))(Tensor([[[[1.0, 2.0]]]])).tolist()
    [[[[1.0, 1.5, 2.0]]]]
    """

    def __init__(self, size: int | Sequence[int] | None = None, scale_factor: Factor = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)


class PixelShuffle(Layer):
    """Each r r channels as one, r times as large on both axes: x (..., C r r, H, W) -> (..., C, H r, W r).

    Source: Shi et al. (2016), equation 4.

    >>> PixelShuffle(2)(Tensor([[[1.0]], [[2.0]], [[3.0]], [[4.0]]])).tolist()
    [[[1.0, 2.0], [3.0, 4.0]]]
    """

    def __init__(self, upscale_factor: int) -> None:
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """The channels as pixels."""
        return F.pixel_shuffle(input, self.upscale_factor)


class PixelUnshuffle(Layer):
    """Every r-th pixel as a channel of its own: x (..., C, H r, W r) -> (..., C r r, H, W).

    >>> PixelUnshuffle(2)(Tensor([[[1.0, 2.0], [3.0, 4.0]]])).shape
    (4, 1, 1)
    """

    def __init__(self, downscale_factor: int) -> None:
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """The pixels as channels."""
        return F.pixel_unshuffle(input, self.downscale_factor)


class ChannelShuffle(Layer):
    """The first channel of every group, then every second, and so on: x (N, C, ...).

    Source: Zhang et al. (2018), figure 1.

    >>> ChannelShuffle(2)(Tensor([[[1.0], [2.0], [3.0], [4.0]]])).flatten().tolist()
    [1.0, 3.0, 2.0, 4.0]
    """

    def __init__(self, groups: int) -> None:
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        """The channels in their new order."""
        return F.channel_shuffle(input, self.groups)
