"""Where gradients vanish: the same deep tanh network with and without skips, on the same digits, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import autocnn as ac
from autocnn import data, optim, viz
from autocnn.flow import sentence, twins
from autocnn.models import deep


def main(depth: int = 32, width: int = 8, steps: int = 30, seed: int = 0, folder: str = "out") -> dict[str, float]:
    """Train both and draw what became of their gradients; returns the first block's share of the last one's."""
    digits, held_out = data.load("digits"), data.load("digits", split="test")
    prepare = data.Normalize(digits.mean, digits.std, digits.scale)

    def batches() -> Iterator[tuple[ac.Tensor, ac.Tensor]]:
        while True:
            yield from data.DataLoader(digits, 64, shuffle=True, seed=seed, transform=prepare, drop_last=True)

    def net(skips: bool) -> deep.DeepNet:
        ac.manual_seed(seed)  # the same weights for both
        return deep.DeepNet(depth, width, skips=skips)

    result = twins(
        {"plain": net(False), "residual": net(True)},
        blocks=lambda model: list(model.blocks),
        make_optimizer=lambda model: optim.SGD(model.parameters(), lr=0.01, momentum=0.9),
        batches=batches,
        test=next(iter(data.DataLoader(held_out, len(held_out), transform=prepare))),
        steps=steps,
    )
    shares = {twin.name: twin.moments[0].ratio for twin in result.twins}
    for twin in result.twins:
        print(f"{twin.name:9} first block's gradient over the last one's: {twin.moments[0].ratio:.1e}")
    print(sentence(result))

    panels = {
        f"step {result.twins[0].moments[i].step}": {
            twin.name: [block.rms for block in twin.moments[i].blocks] for twin in result.twins
        }
        for i in (0, -1)
    }
    figure = viz.gradient_flow(panels, title=f"Gradients in a network of depth {depth}")
    Path(folder).mkdir(exist_ok=True)
    print("written:", figure.save(Path(folder) / "gradient_flow.png"))
    return shares


if __name__ == "__main__":
    main()
