"""The compute graph of one training step, drawn: forward, and forward with backward."""

from __future__ import annotations

from pathlib import Path

import autocnn as ac
from autocnn import graph, nn, viz
from autocnn.nn import functional as F


def network() -> nn.Module:
    """A small convolutional network with a skip around one of its blocks."""
    block = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.Tanh())
    stem, head = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(64, 10)
    return nn.Sequential(stem, nn.Tanh(), nn.Residual(block), nn.MaxPool2d(2), nn.Flatten(), head)


def main(folder: str = "out") -> list[Path]:
    """Draw the two graphs; returns the files."""
    ac.manual_seed(0)
    net, images, labels = network(), ac.rand(2, 1, 8, 8), ac.tensor([3, 7])
    forward = graph.trace(net, images)
    print(graph.listing(forward))

    step = graph.trace(net, images, order=1, loss=lambda logits: F.cross_entropy(logits, labels))
    passes = [vertex.phase for vertex in step.vertices]
    print(f"one step: {passes.count('forward')} vertices forward, {passes.count('backward')} backward")

    place = Path(folder)
    place.mkdir(exist_ok=True)
    files = [
        viz.draw(forward, title="forward").save(place / "forward.svg"),
        viz.draw(step, title="one training step").save(place / "step.svg"),
    ]
    print("written:", ", ".join(map(str, files)))
    return files


if __name__ == "__main__":
    main()
