"""Model files in the usual style give what PyTorch gives: outputs and gradients, in training and in use."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import autocnn
from autocnn import compat

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

FOLDER = Path(__file__).parent / "models"
FILES = sorted(path for path in FOLDER.glob("*.py") if path.stem != "__init__")


def load(path: Path) -> ModuleType:
    """A model file, executed anew."""
    spec = importlib.util.spec_from_file_location(f"model_file_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tensors(outputs: Any) -> Iterator[Any]:
    """Every tensor of what a network returns."""
    if isinstance(outputs, (tuple, list)):
        for part in outputs:
            yield from tensors(part)
    elif isinstance(outputs, dict):
        yield from tensors(list(outputs.values()))
    elif outputs is not None:
        yield outputs


def both(path: Path) -> tuple[Any, Any, ModuleType]:
    """A network of PyTorch's and ours with the same weights, and the file."""
    torch.manual_seed(0)
    file = load(path)
    theirs = file.make()
    with compat.run_as_torch():
        ours = load(path).make()
    state = {key: value.numpy() for key, value in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state)
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in state.items()}
    ours.load_state_dict(state)
    return theirs, ours, file


def gradients(model: Any) -> dict[str, np.ndarray]:
    """The gradient of each parameter that has one."""
    return {name: p.grad.detach().numpy() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_model_file_gives_what_pytorch_gives(path: Path, training: bool) -> None:
    theirs, ours, file = both(path)
    x = np.random.default_rng(1).normal(size=file.SHAPE).astype("float32")
    given = []
    for library, model in ((torch, theirs), (autocnn, ours)):
        model.train(training)
        inputs = library.tensor(x)
        outputs = list(tensors(model(inputs)))
        for i, y in enumerate(outputs):
            (y * library.linspace(1, 2, y.numel()).reshape(y.shape)).sum().backward(
                retain_graph=i + 1 < len(outputs)
            )
        given.append(([y.detach().numpy() for y in outputs], gradients(model)))
    (values, slopes), (own, own_slopes) = given
    assert len(own) == len(values) > 0
    for y, z in zip(own, values, strict=True):
        np.testing.assert_allclose(y, z, rtol=2e-4, atol=2e-4 * np.abs(z).max())
    assert own_slopes.keys() == slopes.keys()
    largest = max(np.abs(g).max() for g in slopes.values())
    for name, g in slopes.items():
        np.testing.assert_allclose(own_slopes[name], g, rtol=2e-3, atol=1e-4 * largest, err_msg=name)
    if getattr(file, "STATISTICS", True):
        for (name, kept), mine in zip(theirs.state_dict().items(), ours.state_dict().values(), strict=True):
            np.testing.assert_allclose(mine.numpy(), kept.numpy(), rtol=1e-3, atol=1e-4, err_msg=name)
