"""Images of another size: interpolation, and channels that become pixels."""

from autocnn.ops.resize.grid import (
    affine_grid,
    grid_sample,
)
from autocnn.ops.resize.interpolate import (
    interpolate,
    upsample,
    upsample_bilinear,
    upsample_nearest,
)
from autocnn.ops.resize.shuffle import (
    channel_shuffle,
    pixel_shuffle,
    pixel_unshuffle,
)

__all__ = [
    "affine_grid",
    "channel_shuffle",
    "grid_sample",
    "interpolate",
    "pixel_shuffle",
    "pixel_unshuffle",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]
