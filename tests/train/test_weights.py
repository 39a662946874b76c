"""Weights that come from files: what fits is loaded, what does not is said; PyTorch's files as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import autocnn as ac
from autocnn import models, nn
from autocnn.errors import DataError, StateError
from autocnn.train import Loaded, load_weights, save_weights


def arrays(model: nn.Module) -> dict[str, Any]:
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


@pytest.mark.usefixtures("thin")
def test_a_trunk_is_taken_and_the_head_left(tmp_path: Path) -> None:
    path = save_weights(models.resnet18(num_classes=7), tmp_path / "seven.safetensors")
    net = models.resnet18(num_classes=3)
    before = arrays(net)
    with pytest.raises(StateError) as caught:
        load_weights(net, path)
    assert str(caught.value) == (
        f"load_weights: {path} holds no weights of ResNet: fc.weight is (3, 32) here and (7, 32) there, "
        "fc.bias is (3,) here and (7,) there. strict=False loads what fits"
    )
    assert all(np.array_equal(value, before[name]) for name, value in arrays(net).items())
    found = load_weights(net, path, strict=False)
    assert str(found).splitlines() == [
        "120 of 122 loaded", "fc.weight is (3, 32) here and (7, 32) there", "fc.bias is (3,) here and (7,) there",
    ]  # fmt: skip
    there = load_file(path)
    for name, value in arrays(net).items():
        assert np.array_equal(value, before[name] if name.startswith("fc.") else there[name]), name


def test_names_on_either_side_are_listed(tmp_path: Path) -> None:
    net = nn.Sequential({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    path = tmp_path / "w.safetensors"
    save_file({"a.weight": np.ones((2, 2)), "c": np.ones(1)} | {f"d{k}": np.ones(1) for k in range(7)}, path)
    found = load_weights(net, path, strict=False)
    assert found == Loaded(
        ("a.weight",), ("a.bias", "b.weight", "b.bias"), ("c", *(f"d{k}" for k in range(7))), {}
    )
    assert str(found).splitlines() == [
        "1 of 4 loaded",
        "not in the file: a.bias, b.weight, b.bias",
        "not in the model: c, d0, d1, d2, d3, d4 and 2 more",
    ]  # fmt: skip
    with pytest.raises(
        StateError, match=r"missing a.bias, b.weight, b.bias; unexpected c, d0, .* and 2 more\. strict"
    ):
        load_weights(net, path)


def test_old_files_count_no_batches(tmp_path: Path) -> None:
    net = nn.BatchNorm2d(2)
    state = {name: np.full(2, 3.0, np.float32) for name in ("weight", "bias", "running_mean", "running_var")}
    save_file(state, tmp_path / "old.safetensors")
    assert load_weights(net, tmp_path / "old.safetensors").missing == ("num_batches_tracked",)
    assert net.running_var.tolist() == [3.0, 3.0]
    save_file(state | {"num_batches_tracked": np.array([5])}, tmp_path / "older.safetensors")
    assert not load_weights(net, tmp_path / "older.safetensors").resized
    assert net.num_batches_tracked.item() == 5


@pytest.mark.parametrize("suffix", ["pt", "pth", "bin"])
def test_pickles_are_refused_with_the_way_out(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(DataError) as caught:
        load_weights(nn.Linear(1, 1), tmp_path / f"w.{suffix}")
    assert str(caught.value) == (
        f"load_weights: {tmp_path / f'w.{suffix}'} is a pickle, which can run any code; convert it where PyTorch "
        "is installed: safetensors.torch.save_file(torch.load(path, weights_only=True), 'weights.safetensors')"
    )


@pytest.mark.torch
@pytest.mark.parametrize("name", ["resnet18", "vgg16", "resnet50", "vgg16_bn", "alexnet", "googlenet aux"])
def test_files_of_pytorch_load_as_they_are(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:  # fmt: skip
    """ResNet-18 and VGG-16 whole, with all their 12 and 138 million weights; others thin."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_torch

    from ..models import catalogue, twins

    whole = name in ("resnet18", "vgg16")
    if not whole:
        request.getfixturevalue("thin")
    monkeypatch.setattr(torch.nn.init, "kaiming_uniform_", quickly)  # to draw 138 million takes seconds
    monkeypatch.setattr(nn.init, "kaiming_normal_", lambda weight, **_: weight)
    monkeypatch.setattr(nn.init, "normal_", lambda weight, *_: weight)
    base, *forms = name.split()
    theirs = twins.twin(base, twins.FULL if whole else twins.THIN, **{f"{form}_logits": True for form in forms})
    for key, value in theirs.named_buffers():
        if key.endswith("running_mean"):
            value.normal_(0, 0.1)
    save_torch(theirs.state_dict(), tmp_path / "published.safetensors")
    net = catalogue.made(name).eval()
    found = load_weights(net, tmp_path / "published.safetensors")
    (tmp_path / "published.safetensors").unlink()
    assert len(found.matched) == len(theirs.state_dict()) == len(net.state_dict())
    x = np.random.default_rng(0).normal(size=(2, 3, 64, 64)).astype(np.float32)
    with torch.no_grad(), ac.no_grad():
        right = theirs.eval()(torch.from_numpy(x)).numpy()
        ours = net(ac.tensor(x)).numpy()
    assert right.std() > 1e-3
    np.testing.assert_allclose(ours, right, rtol=1e-4, atol=1e-5 * abs(right).max())


def quickly(weight: Any, **_: Any) -> Any:
    """He's variance, from few different numbers."""
    import torch

    some = np.resize(np.random.default_rng(0).standard_normal(100_003, np.float32), weight.shape)
    return weight.data.copy_(torch.from_numpy(some)).mul_((2 / weight[0].numel()) ** 0.5)
