"""Fine-tuning: parts of a network that stay as they are, a new head, and rates of their own for parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from autocnn import nn
from autocnn.errors import ArgumentError, OperandError, StateError

M = TypeVar("M", bound=nn.Module)


def freeze(model: M, *parts: str) -> M:
    """Keep a network, or the parts of these paths, as it is: no gradients, and batch statistics stand still.

    A part is a module or a parameter, such as "layer1", "features.0" or "conv1.weight". Batch normalisation in it
    works with its running statistics, in training too, and leaves them as they are.

    Raises StateError for a path that leads nowhere.

    >>> net = freeze(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)), "0")
    >>> [name for name, p in net.named_parameters() if p.requires_grad]
    ['1.weight', '1.bias']
    """
    return _set(model, parts, False)


def unfreeze(model: M, *parts: str) -> M:
    """Let a network, or the parts of these paths, learn again.

    Raises StateError for a path that leads nowhere.

    >>> net = unfreeze(freeze(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))), "1.bias")
    >>> [name for name, p in net.named_parameters() if p.requires_grad]
    ['1.bias']
    """
    return _set(model, parts, True)


def replace_head(model: nn.Module, num_classes: int) -> str:
    """Give a network a new last layer for so many classes, with first values of its own; returns its path.

    The head is the last linear layer or convolution: "fc" in a ResNet, "classifier.6" in VGG. A model that knows
    better has a method of this name, as the detector.

    Raises ArgumentError for a model without such a layer, or for less than one class.

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 10))
    >>> replace_head(net, 4), net[2].weight.shape
    ('2', (4, 3))
    """
    if not isinstance(num_classes, int) or num_classes < 1:
        raise ArgumentError(f"replace_head: num_classes is {num_classes!r}; it is at least 1")
    if callable(own := getattr(model, "replace_head", None)):
        return str(own(num_classes))
    layers = [(path, part) for path, part in model.named_modules() if isinstance(part, nn.Linear | nn.Conv2d)]
    if not layers or not layers[-1][0]:
        raise ArgumentError(f"replace_head: {type(model).__name__} contains no linear layer or convolution")
    path, old = layers[-1]
    new: nn.Module
    if isinstance(old, nn.Linear):
        new = nn.Linear(old.in_features, num_classes, old.bias is not None)
    else:
        new = nn.Conv2d(
            old.in_channels, num_classes, old.kernel_size, old.stride, old.padding, old.dilation,
            bias=old.bias is not None,
        )  # fmt: skip
    new.to(device=old.weight.device, dtype=old.weight.dtype).train(old.training)
    model.set_submodule(path, new)
    return path


def parameter_groups(
    model: nn.Module, lr: float, rates: Mapping[str, float], **options: Any
) -> list[dict[str, Any]]:
    """Groups for an optimiser: parts by path with rates of their own, and `lr` for the rest.

    What is frozen is left out. Where two paths lead to a parameter the longer one counts. ``options`` are given to
    every group.

    Raises StateError for a path that leads nowhere.

    >>> from autocnn import optim
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    >>> optimizer = optim.SGD(parameter_groups(net, 0.001, {"1": 0.1, "1.bias": 0.2}), lr=0.001, momentum=0.9)
    >>> [(len(group["params"]), group["lr"]) for group in optimizer.param_groups]
    [(1, 0.1), (1, 0.2), (2, 0.001)]
    """
    rates = {**rates, "": lr}
    owner = {p: part for part in sorted(rates, key=len) for p in _inside(model, part, "parameter_groups")}
    learning = [p for p in model.parameters() if p.requires_grad]
    members = {part: [p for p in learning if owner[p] == part] for part in rates}
    return [{"params": members[part], "lr": rate, **options} for part, rate in rates.items() if members[part]]


def _set(model: M, parts: Iterable[str], learns: bool) -> M:
    op = "unfreeze" if learns else "freeze"
    chosen = {p for part in parts or ("",) for p in _inside(model, part, op)}
    for parameter in chosen:
        parameter.requires_grad_(learns)
    for path, module in model.named_modules():
        if getattr(module, "running_mean", None) is None:
            continue
        weight = module._parameters.get("weight")
        if weight in chosen or (weight is None and any(_leads(part, path) for part in parts or ("",))):
            module.stands_still = not learns  # train() of the whole network reaches frozen normalisation too
            module.train(model.training)
    return model


def _inside(model: nn.Module, part: str, op: str) -> list[nn.Parameter]:
    """The parameters that a path leads to."""
    if not isinstance(part, str):
        raise OperandError(f'{op}: a part is a {type(part).__name__}; paths are needed, such as "layer1"')
    named = dict(model.named_parameters(remove_duplicate=False))
    found = [p for name, p in named.items() if _leads(part, name)]
    if part and not found:
        parts = ", ".join(dict.fromkeys(name.split(".")[0] for name in named))
        raise StateError(f"{op}: {part!r} leads to no parameter of {type(model).__name__}; its parts are {parts}")
    return found


def _leads(part: str, name: str) -> bool:
    """Whether a path leads to a parameter or module, or to what holds it; the empty one leads to all."""
    return not part or name == part or name.startswith(f"{part}.")
