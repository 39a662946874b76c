"""Weights that come from files: what fits is loaded, what does not is said; PyTorch's files as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import autocnn as ac
from autocnn import models, nn
from autocnn.errors import DataError, OperandError, StateError
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
@pytest.mark.parametrize("zipped", [True, False])
def test_pickles_under_another_name_are_known_by_their_content(tmp_path: Path, zipped: bool) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "w.safetensors"
    torch.save({"weight": torch.ones(1, 1)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(DataError, match=r"w\.safetensors is a pickle, which can run any code; convert it"):
        load_weights(nn.Linear(1, 1), path)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>" * 9, b"\x40\0\0\0\0\0\0\0{"])
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(DataError, match=r"w\.safetensors is no whole safetensors file .* Get or make it again"):
        load_weights(nn.Linear(1, 1), tmp_path / "w.safetensors")


def test_half_a_file_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    net = nn.Linear(50, 50)
    before, whole = arrays(net), save_weights(nn.Linear(50, 50), tmp_path / "w.safetensors").read_bytes()
    for part in (whole[: len(whole) // 2], whole[:-1], whole[:40]):
        (tmp_path / "w.safetensors").write_bytes(part)
        with pytest.raises(DataError, match="is no whole safetensors file"):
            load_weights(net, tmp_path / "w.safetensors", strict=False)
    assert all(np.array_equal(value, before[name]) for name, value in arrays(net).items())


def test_what_stands_before_all_names_is_cut_off(tmp_path: Path) -> None:
    net, whole = nn.Linear(2, 2), nn.Sequential({"trunk": nn.Linear(2, 2), "head": nn.Linear(2, 1)})
    there = {f"module.{name}": value + 1 for name, value in arrays(net).items()}
    path = tmp_path / "w.safetensors"
    save_file(there, path)
    for strict in (True, False):
        with pytest.raises(StateError) as caught:
            load_weights(net, path, strict=strict)
        assert str(caught.value).startswith(
            f"load_weights: {path} holds no weights of Linear: its names begin with 'module.'; "
            "prefix='module.' cuts that off"
        )
    assert str(load_weights(net, path, prefix="module.")) == "2 of 2 loaded"
    assert all(np.array_equal(value, there[f"module.{name}"]) for name, value in arrays(net).items())
    save_weights(net, path)
    with pytest.raises(StateError, match=r"Sequential: it has the names of a part; load it into model\.trunk"):
        load_weights(whole, path)


def test_a_file_of_which_nothing_fits_is_refused(tmp_path: Path) -> None:
    path = save_weights(nn.Linear(3, 3), tmp_path / "w.safetensors")
    with pytest.raises(StateError) as caught:
        load_weights(nn.Sequential(nn.Linear(2, 2, bias=False)), path, strict=False)
    assert str(caught.value) == (
        f"load_weights: {path} holds no weights of Sequential: missing 0.weight; unexpected bias, weight"
    )


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_numbers_take_the_dtype_that_they_have_here(tmp_path: Path, kind: str) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_torch

    weight = torch.randn(3, 2, generator=torch.manual_seed(0)).to(getattr(torch, kind))
    state = {"weight": weight, "bias": torch.tensor([1.0, -2.5, float("inf")])}
    save_torch(state, tmp_path / "w.safetensors")
    net = nn.Linear(2, 3)
    assert str(load_weights(net, tmp_path / "w.safetensors")) == "2 of 2 loaded"
    assert net.weight.dtype == np.float32
    assert np.array_equal(arrays(net)["weight"], weight.float().numpy())
    assert np.array_equal(arrays(net)["bias"], state["bias"].numpy())


def test_a_module_comes_first() -> None:
    with pytest.raises(OperandError) as caught:
        load_weights("w.safetensors", nn.Linear(1, 1))  # type: ignore[arg-type]
    assert str(caught.value) == "load_weights: model is a str; a module is needed, path comes second"


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
