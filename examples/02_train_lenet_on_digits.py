"""LeNet-5 on scikit-learn's digits, from images to test accuracy, with the training loop of the library."""

from __future__ import annotations

import autocnn as ac
from autocnn import data, optim, train
from autocnn.models import LeNet5


def main(epochs: int = 40, batch: int = 32, rate: float = 0.05, seed: int = 0) -> float:
    """Train and test; returns the accuracy on the fifth of the digits that is held out."""
    ac.manual_seed(seed)
    digits, held_out = data.load("digits"), data.load("digits", split="test")
    fit = data.Fit(32, "bilinear")  # 8x8 -> 32x32
    normalize = data.Normalize(digits.mean, digits.std, digits.scale)
    shaken = data.Compose([fit, data.RandomCrop(32, padding=2), normalize])  # each a little elsewhere every time
    loader = data.DataLoader(digits, batch, shuffle=True, seed=seed, transform=shaken)
    check = data.DataLoader(held_out, 256, transform=data.Compose([fit, normalize]))

    net = LeNet5()
    print(net)
    optimizer = optim.SGD(net.parameters(), lr=rate, momentum=0.9)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * len(loader), pct_start=0.2)
    bar = train.ProgressBar(epochs)
    trainer = train.Trainer(net, optimizer, schedule=schedule, schedule_by="step", callbacks=[bar])
    trainer.fit(loader, epochs, validation=check)

    scores = trainer.evaluate(check)
    print(f"{scores.accuracy:.2%} of {scores.images} digits that it has never seen")
    return float(scores.accuracy or 0.0)


if __name__ == "__main__":
    main()
