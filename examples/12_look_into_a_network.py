"""Train a small residual network, then look into it: why this class, what a unit likes, what a shift changes."""

from __future__ import annotations

from pathlib import Path

import autocnn as ac
from autocnn import data, inspect, models, optim, train, viz
from autocnn.nn import functional as F


def main(epochs: int = 3, images: int = 4, folder: str = ".") -> dict[str, float]:
    """Train, look, draw; returns a few numbers about what was seen."""
    ac.manual_seed(0)
    digits, held_out = data.load("digits"), data.load("digits", split="test")
    ready = data.Compose([data.Fit(16, "bilinear"), data.Normalize(digits.mean, digits.std, digits.scale)])
    loader = data.DataLoader(digits, 32, shuffle=True, seed=0, transform=ready)
    check = data.DataLoader(held_out, 256, transform=ready)
    seen = next(iter(data.DataLoader(digits, 512, transform=ready)))[0]  # what it was trained on

    net = models.CifarResNet(8, in_channels=1)
    trainer = train.Trainer(net, optim.SGD(net.parameters(), lr=0.05, momentum=0.9))
    trainer.fit(loader, epochs)
    accuracy = float(trainer.evaluate(check).accuracy or 0.0)
    print(f"{accuracy:.1%} of the digits that it has never seen")
    print(inspect.summary(net, seen[:1]))

    x, y = next(iter(check))
    x, y = x[:images], y[:images]
    pictures = {
        "why": why(net, x, y),
        "filters": viz.filters(inspect.filters(net), title="Filters of the first layer"),
        "maps": maps(net, x),
        "patches": patches(net, seen),
        "made": made(net),
    }
    pictures["moved"], inside = moved(net, x)
    inspect.convolution_steps_of(net, x[:1], "conv1").html(Path(folder) / "conv1.html")  # window by window
    for name, picture in pictures.items():
        print("written:", picture.save(Path(folder) / f"{name}.svg"))
    gap = max(inspect.integrated_gradients(net, x).gaps)
    return {"accuracy": accuracy, "gap": gap, "before a stride": inside["layer1"], "behind it": inside["layer2"]}


def why(net: models.CifarResNet, x: ac.Tensor, y: ac.Tensor) -> viz.Figure:
    """Six answers to: which pixels speak for this class?"""
    shares = inspect.integrated_gradients(net, x)
    print(shares)
    dark = float(x.min())
    answers = {
        "saliency": inspect.saliency(net, x),
        "SmoothGrad": inspect.smooth_grad(net, x),
        "guided\nbackprop": inspect.guided_backprop(net, x),
        "Grad-CAM\nof layer2": inspect.grad_cam(net, x, "layer2"),
        "integrated\ngradients": shares.values,
        "occlusion": inspect.occlusion(net, x, window=4, stride=1, fill=dark),
    }
    return viz.heatmaps(x.array, answers, names=[f"a {k}" for k in y.tolist()], title="Why this class?")


def maps(net: models.CifarResNet, x: ac.Tensor) -> viz.Figure:
    """What layers make of one image. A path is a module's, and means what leaves it, behind the skip."""
    found = inspect.feature_maps(net, x[:1], ["conv1", "layer1", "layer2", "layer3", "fc"])
    return viz.feature_maps({path: values[0] for path, values in found.items()}, title="Maps of one image")


def patches(net: models.CifarResNet, images: ac.Tensor) -> viz.Figure:
    """What in the training images four units of layer1 answer to most, as large as they see."""
    found = {f"channel {k}": inspect.nearest_patches(net, images, "layer1", k).patches for k in range(4)}
    return viz.tiles(found, title="Training patches nearest to what units of layer1 look for")


def made(net: models.CifarResNet) -> viz.Figure:
    """Images climbed to from noise, for channels of layer2."""
    found = {
        f"channel {k}": inspect.maximise(net, "layer2.0.conv2", k, (1, 16, 16), starts=6, steps=64).images
        for k in range(4)
    }
    return viz.tiles(found, title="Images made to excite channels of layer2")


def moved(net: models.CifarResNet, x: ac.Tensor) -> tuple[viz.Figure, dict[str, float]]:
    """How far f(Tx) is from T f(x); and for a shift by one, inside the borders, before and behind a stride."""
    x = F.pad(x, (12, 12, 12, 12), value=float(x.min()))  # room to move in
    motions = [inspect.shift(right=d) for d in range(1, 5)] + [inspect.flip(), inspect.turn()]
    found = [inspect.equivariance(net, motion, x) for motion in motions]
    print(found[0])
    layers = [path for path in found[0].errors() if not any(x in path for x in ("bn", "relu")) and path != "-"]
    table = {each.transform: {path: each.errors()[path] for path in layers} for each in found}
    figure = viz.equivariance(table, title="How far f(Tx) is from T f(x), inside the borders")
    return figure, {path: found[0][path].inside for path in ("layer1", "layer2")}


if __name__ == "__main__":
    main()
