"""A small detector: a fully convolutional network that says at each cell of a grid what is there and how large."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from autocnn import nn, ops
from autocnn.errors import ArgumentError, ShapeError
from autocnn.models.detector.boxes import Floats, nms
from autocnn.models.detector.precision import Objects

if TYPE_CHECKING:
    from autocnn.engine import Tensor

STRIDE = 4
"""Pixels from cell to cell of the grid."""

WIDTHS = (16, 32, 64)
"""Channels of the first convolution, of the second, and of all that follow, at a quarter of the size."""

_RARE = 0.02
"""How probable an object is at a cell before anything is learned: most cells are empty."""


class Detector(nn.Module):
    """x (N, in_channels, H, W) -> (N, num_classes + 4, H/4, W/4): scores of classes, and distances to four sides.

    Each cell scores each class (a logit), and says how far the sides of its object are from its centre: left, top,
    right and bottom, as logarithms of cells. No anchor boxes, one scale. Images of any size will do.
    `encode` makes the targets, `detection_loss` compares, `decode` reads boxes off.
    Sources: Huang et al. (2015), "DenseBox"; Tian et al. (2019), "FCOS".

    >>> Detector(num_classes=3).eval()(ops.zeros(1, 1, 24, 16)).shape
    (1, 7, 6, 4)
    """

    side = 48
    """Height and width of the images that it was tried on."""

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__()
        self.in_channels, self.num_classes = in_channels, num_classes
        a, b, c = WIDTHS
        self.features = nn.Sequential(
            *_convolved(in_channels, a, 2), *_convolved(a, b, 1), *_convolved(b, c, 2), *_convolved(c, c, 1),
            *_convolved(c, c, 1),
        )  # fmt: skip
        self.scores = _head(c, num_classes, math.log(_RARE / (1 - _RARE)))
        self.sides = _head(c, 4, 0.0)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, in_channels, H, W) -> (N, num_classes + 4, H/4, W/4)."""
        x = self.features(x)
        return ops.cat([self.scores(x), self.sides(x)], dim=1)

    def replace_head(self, num_classes: int) -> str:
        """Score so many other classes, from the features as they are; boxes stay. Returns the new layer's path."""
        old = self.scores
        self.scores = _head(old.in_channels, num_classes, math.log(_RARE / (1 - _RARE)))
        self.scores.to(device=old.weight.device, dtype=old.weight.dtype).train(old.training)
        self.num_classes = num_classes
        return "scores"


def _head(channels: int, width: int, bias: float) -> nn.Conv2d:
    head = nn.Conv2d(channels, width, 3, padding=1)
    nn.init.normal_(head.weight, 0.0, 0.01)
    nn.init.constant_(head.get_parameter("bias"), bias)
    return head


