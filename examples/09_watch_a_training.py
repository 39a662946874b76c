"""What gradients do while networks train: a plain and a residual one, recorded at every step of one's own loop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import autocnn as ac
from autocnn import data, flow, models, optim
from autocnn.nn import functional as F


def main(depth: int = 20, width: int = 8, steps: int = 60, seed: int = 0, folder: str = "out") -> dict[str, float]:
    """Train both, draw what was recorded; returns how far the first layer's weights moved at the last step."""
    digits = data.load("digits")
    prepare = data.Normalize(digits.mean, digits.std, digits.scale)
    Path(folder).mkdir(exist_ok=True)
    moved = {}
    for name, make in (("plain", models.plain), ("residual", models.residual)):
        ac.manual_seed(seed)
        net = make(depth, width=width)
        sgd = optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
        batches = data.DataLoader(digits, 64, shuffle=True, seed=seed, transform=prepare, drop_last=True)

        with flow.watch(net, every=1) as w:  # whatever is in here is recorded
            for x, y in repeated(batches, steps):
                sgd.zero_grad()
                F.cross_entropy(net(x), y).backward()
                sgd.step()

        print(f"\n{name}: {w.report}")
        record = w.to_dict()
        for at in (record["vertices"][0], record["vertices"][-1]):
            print(f"  gradient RMS at {at['name']:8} {at['rms'][0]:8.1e} at first, {at['rms'][-1]:8.1e} at last")
        first = record["parameters"][0]
        moved[name] = first["ratio"][-1]
        print(f"  the last step moved {first['name']} by {moved[name]:.1e} of its size")
        print("  written:", w.show().save(Path(folder) / f"training_{name}.png"))
    return moved


def repeated(batches: data.DataLoader, steps: int) -> Iterator[tuple[ac.Tensor, ac.Tensor]]:
    """So many batches, epoch after epoch."""
    while True:
        for batch in batches:
            if steps == 0:
                return
            steps -= 1
            yield batch


if __name__ == "__main__":
    main()
