"""How good detections are: average precision, by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autocnn.errors import ArgumentError
from autocnn.models.detector.boxes import Floats, box_iou


@dataclass(frozen=True)
class Objects:
    """The objects of one image: boxes (n, 4), labels (n,) and, if they were found by a network, scores (n,)."""

    boxes: Floats
    labels: npt.NDArray[np.integer]
    scores: Floats | None = None


def average_precision(
    found: Sequence[Objects], truth: Sequence[Objects], iou_threshold: float = 0.5
) -> dict[int, float]:
    """The area under precision by recall for each class that occurs in the truth; images in the same order.

    Best scores first, a box is right if the object of its class and image that it overlaps most is overlapped by
    at least `iou_threshold`, and was not found before. Precision at a recall is the best at that recall or beyond
    (as in PASCAL VOC from 2010 on, at all points).

    Raises ArgumentError where there are not as many images in both, or found objects have no scores.

    >>> truth = [Objects(np.array([[0.0, 0, 2, 2], [4, 4, 6, 6]]), np.array([1, 1]))]
    >>> boxes = np.array([[0.0, 0, 2, 2], [7, 7, 9, 9], [4, 4, 6, 6]])
    >>> average_precision([Objects(boxes, np.array([1, 1, 1]), np.array([0.9, 0.8, 0.7]))], truth)
    {1: 0.8333333333333333}
    """
    if len(found) != len(truth):
        raise ArgumentError(f"average_precision: found is of {len(found)} images, truth of {len(truth)}")
    if any(objects.scores is None for objects in found):
        raise ArgumentError("average_precision: found has no scores; by them the boxes are put in order")
    classes = sorted({int(label) for objects in truth for label in objects.labels})
    return {label: _of_class(found, truth, label, iou_threshold) for label in classes}


def _of_class(found: Sequence[Objects], truth: Sequence[Objects], label: int, threshold: float) -> float:
    scores: list[float] = []
    right: list[bool] = []
    for here, there in zip(found, truth, strict=True):
        mine, said = here.labels == label, np.asarray(here.scores)
        order = np.argsort(-said[mine], kind="stable")
        scores.extend(said[mine][order].tolist())
        right.extend(_matched(here.boxes[mine][order], there.boxes[there.labels == label], threshold))
    total = sum(int((objects.labels == label).sum()) for objects in truth)
    hits = np.array(right, bool)[np.argsort(-np.array(scores), kind="stable")]
    return _area(hits, total)


def _matched(boxes: Floats, objects: Floats, threshold: float) -> list[bool]:
    """Whether each box, best first, is the first to find its object."""
    overlaps, taken, right = box_iou(boxes, objects), set(), []
    for row in overlaps:
        best = int(row.argmax()) if row.size else -1
        hit = best >= 0 and bool(row[best] >= threshold) and best not in taken
        right.append(hit)
        if hit:
            taken.add(best)
    return right


def _area(hits: npt.NDArray[np.bool_], total: int) -> float:
    """Under the curve of precision by recall: each hit moves recall on by one object."""
    if not hits.any():
        return 0.0
    precision = hits.cumsum() / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[hits].sum() / total)
