"""The networks of a study: twins with the same first values, without skips and with them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from autocnn.errors import AutocnnError, UsageError

if TYPE_CHECKING:
    from autocnn.cli.study.images import Images
    from autocnn.cli.study.settings import Settings

RECTIFIERS = ("relu", "leaky_relu", "gelu", "silu", "elu")


def good_init(activation: str) -> str:
    """The way of drawing first values that is known to suit an activation: He's, or else orthogonal.

    >>> good_init("relu"), good_init("tanh")
    ('he', 'orthogonal')
    """
    return "he" if activation in RECTIFIERS else "orthogonal"


def built(settings: Settings, images: Images, **options: Any) -> Any:
    """The deep network of the settings; options say what is to be otherwise."""
    from autocnn import models

    channels, height, width = images.shape
    if height != width:
        raise UsageError(f"study: --data {settings.data} has images of {height}x{width}; square ones are needed")
    chosen = {
        "activation": settings.activation,
        "init": settings.init,
        "norm": None if settings.norm == "none" else settings.norm,
        "depth": settings.depth,
        "width": settings.width,
        "channels": channels,
        "size": height,
        "classes": images.classes,
        **options,
    }
    return models.DeepNet(**chosen)


def twins_of(settings: Settings, images: Images, seed: int) -> dict[str, Any]:
    """Both networks of a seed, with the same first values."""
    from autocnn import flow, nn

    if settings.model is None:
        return {
            name: nn.init.by_path(partial(built, settings, images, skips=skips), seed)
            for name, skips in (("plain", False), ("skip", True))
        }
    own = _own(settings.model, seed)
    x, _ = next(images.batches(seed))
    return {"plain": flow.without_skips(own, x[:2]), "skip": own}


def _own(model: str, seed: int) -> Any:
    """The network that the factory in a file makes, from the same draws for the same seed."""
    from autocnn import nn
    from autocnn.cli.model import model_of

    return nn.init.by_path(lambda: model_of(model), seed)


def check(settings: Settings, images: Images) -> list[str]:
    """The paths of the blocks that are measured; none where they are known to be `blocks`.

    Raises UsageError if a network from a file does not take the images, or has no blocks with skips.
    """
    from autocnn import flow
    from autocnn.cli.model import blaming, name_of
    from autocnn.engine import Tensor

    if settings.model is None:
        built(settings, images, skips=False)
        return []
    own = _own(settings.model, settings.seeds[0])
    x, _ = next(images.batches(settings.seeds[0]))
    try:
        with blaming(settings.model):
            scores = own(x[:2])
    except AutocnnError as error:
        size = "x".join(map(str, images.shape))
        raise UsageError(f"study: {settings.model} does not take {settings.data} ({size}): {error}") from error
    if not isinstance(scores, Tensor):
        raise UsageError(
            f"study: {settings.model} gives a {type(scores).__name__} for 2 images; one tensor of scores "
            f"(2, {images.classes}) is needed. Return that alone"
        )
    if scores.ndim != 2 or scores.shape[1] < images.classes:
        raise UsageError(
            f"study: {settings.model} gives {tuple(scores.shape)} for 2 images; {settings.data} has "
            f"{images.classes} classes, so (2, {images.classes}) is needed"
        )
    paths = list(dict.fromkeys(join.path.replace("/", ".") for join in flow.joins_of(own, x[:2])))
    if len(paths) < 2 or "" in paths:
        raise UsageError(
            f"study: {name_of(own)} has {len(paths)} modules with a skip of their own; two or more are needed, "
            "between which the gradient is compared"
        )
    return paths


def blocks(net: Any, paths: list[str]) -> list[Any]:
    """The modules whose outputs are measured, the one nearest the input first."""
    if not paths:
        return list(net.blocks)
    known = dict(net.named_modules())
    return [known[path] for path in paths]
