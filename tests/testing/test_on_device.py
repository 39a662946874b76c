"""Every public function and method, given operands on the stand-in device, does there what it does on the host.

Operands are found by trying: whatever a function takes on the host it must take on the device, with equal values,
equal gradients, and nothing on the host among the results. Nothing may move unless it was asked to.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import ops
from autocnn.backend.arrays import to_device, to_numpy
from autocnn.engine import METHODS, Tensor
from autocnn.errors import DeviceError
from autocnn.testing.standin import StandIn

RANDOM = np.random.default_rng(0)
M = RANDOM.uniform(0.1, 0.9, (3, 4))
S = RANDOM.uniform(0.1, 0.9, (3, 3))
V = RANDOM.uniform(0.1, 0.9, 4)
ONE = np.array(0.5)
INDEX = np.array([[0, 2, 1, 0]])
LABELS = np.array([1, 0, 3])
MASK = M > 0.5
IMAGES = RANDOM.uniform(-1.0, 1.0, (2, 4, 5, 5))
SIGNALS, VOLUMES = IMAGES[..., 0], IMAGES[:, :2, :2, None]
KERNELS = RANDOM.uniform(-1.0, 1.0, (4, 4, 2, 2))
CHANNELS = RANDOM.uniform(0.5, 1.0, 4)
BATCH = RANDOM.uniform(-1.0, 1.0, (2, 3, 3))

FIRST = [M, S, V, ONE, INDEX, LABELS, MASK, IMAGES, SIGNALS, VOLUMES, BATCH]
LATER: list[tuple[Any, ...]] = [
    (),
    (M,),
    (S,),
    (V,),
    (LABELS,),
    (MASK,),
    (INDEX,),
    (BATCH,),
    (0,),
    (1,),
    (2,),
    (0.5,),
    (0, 1),
    ((0, 1),),
    ((1, 0),),
    ([1, 2],),
    (M, M),
    (S, S),
    (V, V),
    (MASK, 0.5),
    (1, INDEX),
    (0, INDEX),
    (0, INDEX, 0.5),
    (0, INDEX, V[None]),
    (0, LABELS, M),
    (0, LABELS, 0.5),
    (1, (2, 2)),
    (0, 0, 2),
    (1, 2, 1),
    (KERNELS,),
    (KERNELS, CHANNELS),
    (KERNELS[..., 0],),
    (KERNELS[:2, :2, :, None],),
    ((3, 3), 2),
    (2, CHANNELS, CHANNELS),
    ((5,),),
    ((5, 5),),
    (CHANNELS, CHANNELS),
    (CHANNELS, CHANNELS, CHANNELS, CHANNELS, True),
    (LABELS, CHANNELS),
    (M, None, M),
    (0.1, 0.8),
    (2, 2),
    (np.array([0, 2]),),
    ("float32",),
    (S, S, S),
    (M, 1),
    ((2, 6),),
    (3, 4),
    (4, 3),
    (-1,),
    (12,),
]


HOST_ONLY = {
    "data_ptr",
    "get_device",
    "cpu",
    "cuda",
    "numpy",
    "is_cuda",
    "backward",
    "uniform_",
    "normal_",
    "bernoulli_",
    "attributes",
    "inplace",
    "show",
    "finfo",
    "iinfo",
    "manual_seed",
    "is_tensor",
    "promote_types",
    "__repr__",
    "__str__",
    "__setitem__",
    "setitem",
    "from_dlpack",
    "from_numpy",
    "tensor",
    "as_tensor",
    "new_tensor",
    "normal",
    "detach_",
    "to",
    "type",
    "size",
    "stride",
    "element_size",
    "nbytes",
    "contiguous",
    "dim",
    "ndimension",
    "numel",
    "nelement",
    "is_contiguous",
    "is_complex",
    "is_floating_point",
    "is_signed",
    "arange",
    "empty",
    "eye",
    "full",
    "linspace",
    "logspace",
    "ones",
    "rand",
    "randint",
    "randn",
    "randperm",
    "zeros",
    "empty_like",
    "new_empty",
    "rand_like",
    "tril_indices",
    "triu_indices",
    "randn_like",
    "retains_grad",
    "is_cpu",
    "itemsize",
}
"""Questions that no array answers, makers of new tensors, and what says where a tensor is."""
MORE: dict[str, tuple[Any, ...]] = {
    "einsum": ("ij,kj->ik", M, M),
    "addmv": (LABELS * 0.5, M, V),
    "baddbmm": (BATCH, BATCH, BATCH),
    "index_add": (M, 1, LABELS, S),
    "index_copy": (M, 1, LABELS, S),
    "scatter_reduce": (M, 0, INDEX, V[None], "prod"),
    "stochastic_depth": (M, 0.5, "row"),
    "cosine_embedding_loss": (M, M[::-1], np.array([1, -1, 1])),
    "affine_grid": (RANDOM.uniform(size=(2, 2, 3)), (2, 1, 3, 4)),
    "grid_sample": (IMAGES, RANDOM.uniform(-1.2, 1.2, (2, 3, 2, 2))),
    "max_unpool1d": (M[None, :, :2], np.array([[[0, 3], [1, 2], [0, 2]]]), 2),
    "max_unpool2d": (M[None, None, :1, :2], np.array([[[[5, 2]]]]), 2),
    "max_unpool3d": (M[None, None, None, :1, :2], np.array([[[[[5, 12]]]]]), 2),
    "index_put": (M, (np.array([0, -1]),), S[:2, [0, 1, 2, 0]], True),
    "fold": (RANDOM.uniform(size=(1, 4, 8)), (2, 5), (1, 2)),
}
"""Operands that trying would not find."""
LISTS = {"cat", "concat", "concatenate", "stack", "hstack", "vstack", "meshgrid"}
STARRED = {"broadcast_tensors"}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(ops, name) for name in ops.__all__},
    **{f"Tensor.{n}": f.fget if isinstance(f, property) else f for n, f in METHODS.items()},
}
NAMES = sorted(name for name in FUNCTIONS if name.rpartition(".")[2] not in HOST_ONLY)


def moved(x: Any, device: str) -> Any:
    """The operand on a device: arrays as tensors, in a copy that may be written to."""
    if isinstance(x, np.ndarray):
        return Tensor(to_device(x.copy(), device)).requires_grad_(x.dtype.kind == "f")
    return x


def called(
    name: str, function: Callable[..., Any], operands: tuple[Any, ...], device: str
) -> tuple[Any, list[Any]]:
    """The result of a call, and the operands as they were given."""
    given = [moved(x, device) for x in operands]
    ac.manual_seed(0)
    if name.endswith("_") and (
        not name.endswith("__") or name.startswith("Tensor.__i")
    ):  # in place: not on a leaf
        given[0] = given[0] * 1 if isinstance(given[0], Tensor) and given[0].requires_grad else given[0]
    if name in LISTS:
        return function([x for x in given if isinstance(x, Tensor)]), given
    if name in STARRED:
        return function(*[x for x in given if isinstance(x, Tensor)]), given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*given), given


def tensors(result: Any) -> list[Tensor]:
    """The tensors in a result, in order."""
    if isinstance(result, Tensor):
        return [result]
    return [t for part in result for t in tensors(part)] if isinstance(result, (tuple, list)) else []


def calls(name: str) -> Iterator[tuple[Any, ...]]:
    """Operands that a function takes on the host: the first few that there are."""
    found = 0
    if name.rpartition(".")[2].rstrip("_") in MORE:
        yield MORE[name.rpartition(".")[2].rstrip("_")]
        return
    for first, later in product(FIRST, LATER):
        operands = (first, *later)
        try:
            called(name, FUNCTIONS[name], operands, "cpu")
        except Exception:  # whatever it is, the function does not take these
            continue
        yield operands
        found += 1
        if found == 12:
            return


def slopes(result: Any, given: list[Any]) -> list[Any]:
    """Gradients of everything in a result that has one, with respect to every operand."""
    roots = [t for t in tensors(result) if t.requires_grad]
    wanted = [x for x in given if isinstance(x, Tensor) and x.requires_grad]
    if not roots or not wanted:
        return []
    weights = [Tensor(to_device(np.full(t.shape, 0.5, t.dtype), t.device)) for t in roots]
    return list(ac.autograd.grad(roots, wanted, weights, allow_unused=True))


@pytest.mark.parametrize("name", NAMES)
def test_on_the_device_as_on_the_host(name: str) -> None:
    tried = 0
    for operands in calls(name):
        here, given_here = called(name, FUNCTIONS[name], operands, "cpu")
        try:
            there, given_there = called(name, FUNCTIONS[name], operands, "standin:0")
        except DeviceError:
            assert any(
                isinstance(x, (list, tuple)) for x in operands
            )  # numbers in a list are an array on the host
            continue
        assert type(there) is type(here)
        pairs = list(zip(tensors(here), tensors(there), strict=True))
        pairs += zip(slopes(here, given_here), slopes(there, given_there), strict=True)
        for a, b in pairs:
            assert (a is None) == (b is None)
            if a is not None:
                assert type(b.array) is StandIn
                assert (a.shape, a.dtype) == (b.shape, b.dtype)
                np.testing.assert_allclose(to_numpy(b.array), a.array, rtol=1e-11, atol=1e-11)
        if not pairs:
            assert here == there
        tried += 1
    assert tried, f"no operands found that {name} takes"
