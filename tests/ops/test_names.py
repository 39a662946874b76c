"""Arguments have PyTorch's names, order and defaults: a call written for PyTorch means the same here."""

from __future__ import annotations

import inspect

import pytest

import autocnn as ac
from autocnn.engine import METHODS
from autocnn.nn import functional as F

EMPTY = inspect.Parameter.empty
LEFT_OUT = {
    "out", "names", "layout", "pin_memory", "memory_format", "generator", "device", "dtype", "out_dtype",
    "requires_grad", "sparse_grad", "implicit", "copy", "from", "_stacklevel",
}  # fmt: skip
"""Of PyTorch's arguments those that say where and how results are stored; ours where they have a meaning."""
AS_CALLED = {
    "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", "bernoulli_", "dropout", "einsum",
    "hsplit", "max_pool1d", "max_pool2d", "max_pool3d", "meshgrid", "one_hot", "rot90", "tensor_split",
    "uniform_", "unique", "vsplit",
}  # fmt: skip
"""Whose arguments PyTorch's documentation states otherwise than its schema does."""
FUNCTIONS = [
    (module, name)
    for module in (ac, F)
    for name in sorted(module.__all__)
    if inspect.isfunction(getattr(module, name)) and name not in AS_CALLED
]


def arguments(function):
    """(name, default, by keyword only) of each argument of ours."""
    listed = []
    for p in inspect.signature(function).parameters.values():
        name = getattr(function, "named", p.name) if p.kind == p.VAR_POSITIONAL else p.name
        listed.append((name, p.default, p.kind == p.KEYWORD_ONLY))
    return listed


def overloads(name, theirs):
    """The same of each of PyTorch's overloads, from its own signatures or schemas."""
    torch = pytest.importorskip("torch")
    try:
        parameters = inspect.signature(theirs).parameters.values()
        return [[(p.name, p.default, p.kind == p.KEYWORD_ONLY) for p in parameters if p.kind != p.VAR_KEYWORD]]
    except (TypeError, ValueError):
        schemas = torch._C._jit_get_schemas_for_operator(f"aten::{name}")
        own = [s for s in schemas if not any(a.is_out for a in s.arguments)]
        return [[_argument(a) for a in schema.arguments] for schema in own]


def _argument(a):
    default = a.default_value if a.has_default_value() else EMPTY
    if isinstance(default, list):  # [] stands for None, [1, 1] for 1
        default = default[0] if default else None
    return "input" if a.name == "self" else a.name, default, a.kwarg_only


def difference(ours, theirs, left_out=LEFT_OUT):
    """The first thing in which our arguments are not PyTorch's, or None."""
    ours = [a for a in ours if a[0] not in left_out]
    known = {name: default for name, default, _ in ours}
    for place, (name, default, only) in enumerate(a for a in theirs if a[0] not in left_out):
        if name not in known:
            return f"no {name}"
        if not only and (place >= len(ours) or ours[place][0] != name):
            return f"{name} stands elsewhere"
        if default is not EMPTY and known[name] is EMPTY:
            return f"{name} has no default"
        if default is not EMPTY and default is not None and known[name] != default:
            return f"{name} is {known[name]} by default, not {default}"
    return None


@pytest.mark.torch
@pytest.mark.parametrize(("module", "name"), FUNCTIONS, ids=[f"{m.__name__}.{n}" for m, n in FUNCTIONS])
def test_functions_take_pytorchs_arguments(module, name):
    torch = pytest.importorskip("torch")
    theirs = getattr(torch if module is ac else torch.nn.functional, name, None)
    found = [difference(arguments(getattr(module, name)), t) for t in overloads(name, theirs)] if theirs else []
    assert not found or None in found, found


@pytest.mark.torch
@pytest.mark.parametrize("name", sorted(n for n in METHODS if not n.startswith("_")))
def test_methods_take_pytorchs_arguments(name):
    torch = pytest.importorskip("torch")
    pure = METHODS.get(name.rstrip("_"), METHODS[name])
    theirs = getattr(torch.Tensor, name, None)
    if not inspect.isfunction(pure) or theirs is None or name in AS_CALLED:
        return
    ours = arguments(pure)[1:]
    found = [difference(ours, t[1:]) for t in overloads(name, theirs)]
    assert not found or None in found, found


def test_first_arguments_may_be_named():
    x = ac.tensor([[-1.0, 2.0]])
    assert F.relu(input=x).tolist() == [[0.0, 2.0]]
    assert ac.permute(input=x, dims=(1, 0)).shape == ac.reshape(input=x, shape=(2, 1)).shape == (2, 1)
    assert F.linear(input=x, weight=ac.tensor([[1.0, 1.0]])).tolist() == [[1.0]]
    assert [p.shape for p in x.split(split_size=1, dim=1)] == [(1, 1), (1, 1)]
    assert F.relu_(x) is x
