"""The engine of checks: every law, for every primitive, in every case of the table.

A primitive without a row fails in test_table.py; with one, its value, its derivatives of first and
second order, dtypes, devices, layouts, purity and economy are checked by what follows.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autocnn
from autocnn.backend.arrays import to_device, to_numpy
from autocnn.engine import Primitive, Tensor, grad, tape
from autocnn.graph import params
from autocnn.testing import gradcheck, gradgradcheck
from autocnn.testing.standin import StandIn
from tests.ops.case import Case
from tests.ops.cases import CASES

ENGINE = {"item", "alias", "detach", "function"}
"""Primitives that compute nothing themselves: the engine's, which move no number (tests/engine/ has their tests),
and that which runs a function of the user's own (tests/compat/)."""


def ours() -> list[Primitive]:
    """The library's own primitives: those that stand in one of its modules."""
    for module in pkgutil.walk_packages(autocnn.__path__, "autocnn."):
        if module.name.startswith(("autocnn.ops", "autocnn.engine", "autocnn.nn")):
            importlib.import_module(module.name)
    modules = [module for name, module in sys.modules.items() if name.startswith("autocnn.")]
    found = {id(p): p for module in modules for p in vars(module).values() if isinstance(p, Primitive)}
    return [p for p in found.values() if p.name not in ENGINE]


EVERY = ours()
OURS = {p.name: p for p in EVERY}


def cases(which: Callable[[Primitive, Case], bool]) -> Any:
    """Run a check in the cases where it has something to say."""
    rows = [(n, i) for n, row in CASES.items() if n in OURS for i, c in enumerate(row) if which(OURS[n], c)]
    return pytest.mark.parametrize(("name", "i"), rows, ids=[f"{n}-{i}" for n, i in rows])


def has_derivative(p: Primitive, case: Case, order: int = 1) -> bool:
    """Whether there is a derivative of this order to look at."""
    inputs = case.arrays(p.name)
    return case.order >= order and p.differentiable and any(map(_is_float, inputs)) and _is_float(_first(p, case))


def _first(p: Primitive, case: Case) -> Any:
    return several(p(*case.arrays(p.name), **case.params))[0]


def _is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def several(z: Any) -> tuple[Any, ...]:
    """Outputs as a tuple, however many there are."""
    return z if isinstance(z, tuple) else (z,)


every_case = cases(lambda p, case: True)
differentiable = cases(has_derivative)
twice_differentiable = cases(lambda p, case: has_derivative(p, case, 2) and not case.tied)


def at(name: str, i: int) -> tuple[Primitive, Case, list[Any]]:
    """The primitive, the case, its inputs."""
    case = CASES[name][i]
    return OURS[name], case, case.arrays(f"{name}-{i}")


def run(
    p: Primitive, case: Case, arrays: list[Any], device: str = "cpu"
) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """Leaves, and the outputs that the primitive makes of them."""
    leaves = [leaf(x, device) for x in arrays]
    return leaves, several(p(*leaves, **case.params))


def leaf(x: Any, device: str) -> Any:
    if not isinstance(x, np.ndarray):
        return x
    return Tensor(to_device(x, device)).requires_grad_(x.dtype.kind == "f")


def seeds(outputs: tuple[Tensor, ...]) -> list[Any]:
    """A fixed cotangent for each output that has one."""
    random = np.random.default_rng(7)
    return [random.standard_normal(y.shape).astype(y.dtype) for y in outputs if y.requires_grad]


def gradients(
    leaves: list[Any], outputs: tuple[Tensor, ...], device: str = "cpu", weights: Any = None, **how: bool
) -> list[Any]:
    """The gradients of all leaves that can have one; None where nothing flows."""
    roots = [y for y in outputs if y.requires_grad]
    wanted = [x for x in leaves if isinstance(x, Tensor) and x.requires_grad]
    if not roots or not wanted:
        return []
    given = [Tensor(to_device(v, device)) for v in (seeds(outputs) if weights is None else weights)]
    return list(grad(roots, wanted, given, allow_unused=True, **how))


def numpy_of(tensor: Tensor | None) -> Any:
    return None if tensor is None else to_numpy(tensor.array)


def assert_same(found: Any, expected: Any, rtol: float = 1e-11) -> None:
    """Equal up to rounding, dtypes and missing gradients included."""
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        a, b = numpy_of(a), numpy_of(b)
        assert (a is None) == (b is None)
        if a is not None:
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


def assert_same_bits(found: Any, expected: Any) -> None:
    assert_same(found, expected, rtol=0)


# Values ---------------------------------------------------------------------------------------------------------