def encode(truth: Sequence[Objects], num_classes: int, size: tuple[int, int]) -> Tensor:
    """Objects of N images of ``size`` (H, W) -> targets (N, num_classes + 4, H/4, W/4) for `detection_loss`.

    A cell is an object's if its centre lies in the object's box and within a cell of the box's middle; of several
    objects the smallest's. There the class is 1, and the last four channels are the distances to the sides, in
    cells. An object that is narrower than a cell may have none.

    Raises ShapeError for a size that is no multiple of four, ArgumentError for a label out of range.

    >>> target = encode([Objects(np.array([[1.0, 1, 7, 7]]), np.array([1]))], 2, (8, 8)).numpy()
    >>> target[0, 1].tolist(), target[0, 2:, 0, 1].tolist()
    ([[1.0, 1.0], [1.0, 1.0]], [1.25, 0.25, 0.25, 1.25])
    """
    if size[0] % STRIDE or size[1] % STRIDE:
        raise ShapeError(f"encode: size is {size}; height and width are multiples of {STRIDE}")
    maps = np.zeros((len(truth), num_classes + 4, size[0] // STRIDE, size[1] // STRIDE), np.float32)
    y, x = (axis * STRIDE + STRIDE / 2 for axis in np.mgrid[: maps.shape[2], : maps.shape[3]])
    for target, objects in zip(maps, truth, strict=True):
        areas = np.prod(objects.boxes[:, 2:] - objects.boxes[:, :2], axis=1)
        for place in np.argsort(-areas, kind="stable"):  # the smallest comes last, and stays
            (left, top, right, bottom), label = objects.boxes[place], int(objects.labels[place])
            if not 0 <= label < num_classes:
                raise ArgumentError(f"encode: a label is {label}; there are {num_classes} classes, from 0 on")
            sides = np.stack([x - left, y - top, right - x, bottom - y])
            near = (abs(x - (left + right) / 2) <= STRIDE) & (abs(y - (top + bottom) / 2) <= STRIDE)
            mine = (sides.min(axis=0) > 0) & near
            target[:num_classes, mine] = 0
            target[label, mine] = 1
            target[num_classes:, mine] = sides[:, mine] / STRIDE
    return ops.from_numpy(maps)


def detection_loss(output: Tensor, target: Tensor) -> Tensor:
    """What a Detector says, and what `encode` made -> a number: focal loss of classes, minus log IoU of boxes.

    Both are sums over cells, divided by the number of cells that have an object. The focal loss counts cells that
    are right already for little, of which there are many. Sources: Lin et al. (2017); Yu et al. (2016).

    >>> target = encode([Objects(np.array([[1.0, 1, 7, 7]]), np.array([1]))], 2, (8, 8))
    >>> round(detection_loss(ops.zeros(1, 6, 2, 2), target).item(), 4)
    1.4452
    """
    scores, sides = output[:, :-4], output[:, -4:]
    classes, right = target[:, :-4], target[:, -4:]
    occupied = classes.sum(1)
    count = max(float(occupied.sum().item()), 1.0)
    probability = scores.sigmoid()
    missed = (probability - classes).abs()
    entropy = nn.functional.binary_cross_entropy_with_logits(scores, classes, reduction="none")
    focal = (missed.square() * entropy).sum()
    return (focal - (_overlap(sides.exp(), right).log() * occupied).sum()) / count


def _overlap(sides: Tensor, right: Tensor) -> Tensor:
    """(N, 4, h, w) twice -> (N, h, w): IoU of two boxes that share a point, from its distances to their sides."""
    shared = ops.minimum(sides, right)
    area = _area(shared)
    return (area + 1e-6) / (_area(sides) + _area(right) - area + 1e-6)


def _area(sides: Tensor) -> Tensor:
    return (sides[:, 0] + sides[:, 2]) * (sides[:, 1] + sides[:, 3])


def decode(output: Tensor, least: float = 0.05, iou_threshold: float = 0.5, most: int = 100) -> list[Objects]:
    """What a Detector says of N images -> N times the objects found, best first, each with a score.

    Every cell and class with a probability of at least ``least`` is a box; of those of one class that overlap by
    more than `iou_threshold` the best is kept, and of all the best ``most``.

    >>> said = ops.full((1, 5, 1, 1), 0.0)  # one cell, one class, of probability 1/2, all sides a cell away
    >>> decode(said)[0]
    Objects(boxes=array([[-2., -2.,  6.,  6.]]), labels=array([0]), scores=array([0.5]))
    """
    values = np.asarray(output.detach().cpu().numpy(), float)
    return [_decode(one, least, iou_threshold, most) for one in values]


def _decode(values: Floats, least: float, iou_threshold: float, most: int) -> Objects:
    probability = 1 / (1 + np.exp(-values[:-4]))
    labels, rows, columns = np.nonzero(probability >= least)
    scores = probability[labels, rows, columns]
    left, top, right, bottom = np.exp(np.clip(values[-4:, rows, columns], -20, 20)) * STRIDE
    x, y = columns * STRIDE + STRIDE / 2, rows * STRIDE + STRIDE / 2
    boxes = np.stack([x - left, y - top, x + right, y + bottom], axis=1)
    kept = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    kept = [places[nms(boxes[places], scores[places], iou_threshold)] for places in kept]
    places = np.concatenate(kept) if kept else np.zeros(0, np.intp)
    places = places[np.argsort(-scores[places], kind="stable")][:most]
    return Objects(boxes[places], labels[places], scores[places])


def _convolved(channels: int, width: int, stride: int) -> list[nn.Module]:
    conv = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return [conv, nn.BatchNorm2d(width), nn.ReLU()]
