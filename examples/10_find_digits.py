"""Find digits (scikit-learn's, or of the data set that is named) on a larger canvas: boxes and classes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import autocnn as ac
from autocnn import data, optim, train
from autocnn.models.detector import Detector, Objects, average_precision, decode, detection_loss, encode, nms
from autocnn.nn import functional as F

SIDE = 48


class Canvases:
    """Batches of new canvases (N, 1, 48, 48), each with one to five digits of 10 to 20 pixels, and some noise."""

    def __init__(self, digits: data.ArrayDataset, batches: int, seed: int, size: int = 32) -> None:
        self.digits, self.batches, self.size = digits, batches, size
        self.rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        for _ in range(self.batches):
            images, truth = self.draw(self.size)
            yield images, encode(truth, 10, (SIDE, SIDE))

    def draw(self, count: int) -> tuple[Any, list[Objects]]:
        """So many canvases, and what is on them."""
        pairs = [self.canvas() for _ in range(count)]
        return ac.tensor(np.stack([image for image, _ in pairs])), [truth for _, truth in pairs]

    def canvas(self) -> tuple[Any, Objects]:
        """One canvas (1, 48, 48): digits of a random size, where they overlap no other."""
        image = self.rng.uniform(0, 0.3, (SIDE, SIDE))
        boxes, labels = list[Any](), list[int]()
        for _ in range(self.rng.integers(1, 6)):
            which, size = self.rng.integers(len(self.digits.labels)), int(self.rng.integers(10, 21))
            pixels = ac.tensor(self.digits.images[which] / self.digits.scale)[None].float()
            drawn = F.interpolate(pixels, size, mode="bilinear").numpy()[0, 0]
            rows, columns = (np.flatnonzero(drawn.max(axis=axis) > 0.2) for axis in (1, 0))
            y, x = self.rng.integers(0, SIDE - size + 1, 2)
            box = np.array([x + columns[0], y + rows[0], x + columns[-1] + 1, y + rows[-1] + 1], float)
            if all(apart(box, other) for other in boxes):
                part = image[y : y + size, x : x + size]
                np.maximum(part, drawn, out=part)
                boxes.append(box)
                labels.append(int(self.digits.labels[which]))
        return image.astype(np.float32)[None], Objects(np.array(boxes), np.array(labels))


def apart(x: Any, y: Any) -> bool:
    """Whether two boxes have nothing in common."""
    return bool((x[:2] >= y[2:]).any() or (y[:2] >= x[2:]).any())


def clear(found: Objects) -> Objects:
    """What to show: the probable ones, and of classes that lay claim to one place the best."""
    scores = np.asarray(found.scores)
    places = nms(found.boxes, scores, 0.5)
    places = places[scores[places] >= 0.4]
    return Objects(found.boxes[places], found.labels[places], scores[places])


def picture(images: Any, found: list[Objects], truth: list[Objects], path: Path) -> None:
    """Canvases with what is there in green, and what was found in orange."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure((12.8, 6.8), layout="constrained")
    for axis, image, here, there in zip(figure.subplots(2, 4).flat, images, found, truth, strict=False):
        axis.imshow(image[0], cmap="gray_r", extent=(0, SIDE, SIDE, 0), vmax=1.3)
        axis.set_axis_off()
        for objects, colour, width in ((there, "#009E73", 3.0), (here, "#D55E00", 1.5)):
            for left, top, right, bottom in objects.boxes:
                axis.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, ec=colour, lw=width))
        for box, label, score in zip(here.boxes, here.labels, np.asarray(here.scores), strict=True):
            x, side = (box[0], "right") if box[2] > 40 else (box[2], "left")
            look = {"color": "#B34700", "size": 11, "ha": side, "va": "top", "in_layout": False}
            look["bbox"] = {"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0}
            axis.text(x, box[1], f" {label} {score:.2f} ", **look)
    figure.suptitle("Digits on held-out canvases: drawn (green), found with their probability (orange)")
    figure.savefig(path, dpi=100)


def main(
    name: str = "digits", data_dir: str | None = None, epochs: int = 10, batches: int = 50, canvases: int = 200,
    seed: int = 0, folder: str = "out",
) -> float:  # fmt: skip
    """Train on canvases that are new every time; returns mean average precision at IoU 0.5 on held-out digits."""
    ac.manual_seed(seed)
    net = Detector()
    adam = optim.Adam(net.parameters(), lr=0.004)
    cycle = optim.lr_scheduler.OneCycleLR(adam, 0.004, total_steps=epochs * batches)
    trainer = train.Trainer(net, adam, loss=detection_loss, schedule=cycle, schedule_by="step")
    trainer.callbacks.append(train.ProgressBar(epochs))
    trainer.fit(Canvases(data.load(name, data_dir), batches, seed), epochs)

    images, truth = Canvases(data.load(name, data_dir, split="test"), 0, seed + 1).draw(canvases)
    with ac.no_grad():
        found = [one for part in images.split(50) for one in decode(net.eval()(part))]
    precision = average_precision(found, truth)
    mean = sum(precision.values()) / len(precision)
    print("average precision at IoU 0.5:", ", ".join(f"{label}: {ap:.3f}" for label, ap in precision.items()))
    print(f"mean: {mean:.3f} on {canvases} canvases of digits that it has never seen")
    Path(folder).mkdir(exist_ok=True)
    picture(images.numpy(), [clear(one) for one in found[:8]], truth, Path(folder) / "digits_found.png")
    return mean


if __name__ == "__main__":
    main(*sys.argv[1:2])
