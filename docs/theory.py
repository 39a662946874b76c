"""Draw the figures of the page on theory again: the toy model in both readings, and predictions beside draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import autocnn as ac
from autocnn import flow, viz
from autocnn.flow import theory
from autocnn.models import DeepNet

IMAGES = Path(__file__).resolve().parent / "images"
COLUMNS = {"none": "no skip: C(θ)", "long": "one long skip: C(θ) + θ", "every": "a skip at every layer"}
ROWS = {"theta": "gradient at θ", "first weight": "gradient at the first layer's weight"}
TITLES = {"power": "C(θ) = tanh(θ)ⁿ", "chain": "C(θ) = tanh(tanh(... tanh(θ))), n times"}
SETTINGS = {
    "tanh, default initialisation": {"activation": "tanh"},
    "tanh, LeCun": {"activation": "tanh", "init": "lecun"},
    "GELU, He": {"activation": "gelu", "init": "he"},
    "ReLU, He": {"activation": "relu", "init": "he"},
    "ReLU, He, batch norm": {"activation": "relu", "init": "he", "norm": "batch"},
    "ReLU, He, batch norm first (pre-activation)": {
        "activation": "relu", "init": "he", "norm": "batch", "pre_activation": True,
    },
}  # fmt: skip
DRAWS = 3


def toy_model(reading: str) -> viz.Figure:
    """Lines from the closed forms, dots from the engine."""

    def curves(places: list[float], engine: bool) -> dict[str, dict[str, dict[int, dict[float, float]]]]:
        found = flow.toy(places, readings=[reading]).curves(reading, engine=engine)
        return {ROWS[at]: {COLUMNS[skip]: lines for skip, lines in row.items()} for at, row in found.items()}

    fine, few = [i / 50 for i in range(1, 201)], [0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
    title = f"{TITLES[reading]}: closed forms (lines) and the engine (dots)"
    return viz.toy(curves(fine, engine=False), dots=curves(few, engine=True), title=title)


def predictions() -> viz.Figure:
    """By block, from theory and from three draws of the weights."""
    images = ac.tensor(np.random.default_rng(0).standard_normal((32, 1, 8, 8)).astype(np.float32))
    labels = ac.arange(32) % 10
    panels: dict[str, dict[str, tuple[list[float], list[list[float]]]]] = {}
    for setting, options in SETTINGS.items():
        for name in ("plain", "residual"):
            draws = []
            for seed in range(DRAWS):
                ac.manual_seed(seed)
                net = DeepNet(56, 16, skips=name == "residual", **options)
                draws.append(theory.predict(net, images, labels).blocks("blocks"))
            measured = [[block.gradient_measured for block in blocks] for blocks in draws]
            panels.setdefault(setting, {})[name] = [block.gradient for block in draws[0]], measured
    title = "Theory (lines) and three draws of the weights (dots): 56 layers, 16 channels, 8x8 images"
    return viz.theory(panels, x="block (1 is nearest the input)", title=title)


def main() -> list[Path]:
    """Draw all; returns the files."""
    figures = {f"toy_{reading}": toy_model(reading) for reading in TITLES}
    figures["theory"] = predictions()
    return [figure.save(IMAGES / f"{name}.svg") for name, figure in figures.items()]


if __name__ == "__main__":
    for picture in main():
        print(f"{picture.name}: {picture.stat().st_size:,} bytes")
