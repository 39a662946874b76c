"""The detector: boxes against loops over pixels, precision against the definition, losses against PyTorch."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn.errors import ArgumentError, ShapeError
from autocnn.models.detector import (
    Detector,
    Objects,
    average_precision,
    box_iou,
    decode,
    detection_loss,
    encode,
    nms,
)  # fmt: skip


def boxes(rng: np.random.Generator, count: int, side: int = 12) -> Any:
    """Boxes of whole pixels, some of them empty."""
    corners = np.sort(rng.integers(0, side, (count, 2, 2)), axis=1)
    return corners.reshape(count, 4).astype(float)


def pixels(box: Any) -> set[tuple[int, int]]:
    left, top, right, bottom = map(int, box)
    return set(itertools.product(range(left, right), range(top, bottom)))


def test_iou_is_counted_in_pixels(rng: np.random.Generator) -> None:
    x, y = boxes(rng, 20), boxes(rng, 30)
    for a, row in zip(x, box_iou(x, y), strict=True):
        for b, value in zip(y, row, strict=True):
            either = pixels(a) | pixels(b)
            assert value == (len(pixels(a) & pixels(b)) / len(either) if either else 0.0)
    assert box_iou([], y).shape == (0, 30)
    with pytest.raises(ShapeError) as caught:
        box_iou([[1, 2, 3]], y)
    assert str(caught.value) == "box_iou: boxes are (1, 3); they are (n, 4): left, top, right, bottom"


def test_nms_keeps_what_no_better_kept_box_overlaps(rng: np.random.Generator) -> None:
    for _ in range(20):
        x, scores = boxes(rng, 25), rng.integers(0, 9, 25) / 8
        kept: list[int] = []
        for place in sorted(range(25), key=lambda i: (-scores[i], i)):
            if all(box_iou(x[[place]], x[[other]])[0, 0] <= 0.3 for other in kept):
                kept.append(place)
        assert nms(x, scores, 0.3).tolist() == kept
    assert nms([], [], 0.5).tolist() == []
    with pytest.raises(ShapeError, match=r"nms: scores is \(2,\); 1 boxes have as many scores"):
        nms([[0, 0, 1, 1]], [1, 2], 0.5)


def one(place: float, label: int = 0, score: float = 1.0) -> tuple[list[float], int, float]:
    return [place, 0.0, place + 10, 10.0], label, score


def made(*objects: tuple[list[float], int, float]) -> Objects:
    where, labels, scores = zip(*objects, strict=True) if objects else ((), (), ())
    return Objects(np.array(where).reshape(-1, 4), np.array(labels, int), np.array(scores))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([made(one(0), one(20)), made(one(40))], 1.0),
        ([made(), made()], 0.0),
        ([made(one(0)), made()], 1 / 3),
        ([made(one(3), one(20)), made(one(40))], 1.0),  # an overlap of 7/13
        ([made(one(4), one(20)), made(one(40))], 2 / 3 * 2 / 3),  # of 6/14; it comes first in its image
        ([made(one(0, score=0.9), one(0, score=0.8), one(20, score=0.7)), made()], (1 + 2 / 3) / 3),  # found twice
        ([made(one(0, score=0.5)), made(one(70, score=0.9), one(40, score=0.4))], (2 / 3 + 2 / 3) / 3),
        ([made(one(0, label=1), one(20)), made(one(40))], 2 / 3),
        ([made(one(40)), made(one(0))], 0.0),  # in another image
    ],
)
def test_average_precision_by_hand(found: list[Objects], expected: float) -> None:
    truth = [made(one(0), one(20)), made(one(40))]
    assert average_precision(found, truth)[0] == pytest.approx(expected)


def test_average_precision_by_class_and_at_other_overlaps() -> None:
    truth = [made(one(0), one(20, label=2))]
    found = [made(one(1), one(20, label=2), one(50, label=5))]
    assert average_precision(found, truth) == {0: 1.0, 2: 1.0}
    assert average_precision(found, truth, 0.9) == {0: 0.0, 2: 1.0}
    with pytest.raises(ArgumentError, match=r"average_precision: found is of 1 images, truth of 2"):
        average_precision(found, truth * 2)
    with pytest.raises(ArgumentError, match="found has no scores"):
        average_precision([Objects(truth[0].boxes, truth[0].labels)], truth)


def spread(rng: np.random.Generator) -> Objects:
    """Objects that do not touch, one in each quarter of 48x48."""
    corners = np.array(list(itertools.product((0, 24), repeat=2))) + rng.uniform(1, 5, (4, 2))
    return Objects(np.hstack([corners, corners + rng.uniform(6, 18, (4, 2))]), rng.permutation(5)[:4])


def test_what_is_encoded_is_decoded(rng: np.random.Generator) -> None:
    truth = [spread(rng) for _ in range(6)]
    target = encode(truth, 5, (48, 48)).numpy()
    said = np.concatenate([20 * target[:, :5] - 10, np.log(np.maximum(target[:, 5:], 1e-3))], axis=1)
    for here, there in zip(decode(ac.tensor(said)), truth, strict=True):
        order, right = np.argsort(here.labels), np.argsort(there.labels)
        assert here.labels[order].tolist() == there.labels[right].tolist()
        np.testing.assert_allclose(here.boxes[order], there.boxes[right], atol=1e-4)
    perfect = average_precision(decode(ac.tensor(said)), truth)
    assert set(perfect.values()) == {1.0}


def test_the_smaller_of_two_objects_has_the_cell() -> None:
    large, small = [0.0, 0, 24, 24], [8.0, 8, 16, 16]
    for order in ((0, 1), (1, 0)):
        both = Objects(np.array([large, small])[list(order)], np.array(order))
        target = encode([both], 2, (24, 24)).numpy()[0]
        assert target[1, 2:4, 2:4].tolist() == [[1, 1], [1, 1]]
        assert target[0].sum() == 0
    assert encode([made()], 2, (8, 12)).shape == (1, 6, 2, 3)
    with pytest.raises(ShapeError, match=r"encode: size is \(10, 8\); height and width are multiples of 4"):
        encode([], 2, (10, 8))
    with pytest.raises(ArgumentError, match=r"encode: a label is 3; there are 3 classes, from 0 on"):
        encode([made(one(0, label=3))], 3, (48, 48))


@pytest.mark.torch
def test_the_loss_is_its_formula_in_pytorch(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    target = encode([spread(rng), made(), spread(rng)], 5, (48, 48)).numpy().astype(float)
    output = rng.normal(size=target.shape)
    ours = ac.tensor(output).requires_grad_()
    loss = detection_loss(ours, ac.tensor(target))
    loss.backward()
    x, t = torch.from_numpy(output).requires_grad_(), torch.from_numpy(target)
    p, count = x[:, :5].sigmoid(), t[:, :5].sum()
    right = torch.where(t[:, :5] == 1, p, 1 - p)
    focal = (-((1 - right) ** 2) * right.log()).sum()
    n, _, i, j = t[:, :5].nonzero().T
    a, b = x[:, 5:].exp()[n, :, i, j], t[:, 5:][n, :, i, j]
    corners = [torch.stack([-s[:, 0], -s[:, 1], s[:, 2], s[:, 3]], 1) for s in (a, b)]
    low, high = torch.maximum(*corners)[:, :2], torch.minimum(*corners)[:, 2:]
    shared = (high - low).prod(1)
    areas = [(c[:, 2:] - c[:, :2]).prod(1) for c in corners]
    theirs = (focal - (shared / (areas[0] + areas[1] - shared)).log().sum()) / count
    theirs.backward()
    assert loss.item() == pytest.approx(theirs.item(), rel=1e-5)
    np.testing.assert_allclose(ours.grad.numpy(), x.grad.numpy(), rtol=1e-4, atol=1e-7)


def test_a_loss_without_objects_is_finite_and_images_of_any_size_go_through() -> None:
    net = Detector(num_classes=2, in_channels=3)
    x = ac.randn(2, 3, 12, 20)
    output = net(x)
    assert output.shape == (2, 6, 3, 5)
    loss = detection_loss(output, encode([made(), made()], 2, (12, 20)))
    loss.backward()
    assert 0 < loss.item() < 1
    assert all(np.isfinite(p.grad.numpy()).all() for p in net.parameters())
    assert all(one.boxes.shape == (0, 4) for one in decode(output, least=0.5))
    assert len(decode(output, least=0.0, most=3)[0].labels) == 3