@every_case
def test_value_is_the_oracles(name: str, i: int) -> None:
    p, case, arrays = at(name, i)
    _, outputs = run(p, case, arrays)
    if case.law is not None:
        assert case.law(*[y.array for y in outputs], *arrays)
    if case.oracle is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = several(case.oracle(*arrays))
        assert len(outputs) == len(expected)
        for y, e in zip(outputs, expected, strict=True):
            assert y.shape == np.shape(e)
            assert y.dtype == np.asarray(e).dtype
            np.testing.assert_allclose(y.array, e, rtol=case.rtol, atol=case.rtol)
    assert case.law is not None or case.oracle is not None


@every_case
def test_precision_is_kept(name: str, i: int) -> None:
    p, case, arrays = at(name, i)
    for dtype in (np.float32, np.float64):
        leaves, outputs = run(p, case, [x.astype(dtype) if _is_float(x) else x for x in arrays])
        if any(map(_is_float, arrays)) and "dtype" not in case.params:
            assert {y.dtype for y in outputs if y.dtype.kind == "f"} <= {np.dtype(dtype)}
        for g in gradients(leaves, outputs):
            assert g is None or g.dtype == dtype


# Derivatives ----------------------------------------------------------------------------------------------------


@differentiable
def test_first_derivative(name: str, i: int) -> None:
    p, case, arrays = at(name, i)
    along = [np.ones_like(x) for x in arrays if _is_float(x)] if case.tied else None
    gradcheck(lambda *xs: p(*xs, **case.params), arrays, along=along)


@twice_differentiable
def test_second_derivative(name: str, i: int) -> None:
    p, case, arrays = at(name, i)
    gradgradcheck(lambda *xs: p(*xs, **case.params), arrays, mode="fast")


@cases(lambda p, case: bool(case.linear))
def test_adjoint_law(name: str, i: int) -> None:
    """<v, A x> = <A* v, x> for an op A that is linear in x."""
    p, case, arrays = at(name, i)
    leaves, outputs = run(p, case, arrays)
    images = sum(np.sum(v * y.array) for v, y in zip(seeds(outputs), outputs, strict=True))
    found = iter(gradients(leaves, outputs))
    adjoints = {at: next(found) for at, x in enumerate(arrays) if _is_float(x)}
    for k in case.linear:
        np.testing.assert_allclose(np.sum(adjoints[k].array * arrays[k]), images, rtol=1e-10, atol=1e-10)


@cases(lambda p, case: p.fast_rule is not None and case.order > 0)
def test_fast_rule_is_the_definition(name: str, i: int) -> None:
    p, case, arrays = at(name, i)
    leaves, outputs = run(p, case, arrays)
    fast = gradients(leaves, outputs, retain_graph=True)
    definition = gradients(leaves, outputs, create_graph=True)
    assert_same(fast, [None if g is None else g.detach() for g in definition])


@differentiable
def test_record_mode_is_plain_mode_to_the_bit(name: str, i: int) -> None:
    p, case, arrays = at(name, i)
    plain, twice = gradients(*run(p, case, arrays)), gradients(*run_twice(p, case, arrays))
    with tape.context(watch=tape.Watcher()):
        assert_same_bits(gradients(*run(p, case, arrays)), plain)
        assert_same_bits(gradients(*run_twice(p, case, arrays)), twice)


def run_twice(p: Primitive, case: Case, arrays: list[Any]) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """Leaves, and the outputs of two calls on them: the parts of their gradients meet."""
    leaves, outputs = run(p, case, arrays)
    return leaves, (*outputs, *several(p(*leaves, **case.params)))


@differentiable
def test_gradients_add_up_where_inputs_are_used_three_times(name: str, i: int) -> None:
    p, case, arrays = at(name, i)
    leaves, once = run(p, case, arrays)
    single = gradients(leaves, once, retain_graph=True)
    thrice = (*once, *several(p(*leaves, **case.params)), *several(p(*leaves, **case.params)))
    found = gradients(leaves, thrice, weights=3 * seeds(once))
    assert_same(found, [None if g is None else Tensor(g.array * 3.0) for g in single])


# Where the arrays live, and how they lie ------------------------------------------------------------------------


@cases(lambda p, case: p.name != "to_device" and any(isinstance(x, np.ndarray) for x in case.arrays(p.name)))
def test_stand_in_device_is_numpy(name: str, i: int) -> None:
    p, case, arrays = at(name, i)
    there, outputs = run(p, case, arrays, "standin:0")
    assert {type(y.array) for y in outputs} == {StandIn}
    here, expected = run(p, case, arrays)
    assert_same(outputs, expected)
    for how in WAYS:
        found = gradients(there, outputs, "standin:0", **how)
        assert {type(g.array) for g in found if g is not None} <= {StandIn}
        assert_same(found, gradients(here, expected, **how))


@every_case
def test_layout_does_not_matter(name: str, i: int) -> None:
    p, case, arrays = at(name, i)
    here, expected = run(p, case, arrays)
    wanted = gradients(here, expected)
    for lay in (channels_last, strided, fortran):
        moved = [lay(x) if isinstance(x, np.ndarray) else x for x in arrays]
        there, outputs = run(p, case, moved)
        assert_same(outputs, expected)
        assert_same(gradients(there, outputs), wanted)


