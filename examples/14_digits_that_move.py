"""An MLP and three CNNs learn digits in the middle of a canvas; then the digits move. Who still knows them?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

import autocnn as ac
from autocnn import data, inspect, nn, optim, train, viz

CANVAS, MARGIN = 20, 6  # pixels: digits of 8x8 with this much room on every side
Runs = dict[str, list[dict[int, float]]]


def block(before: int, after: int, pool: bool) -> list[nn.Module]:
    """A 3x3 convolution that keeps the size, and maybe a maximum over 2x2 that halves it."""
    layers: list[nn.Module] = [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
    return [*layers, nn.MaxPool2d(2)] if pool else layers


def average(pools: bool) -> list[nn.Module]:
    """Three convolutions, and an end that forgets where a thing was."""
    trunk = [*block(1, 16, pools), *block(16, 32, pools), *block(32, 72, False)]
    return [*trunk, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(72, 10)]


def networks() -> dict[str, nn.Sequential]:
    """Of 26,314 to 26,370 parameters."""
    trunk = [*block(1, 16, True), *block(16, 32, True), *block(32, 40, False)]
    return {
        "MLP": nn.Sequential(nn.Flatten(), nn.Linear(CANVAS**2, 64), nn.ReLU(), nn.Linear(64, 10)),
        "CNN, pools and dense": nn.Sequential(*trunk, nn.Flatten(), nn.Linear(40 * (CANVAS // 4) ** 2, 10)),
        "CNN, pools and average": nn.Sequential(*average(pools=True)),
        "CNN, average": nn.Sequential(*average(pools=False)),
    }


def learned(net: nn.Sequential, digits: data.ArrayDataset, ready: data.Compose, epochs: int, seed: int) -> None:
    """Adam with one cycle of the rate."""
    batches = data.DataLoader(digits, 64, shuffle=True, seed=seed, transform=ready)
    optimizer = optim.Adam(net.parameters())
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=epochs * len(batches))
    train.Trainer(net, optimizer, schedule=schedule, schedule_by="step").fit(batches, epochs)


def measured(epochs: int, seeds: Sequence[int]) -> Runs:
    """Accuracy on digits that no network has seen, by network, training and shift."""
    digits, held_out = data.load("digits"), data.load("digits", split="test")
    ready = data.Compose([data.Normalize((0,), (1,), digits.scale), data.Pad(MARGIN)])
    x, y = next(iter(data.DataLoader(held_out, len(held_out), transform=ready)))
    runs: Runs = {}
    for seed in seeds:
        ac.manual_seed(seed)
        for name, net in networks().items():
            learned(net, digits, ready, epochs, seed)
            found = inspect.accuracy_under_shift(net, x, y, range(-MARGIN, MARGIN + 1))
            runs.setdefault(name, []).append(found.accuracy)
    return runs


def table(runs: Runs) -> str:
    """Mean and standard deviation over the trainings, in percent, as Markdown."""
    lines = ["| shift | " + " | ".join(runs) + " |", "|--:|" + "--:|" * len(runs)]
    for pixels in range(-MARGIN, MARGIN + 1):
        cells = [[100 * training[pixels] for training in trainings] for trainings in runs.values()]
        spreads = [stdev(several) if several[1:] else 0.0 for several in cells]
        texts = [f"{mean(several):.1f} ± {spread:.1f}" for several, spread in zip(cells, spreads, strict=True)]
        lines.append(f"| {pixels} | " + " | ".join(texts) + " |")
    return "\n".join(lines)


def main(epochs: int = 40, seeds: Sequence[int] = (0, 1, 2, 3, 4), folder: str = ".") -> Runs:
    """Train, move, draw; returns the accuracies."""
    runs = measured(epochs, seeds)
    print(table(runs))
    title = f"Digits learned in the middle, then moved: 26,300 parameters, {len(seeds)} trainings each"
    figure = viz.accuracy_under_shift(runs, chance=0.1, title=title)
    print("written:", figure.save(Path(folder) / "moved_digits.svg"))
    return runs


if __name__ == "__main__":
    main()
