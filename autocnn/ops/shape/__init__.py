"""Shape: views of the same elements, joining and splitting, padding and repeating."""

from autocnn.ops.shape.joining import (
    cat,
    chunk,
    hstack,
    narrow,
    repeat,
    split,
    stack,
    tensor_split,
    tile,
    unbind,
    vstack,
)
from autocnn.ops.shape.padding import flip, fliplr, flipud, pad, roll
from autocnn.ops.shape.views import (
    broadcast_tensors,
    clone,
    expand,
    flatten,
    movedim,
    numel,
    permute,
    ravel,
    reshape,
    squeeze,
    t,
    transpose,
    unflatten,
    unsqueeze,
)

concat = concatenate = cat
moveaxis = movedim
swapaxes = swapdims = transpose

__all__ = [
    "broadcast_tensors",
    "cat",
    "chunk",
    "clone",
    "concat",
    "concatenate",
    "expand",
    "flatten",
    "flip",
    "fliplr",
    "flipud",
    "hstack",
    "moveaxis",
    "movedim",
    "narrow",
    "numel",
    "pad",
    "permute",
    "ravel",
    "repeat",
    "reshape",
    "roll",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "swapdims",
    "t",
    "tensor_split",
    "tile",
    "transpose",
    "unbind",
    "unflatten",
    "unsqueeze",
    "vstack",
]
