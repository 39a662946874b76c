"""Make the page of a 3x3 input and a 2x2 filter again, and the picture of the page of a layer at work."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import autocnn as ac
from autocnn import data, models, optim, train
from autocnn.inspect import convolution_steps, convolution_steps_of

IMAGES = Path(__file__).resolve().parent / "images"
WEIGHT = {"mode": "weight", "o": 1, "a": 1, "b": 2}
"""What the picture explains."""


def page() -> Path:
    """The page in numbers, without a browser."""
    steps = convolution_steps([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 2], [3, 4]], gradient=[[1, -1], [0, 2]])
    path = IMAGES / "three_by_three.html"
    steps.html(path, title="A 3×3 input and a 2×2 filter")
    return path


def picture() -> Path:
    """LeNet-5, trained for a moment on digits, and its first layer on a zero; needs Playwright and Chromium."""
    from playwright.sync_api import sync_playwright

    ac.manual_seed(0)
    digits = data.load("digits")
    ready = data.Compose([data.Fit(32, "bilinear"), data.Normalize(digits.mean, digits.std, digits.scale)])
    loader = data.DataLoader(digits, 32, shuffle=True, seed=0, transform=ready)
    net = models.LeNet5()
    train.Trainer(net, optim.Adam(net.parameters(), lr=2e-3)).fit(loader, 3)
    images, labels = next(iter(data.DataLoader(digits, 32, transform=ready)))
    zero = labels.tolist().index(0)
    path = IMAGES / "convolution_steps.png"
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        file = Path(folder) / "c1.html"
        convolution_steps_of(net, images[zero : zero + 1], "c1").html(file, title="The first layer of LeNet-5")
        chromium = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = chromium.new_page(viewport={"width": 1140, "height": 800})
        tab.goto(file.as_uri())
        tab.evaluate("change => go(change)", WEIGHT)
        tab.screenshot(path=path, full_page=True)
        chromium.close()
    return path


if __name__ == "__main__":
    for made in (page(), *([] if "--page" in sys.argv else [picture()])):
        print(f"{made.name}: {made.stat().st_size:,} bytes")
