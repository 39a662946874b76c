"""Transfer: what a network that knows MNIST learns from a few other digits, beside one that knows nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

import autocnn as ac
from autocnn import data, nn, optim, train
from autocnn.models import LeNet5
from autocnn.viz.line_ends import End, name_ends

WAYS = ("frozen trunk", "whole network", "from scratch")


def loader(images: data.ArrayDataset, seed: int, batch: int = 32, shuffle: bool = True) -> data.DataLoader:
    """Batches of 32x32: digits of 20 pixels in the middle, as MNIST has them."""
    small = images.images.shape[-1] < 20
    centre = [data.Resize(20, "bilinear"), data.Pad(6)] if small else [data.Fit(32)]
    prepare = data.Compose([*centre, data.Normalize(images.mean, images.std, images.scale)])
    return data.DataLoader(images, batch, shuffle=shuffle, seed=seed, transform=prepare, prefetch=0)


def learn(net: nn.Module, groups: Any, images: data.ArrayDataset, steps: int, rate: float, seed: int) -> None:
    """So many steps of Adam with one cycle of the rate."""
    batches = loader(images, seed)
    epochs = max(1, round(steps / len(batches)))
    optimizer = optim.Adam(groups, lr=rate)
    rates = [group["lr"] for group in optimizer.param_groups]
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, rates, total_steps=epochs * len(batches))
    train.Trainer(net, optimizer, schedule=schedule, schedule_by="step").fit(batches, epochs)


def few(images: data.ArrayDataset, count: int, seed: int) -> data.ArrayDataset:
    """So many images of each class."""
    order = np.random.default_rng(seed).permutation(len(images.labels))
    chosen = [order[images.labels[order] == label][:count] for label in np.unique(images.labels)]
    return images.subset(np.sort(np.concatenate(chosen)), "few")


def tuned(way: str, weights: Path, images: data.ArrayDataset, steps: int, seed: int) -> nn.Module:
    """A network with a new head, taught with these images in one of three ways."""
    ac.manual_seed(seed + 100)
    net, rate = LeNet5(), 0.003
    if way == "from scratch":
        learn(net, net.parameters(), images, steps, rate, seed)
        return net
    train.load_weights(net, weights)
    head = train.replace_head(net, 10)
    if way == "frozen trunk":
        train.unfreeze(train.freeze(net), head)
    learn(net, train.parameter_groups(net, rate / 3, {head: rate}), images, steps, rate, seed)
    return net


def written(runs: list[float]) -> str:
    """Mean and standard deviation over the seeds, in percent."""
    return f"{100 * mean(runs):.1f} ± {100 * (stdev(runs) if len(runs) > 1 else 0):.1f}"


def plotted(table: dict[tuple[str, int], list[float]], title: str, path: Path) -> None:
    """Accuracy by number of labelled images, every run a dot; and the numbers, as a table below."""
    from matplotlib.figure import Figure

    figure = Figure((8, 6), layout="constrained")
    axis, below = figure.subplots(2, height_ratios=(4, 1))
    counts = list(dict.fromkeys(count for _, count in table))
    ends = []
    for way, colour, mark in zip(WAYS, ("#009E73", "#0072B2", "#D55E00"), "so^", strict=True):
        runs = np.array([table[way, count] for count in counts]) * 100
        axis.plot(counts, runs, mark, color=colour, ms=5)
        axis.plot(counts, runs.mean(1), color=colour, lw=2)
        ends.append(End(counts[-1], float(runs[-1].mean()), way, colour))
    axis.set(xscale="log", xlabel="labelled images of each class", ylabel="test accuracy [%]", title=title)
    axis.set_xticks(counts, [str(count) for count in counts])
    axis.minorticks_off()
    name_ends(axis, ends)
    cells = [[written(table[way, count]) for count in counts] for way in WAYS]
    below.axis("off")
    below.table(cells, rowLabels=list(WAYS), colLabels=[f"{count} each" for count in counts], loc="center")
    figure.savefig(path, dpi=100)


def main(
    source: str = "mnist", target: str = "optdigits", data_dir: str | None = None,
    seeds: Sequence[int] = (0, 1, 2, 3, 4), counts: Sequence[int] = (1, 3, 10, 30, 100),
    pretraining: int = 600, steps: int = 200, folder: str = "out",
) -> dict[tuple[str, int], list[float]]:  # fmt: skip
    """Pretrain, fine-tune in three ways for each seed; returns the accuracies by way and number of images."""
    Path(folder).mkdir(exist_ok=True)
    known, new = data.load(source, data_dir), data.load(target, data_dir)
    test = loader(data.load(target, data_dir, split="test"), 0, 256, shuffle=False)
    table: dict[tuple[str, int], list[float]] = {(way, count): [] for way in WAYS for count in counts}
    for seed in seeds:
        ac.manual_seed(seed)
        teacher = LeNet5()
        learn(teacher, teacher.parameters(), known, pretraining, 0.003, seed)
        weights = train.save_weights(teacher, Path(folder) / f"{source}_{seed}.safetensors")
        for way, count in table:
            net = tuned(way, weights, few(new, count, seed), steps, seed)
            scores = train.Trainer(net, optim.SGD(net.parameters(), lr=0.1)).evaluate(test)
            table[way, count].append(float(scores.accuracy or 0.0))
    print(f"{'of each class':14}" + "".join(f"{count:>14}" for count in counts))
    for way in WAYS:
        print(f"{way:14}" + "".join(f"{written(table[way, count]):>14}" for count in counts))
    plotted(table, f"LeNet-5 from {source} to {target}, {len(seeds)} seeds", Path(folder) / "transfer.png")
    return table


if __name__ == "__main__":
    main()
