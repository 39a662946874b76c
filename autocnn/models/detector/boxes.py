"""Boxes as arrays (n, 4) of left, top, right, bottom: how far they overlap, and which to keep."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from autocnn.errors import ShapeError

Floats: TypeAlias = npt.NDArray[np.floating]


def box_iou(x: npt.ArrayLike, y: npt.ArrayLike) -> Floats:
    """x (n, 4), y (m, 4) -> (n, m): area that two boxes share, over the area that either covers; 0 for empty ones.

    Raises ShapeError for what is not (n, 4).

    >>> box_iou([[0, 0, 2, 2]], [[1, 1, 3, 3], [0, 0, 2, 1]]).round(3).tolist()
    [[0.143, 0.5]]
    """
    x, y = _boxes(x, "box_iou"), _boxes(y, "box_iou")
    low = np.maximum(x[:, None, :2], y[None, :, :2])
    high = np.minimum(x[:, None, 2:], y[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    either = _areas(x)[:, None] + _areas(y)[None] - shared
    overlap: Floats = np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)
    return overlap


def nms(boxes: npt.ArrayLike, scores: npt.ArrayLike, iou_threshold: float) -> npt.NDArray[np.intp]:
    """boxes (n, 4), scores (n,) -> places of those to keep, best first: non-maximum suppression.

    Whatever overlaps a better kept box by more than `iou_threshold` goes. Of equal scores the earlier is better.

    Raises ShapeError for boxes that are not (n, 4), or scores that are not one for each.

    >>> nms([[0, 0, 4, 4], [0, 0, 4, 3], [5, 5, 6, 6]], [0.8, 0.9, 0.3], 0.5).tolist()
    [1, 2]
    """
    boxes, scores = _boxes(boxes, "nms"), np.asarray(scores)
    if scores.shape != boxes.shape[:1]:
        raise ShapeError(f"nms: scores is {scores.shape}; {boxes.shape[0]} boxes have as many scores")
    order = np.argsort(-scores, kind="stable")
    overlaps = box_iou(boxes, boxes) > iou_threshold
    kept: list[int] = []
    gone = np.zeros(len(boxes), bool)
    for place in order:
        if not gone[place]:
            kept.append(int(place))
            gone |= overlaps[place]
    return np.array(kept, dtype=np.intp)


def _boxes(given: npt.ArrayLike, op: str) -> Floats:
    boxes = np.asarray(given, dtype=float)
    boxes = boxes.reshape(0, 4) if boxes.size == 0 else boxes
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ShapeError(f"{op}: boxes are {boxes.shape}; they are (n, 4): left, top, right, bottom")
    return boxes


def _areas(boxes: Floats) -> Floats:
    width, height = np.maximum(boxes[:, 2:] - boxes[:, :2], 0).T
    areas: Floats = width * height
    return areas
