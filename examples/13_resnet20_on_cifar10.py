"""ResNet-20 on CIFAR-10, split as by He et al. (2016): 45,000 images to learn from, 5,000 held out.

With --resume it goes on from its last checkpoint, to the same weights to the bit.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import autocnn as ac
from autocnn import data, models, optim, viz
from autocnn.train import Checkpoint, History, ProgressBar, Trainer, save_weights


def loaders(folder: str | None, seed: int, images: int | None) -> tuple[data.DataLoader, ...]:
    """Batches of training images, shifted by up to 4 pixels and mirrored; of held-out and of test images."""
    train, held_out, test = (data.load("cifar10", folder, split) for split in ("train", "val", "test"))
    if images is not None:
        train, held_out, test = (part.subset(slice(images)) for part in (train, held_out, test))
    normal = data.Normalize(train.mean, train.std, train.scale)
    varied = data.Compose([data.RandomCrop(32, padding=4), data.RandomHorizontalFlip(), normal])
    return (
        data.DataLoader(train, 128, shuffle=True, drop_last=True, seed=seed, transform=varied),
        data.DataLoader(held_out, 250, transform=normal),
        data.DataLoader(test, 250, transform=normal),
    )


def main(
    folder: str | None = None,
    epochs: int = 12,
    seed: int = 0,
    out: str = "out/resnet20",
    images: int | None = None,
    resume: bool = False,
) -> dict[str, Any]:
    """Train with one cycle of the learning rate; writes the weights and what happened, and returns the latter."""
    Path(out).mkdir(parents=True, exist_ok=True)
    ac.manual_seed(seed)
    net = models.resnet20()
    train, held_out, test = loaders(folder, seed, images)
    optimizer = optim.SGD(net.parameters(), lr=0.3, momentum=0.9, nesterov=True, weight_decay=5e-4)
    cycle = optim.lr_scheduler.OneCycleLR(
        optimizer, 0.3, epochs=epochs, steps_per_epoch=len(train), pct_start=0.25
    )
    kept = Path(out) / "checkpoint.safetensors"
    said = [ProgressBar(epochs, checked="held out"), Checkpoint(kept)]
    trainer = Trainer(net, optimizer, schedule=cycle, schedule_by="step", callbacks=said)
    if resume:
        trainer.load(kept)
    done, began = trainer.epochs, time.perf_counter()
    history = trainer.fit(train, epochs, validation=held_out)
    seconds = time.perf_counter() - began
    shares = {name: trainer.evaluate(part).accuracy for name, part in (("held_out", held_out), ("test", test))}
    report = {
        "epochs": epochs, "seed": seed, "minutes": seconds / 60, "from_epoch": done + 1, **shares,
        "history": history.to_dict(),
    }  # fmt: skip
    save_weights(net, Path(out) / "weights.safetensors")
    (Path(out) / "report.json").write_text(json.dumps(report, indent=1))
    curve(history).save(Path(out) / "curve.png")
    print(
        f"held out: {shares['held_out']:.2%}, test: {shares['test']:.2%}; "
        f"epochs {done + 1} to {epochs} took {seconds / 60:.0f} minutes"
    )
    return report


def curve(history: History) -> viz.Figure:
    """Loss and accuracy by epoch, of the images that it learns from and of those held out."""
    names = {"training": "", "held out": "validation_"}
    loss, right = (
        {name: history.column(f"{kind}{what}") for name, kind in names.items()} for what in ("loss", "accuracy")
    )
    return viz.learning_curve(loss, right, title="ResNet-20 on CIFAR-10")


if __name__ == "__main__":
    main(resume="--resume" in sys.argv[1:])