def channels_last(x: Any) -> Any:
    """The same values with the second axis innermost in memory, where there are 3 to 5 axes."""
    if x.ndim not in (3, 4, 5):
        return x.copy()
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)


def strided(x: Any) -> Any:
    """The same values in every second place of a larger array."""
    wide = np.zeros(tuple(2 * n for n in x.shape), x.dtype)
    place = wide[(*[slice(None, None, 2)] * x.ndim, ...)]
    place[...] = x
    return place


def fortran(x: Any) -> Any:
    """The same values, the first axis innermost in memory."""
    return np.array(x, order="F")


# Purity and economy ---------------------------------------------------------------------------------------------


@every_case
def test_nothing_is_written_to(name: str, i: int) -> None:
    """Inputs, outputs and cotangents are locked; the same inputs give the same bits again."""
    p, case, arrays = at(name, i)
    for x in arrays:
        if isinstance(x, np.ndarray):
            x.flags.writeable = False
    leaves, outputs = run(p, case, arrays)
    for y in outputs:
        y.array.flags.writeable = False
    with locked_seeds():
        first = gradients(leaves, outputs, retain_graph=True)
        gradients(leaves, outputs, create_graph=True)
    _, again = run(p, case, arrays)
    assert_same_bits(again, outputs)
    assert_same_bits(gradients(leaves, outputs), first)


def locked_seeds() -> Any:
    made = seeds

    def locked(outputs: tuple[Tensor, ...]) -> list[Any]:
        found = made(outputs)
        for v in found:
            v.flags.writeable = False
        return found

    patch = pytest.MonkeyPatch()
    patch.setitem(globals(), "seeds", locked)
    return _undone(patch)


class _undone:
    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch = patch

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        self.patch.undo()


ALIASES = {"gate", "to_device"}
"""These hand their input on: `gate` links the views itself, moves to where a tensor is already do nothing."""


@every_case
def test_only_views_share_memory(name: str, i: int) -> None:
    p, case, arrays = at(name, i)
    _, outputs = run(p, case, arrays)
    for y in outputs:
        shared = any(isinstance(x, np.ndarray) and np.shares_memory(x, y.array) for x in arrays)
        assert p.view or not shared or name in ALIASES


@every_case
def test_params_survive_json(name: str, i: int) -> None:
    _, case, _ = at(name, i)
    plain = params.plain(case.params)
    back = _tuples(json.loads(json.dumps(plain)))
    assert params.live(back) == dict(case.params)


def _tuples(x: Any) -> Any:
    """What JSON made lists, as tuples."""
    if isinstance(x, list):
        return tuple(_tuples(part) for part in x)
    return {k: _tuples(v) for k, v in x.items()} if isinstance(x, dict) else x


@pytest.mark.parametrize("name", sorted(set(CASES) & set(OURS)))
def test_everything_saved_is_needed(name: str) -> None:
    """Without any one of its saved arrays a rule fails, in one case at least: nothing is kept for nothing."""
    kept: set[int] = set()
    missed: set[int] = set()
    for i, case in enumerate(CASES[name]):
        p, case, arrays = at(name, i)
        if case.order and p.differentiable and any(map(_is_float, arrays)):
            _without_each(p, case, arrays, kept, missed)
    assert kept - missed == set(), f"{name} saves what no rule reads: slots {sorted(kept - missed)}"


def _without_each(p: Primitive, case: Case, arrays: list[Any], kept: set[int], missed: set[int]) -> None:
    """Take the saved arrays away one at a time; note which were kept and which were missed."""
    leaves, outputs = run(p, case, arrays)
    node = next((y.grad_fn for y in outputs if y.requires_grad), None)
    if node is None:
        return
    node = node.edges[0] if p.outputs else node
    saved = node.saved
    wanted = [gradients(leaves, outputs, **how) for how in WAYS]
    for k, value in enumerate(saved):
        if value is None or isinstance(value, (int, float)) or not value.size:
            continue
        kept.add(k)
        node.saved = tuple(None if j == k else x for j, x in enumerate(saved))
        if any(_fails(leaves, outputs, how, expected) for how, expected in zip(WAYS, wanted, strict=True)):
            missed.add(k)
    node.saved = saved


WAYS: tuple[dict[str, bool], ...] = ({"retain_graph": True}, {"create_graph": True})
"""The two kinds of rule, without releasing the graph."""


def _fails(leaves: list[Any], outputs: tuple[Tensor, ...], how: dict[str, bool], expected: list[Any]) -> bool:
    try:
        assert_same(gradients(leaves, outputs, **how), expected)
    except Exception:  # whatever the missing array leads to
        return True
    return False
