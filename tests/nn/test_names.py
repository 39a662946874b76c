"""Classes take PyTorch's arguments, by name, by position and by default, when made and when used."""

from __future__ import annotations

import inspect

import pytest

from autocnn import nn, optim
from autocnn.optim import lr_scheduler
from tests.ops.test_names import difference

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

OPEN = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
PLACES = [(nn, torch.nn), (optim, torch.optim), (lr_scheduler, torch.optim.lr_scheduler)]
CLASSES = [
    (getattr(ours, name), getattr(theirs, name))
    for ours, theirs in PLACES
    for name in sorted(ours.__all__)
    if inspect.isclass(getattr(ours, name)) and name != "Parameter" and hasattr(theirs, name)
]
METHODS = [
    (ours, theirs, name)
    for ours, theirs in CLASSES
    for name, own in vars(theirs).items()
    if inspect.isfunction(own) and not name.startswith("_") and hasattr(ours, name)
]
FUNCTIONS = [
    (getattr(ours, name), getattr(theirs, name))
    for ours, theirs in [(nn.init, torch.nn.init), (nn.utils, torch.nn.utils)]
    for name in sorted(vars(ours))
    if inspect.isfunction(getattr(ours, name)) and not name.startswith("_") and hasattr(theirs, name)
]


def named(default):
    """A function that is a default, by its name: ours and PyTorch's are two."""
    return default.__name__ if inspect.isfunction(default) else default


def arguments(function):
    """(name, default, by keyword only) of each argument that has a name."""
    listed = [
        p for p in inspect.signature(function).parameters.values() if p.name != "self" and p.kind not in OPEN
    ]
    return [(p.name, named(p.default), p.kind == p.KEYWORD_ONLY) for p in listed]


@pytest.mark.parametrize(("ours", "theirs"), CLASSES, ids=[c.__name__ for c, _ in CLASSES])
def test_classes_take_pytorchs_arguments(ours, theirs):
    assert difference(arguments(ours.__init__), arguments(theirs.__init__), left_out=set()) is None


@pytest.mark.parametrize(("ours", "theirs", "name"), METHODS, ids=[f"{c.__name__}.{n}" for c, _, n in METHODS])
def test_methods_of_classes_take_pytorchs_arguments(ours, theirs, name):
    mine = inspect.signature(getattr(ours, name)).parameters.values()
    if name == "forward" and any(p.kind in OPEN for p in mine):  # a module that has none
        return
    assert difference(arguments(getattr(ours, name)), arguments(getattr(theirs, name)), left_out=set()) is None


@pytest.mark.parametrize(("ours", "theirs"), FUNCTIONS, ids=[f.__name__ for f, _ in FUNCTIONS])
def test_init_and_utils_take_pytorchs_arguments(ours, theirs):
    assert difference(arguments(ours), arguments(theirs), left_out=set()) is None
