"""Why this class: what the score of an image depends on, pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autocnn.backend.arrays import namespace
from autocnn.backend.random import Generator
from autocnn.engine.gradient import Parts
from autocnn.engine.tape import Node, Number
from autocnn.errors import ArgumentError
from autocnn.flow.cotangents import Exact
from autocnn.inspect.look import Target, scored
from autocnn.ops import randn
from autocnn.types import Array

Model = Callable[..., Any]


def input_gradient(model: Model, x: Any, target: Target = None) -> Array:
    """The gradient of each image's score by its pixels, (N, C, H, W), in eval mode.

    >>> import autocnn as ac
    >>> net = ac.nn.Sequential(ac.nn.Flatten(), ac.nn.Linear(4, 2))
    >>> bool((input_gradient(net, ac.ones(1, 1, 2, 2), 1).ravel() == net[1].weight.array[1]).all())
    True
    """
    return scored(model, x, target).gradient()


def saliency(model: Model, x: Any, target: Target = None) -> Array:
    """How much each pixel could change the score: the largest magnitude of the gradient over channels, (N, H, W).

    Source: Simonyan, Vedaldi and Zisserman (2014).

    >>> import autocnn as ac
    >>> saliency(ac.models.LeNet5(), ac.rand(2, 1, 32, 32)).shape
    (2, 32, 32)
    """
    return abs(input_gradient(model, x, target)).max(1)


def smooth_grad(
    model: Model, x: Any, target: Target = None, *, samples: int = 32, noise: float = 0.15, seed: int = 0,
    batch: int = 64,
) -> Array:  # fmt: skip
    """The mean gradient over noisy copies of each image, (N, C, H, W).

    ``noise`` is the standard deviation, as a share of the image's own range. The class is that of the clean image.
    Source: Smilkov, Thorat, Kim, Viegas and Wattenberg (2017).

    >>> import autocnn as ac
    >>> net = ac.nn.Sequential(ac.nn.Flatten(), ac.nn.Linear(4, 2))
    >>> abs(smooth_grad(net, ac.rand(1, 1, 2, 2), 0).ravel() - net[1].weight.array[0]).max() < 1e-6
    np.True_
    """
    if samples < 1 or noise < 0:
        raise ArgumentError(f"smooth_grad: samples and noise are {samples} and {noise}; at least 1 and 0")
    first = scored(model, x, target)
    images = first.images.array
    generator, device = Generator(seed), str(first.images.device)
    axes = tuple(range(1, images.ndim))
    spread = noise * (images.max(axes, keepdims=True) - images.min(axes, keepdims=True))
    total = namespace(images).zeros_like(images)
    for image in range(images.shape[0]):
        for some in _portions(samples, batch):
            shape = (some, *images.shape[1:])
            noisy = (
                images[image]
                + spread[image] * randn(*shape, generator=generator, dtype=images.dtype, device=device).array
            )
            picked = _repeated(first.target, image, some)
            total[image] += scored(model, noisy.astype(images.dtype), picked).gradient().sum(0)
    return total / samples


class Guided(Exact):
    """The gradient, of which each rectifier lets only what is positive pass."""

    def apply(self, node: Node, g: Any) -> Sequence[Any]:
        """Cut off what is negative, then the rule of the rectifier itself."""
        if g is not None and type(g) is not Parts and is_rectifier(node):
            g = namespace(g).maximum(g, 0)
        return super().apply(node, g)


def guided_backprop(model: Model, x: Any, target: Target = None) -> Array:
    """The gradient with every rectifier passing positive gradients only, (N, C, H, W).

    A rectifier is what computes max(x, 0), in whatever spelling: relu, `F.relu`, in place, clamp, maximum, relu6,
    fused with a convolution; the sweep knows it by its op, not by a module. It shows edges rather than the class
    (Adebayo et al. 2018). Source: Springenberg, Dosovitskiy, Brox and Riedmiller (2015).

    >>> import autocnn as ac
    >>> guided_backprop(lambda x: (-x).relu() - x.relu(), ac.tensor([[-1.0, 2.0]]), 1).tolist()
    [[0.0, 0.0]]
    """
    return scored(model, x, target).gradient(algebra=Guided)


def is_rectifier(node: Node) -> bool:
    """Whether an op computes max(x, 0), perhaps with a bound above."""
    params = node.params
    match node.name:
        case "relu" | "conv_bias_relu":
            return True
        case "clamp" | "hardtanh":
            return bool(params["low"] == 0)
        case "threshold":
            return bool(params["at"] == 0 and params["value"] == 0)
        case "maximum":
            saved = node.saved if isinstance(node.saved, tuple) else ()
            return any(isinstance(edge, Number) and edge.value == 0 for edge in node.edges) or any(
                kept is not None and getattr(kept, "size", 0) == 1 and not kept.any() for kept in saved
            )
        case _:
            return False


def grad_cam(model: Model, x: Any, layer: str, target: Target = None) -> Array:
    """Where a layer speaks for the class: relu of its maps, each weighted by its mean gradient, (N, h, w).

    ``layer`` is a path such as ``layer4``; what is meant is the value that leaves that module, behind the addition
    of a skip, and as it was before anything overwrote it. Source: Selvaraju et al. (2017).

    Raises ArgumentError for a layer that has no maps.

    >>> import autocnn as ac
    >>> grad_cam(ac.models.resnet20(), ac.rand(1, 3, 32, 32), "layer2").shape
    (1, 16, 16)
    """
    found = scored(model, x, target, [layer])
    made = found.look[layer]
    if made.value.ndim != 4:
        raise ArgumentError(f"grad_cam: {layer} makes {tuple(made.value.shape)}; maps (N, C, h, w) are needed")
    weights = found.gradient(made.node).mean((2, 3), keepdims=True)
    xp = namespace(made.value)
    return xp.maximum((weights * made.value).sum(1), 0)


def occlusion(
    model: Model, x: Any, target: Target = None, *, window: int = 8, stride: int | None = None, fill: float = 0.0,
    batch: int = 64,
) -> Array:  # fmt: skip
    """How much the score falls when a square hides a pixel: the mean over the squares that do, (N, H, W).

    Squares of ``window`` pixels stand ``stride`` apart, by default half their side, and are filled with ``fill``.
    Source: Zeiler and Fergus (2014).

    >>> import autocnn as ac
    >>> net = ac.nn.Sequential(ac.nn.Flatten(), ac.nn.Linear(16, 2))
    >>> drop = occlusion(net, ac.ones(1, 1, 4, 4), 0, window=1)
    >>> abs(drop.ravel() - net[1].weight.array[0]).max() < 1e-6
    np.True_
    """
    first = scored(model, x, target)
    images, clean = first.images.array, first.scores.array
    if images.ndim != 4 or not 1 <= window <= min(images.shape[2:]):
        raise ArgumentError(
            f"occlusion: window is {window} for images {images.shape}; it must fit into (N, C, H, W)"
        )
    step = max(window // 2, 1) if stride is None else stride
    corners = [
        (top, left)
        for top in _starts(images.shape[2], window, step)
        for left in _starts(images.shape[3], window, step)
    ]
    xp = namespace(images)
    falls = xp.zeros((images.shape[0], *images.shape[2:]), "float64")
    times = xp.zeros(images.shape[2:], "float64")
    for top, left in corners:
        times[top : top + window, left : left + window] += 1
    for image in range(images.shape[0]):
        for begin in range(0, len(corners), batch):
            some = corners[begin : begin + batch]
            hidden = xp.repeat(images[image : image + 1], len(some), axis=0)
            for row, (top, left) in enumerate(some):
                hidden[row, :, top : top + window, left : left + window] = fill
            scores = _only_scores(model, hidden, _repeated(first.target, image, len(some)))
            for (top, left), score in zip(some, scores, strict=True):
                falls[image, top : top + window, left : left + window] += float(clean[image]) - float(score)
    return falls / times


def _only_scores(model: Model, images: Array, target: Any) -> Array:
    return scored(model, images, target, record=False).scores.array


def _starts(length: int, window: int, step: int) -> list[int]:
    """Where windows begin, the last one flush with the end."""
    if step < 1:
        raise ArgumentError(f"occlusion: stride is {step}; it is at least 1")
    return sorted({*range(0, length - window + 1, step), length - window})


def _repeated(target: Any, image: int, times: int) -> Any:
    return target if callable(target) else (target[image],) * times


def _portions(count: int, most: int) -> Iterator[int]:
    while count > 0:
        yield min(count, most)
        count -= most


__all__ = [
    "Guided", "grad_cam", "guided_backprop", "input_gradient", "is_rectifier", "occlusion", "saliency",
    "smooth_grad",
]  # fmt: skip
