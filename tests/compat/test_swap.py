"""`run_as_torch` answers every import of `torch`, and leaves no trace; a missing name says the nearest."""

from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

import autocnn
from autocnn import compat
from autocnn.compat import tree

FILE = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor, optim
from torch.nn.modules.utils import _pair
from torch.utils.checkpoint import checkpoint

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.flatten(F.relu(self.conv(x), inplace=True), 1)
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a model file that can be imported."""
    (tmp_path / "a_net_for_torch.py").write_text(FILE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "a_net_for_torch"
    sys.modules.pop("a_net_for_torch", None)


def torches() -> dict[str, ModuleType]:
    """What `sys.modules` says about PyTorch."""
    return {name: m for name, m in sys.modules.items() if name.partition(".")[0] == "torch"}


def test_a_file_runs_and_is_forgotten(file: str) -> None:
    before, finders = torches(), list(sys.meta_path)
    with compat.run_as_torch() as torch:
        made = importlib.import_module(file)
        assert sys.modules["torch"] is torch is made.torch
    assert torches() == before
    assert sys.meta_path == finders
    assert file not in sys.modules
    net = made.Net()
    assert isinstance(net, autocnn.nn.Module)
    assert net(autocnn.ones(1, 1, 2, 2)).shape == (1, 8)


@pytest.mark.torch
def test_the_real_one_comes_back_with_the_files_that_use_it(file: str) -> None:
    real = pytest.importorskip("torch")
    theirs = importlib.import_module(file)
    with compat.run_as_torch() as torch:
        assert torch is not real
        ours = importlib.import_module(file)
        assert ours is not theirs
    assert importlib.import_module("torch") is real
    assert importlib.import_module(file) is theirs
    assert issubclass(theirs.Net, real.nn.Module)
    assert issubclass(ours.Net, autocnn.nn.Module)


@pytest.mark.torch
def test_the_same_import_outside_gives_pytorch(file: str) -> None:
    real = pytest.importorskip("torch")
    with compat.run_as_torch():
        ours = importlib.import_module(file)
    theirs = importlib.import_module(file)
    assert issubclass(theirs.Net, real.nn.Module)
    assert issubclass(ours.Net, autocnn.nn.Module)


def test_a_package_forgets_the_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "nets_of_both"
    folder.mkdir()
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "net.py").write_text("from torch.nn import Conv2d", encoding="utf-8")
    (folder / "user.py").write_text("from .net import Conv2d\nfrom . import net", encoding="utf-8")
    (folder / "native.py").write_text("from autocnn.nn import Conv2d", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    package = importlib.import_module("nets_of_both")
    with compat.run_as_torch():
        for name in ("user", "native"):
            importlib.import_module(f"nets_of_both.{name}")
    kept = {name for name in sys.modules if name.startswith("nets_of_both")}
    assert kept == {"nets_of_both", "nets_of_both.native"}
    assert not hasattr(package, "net")
    for name in kept:
        del sys.modules[name]


@pytest.mark.torch
def test_a_package_that_holds_a_made_network_alone_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pytest.importorskip("torch")
    folder = tmp_path / "trunks_of_both"
    folder.mkdir()
    (folder / "__init__.py").write_text("from .trunk import trunk", encoding="utf-8")  # hides the module
    (folder / "trunk.py").write_text("import torch.nn as nn\ntrunk = nn.Linear(1, 1)", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    theirs = importlib.import_module("trunks_of_both")
    with compat.run_as_torch():
        ours = importlib.import_module("trunks_of_both")
    assert isinstance(theirs.trunk, real.nn.Linear)
    assert isinstance(ours.trunk, autocnn.nn.Linear)
    assert importlib.import_module("trunks_of_both") is theirs
    for name in ("trunks_of_both", "trunks_of_both.trunk"):
        del sys.modules[name]


def test_it_leaves_after_an_error_and_nests() -> None:
    before = torches()
    with pytest.raises(KeyError), compat.run_as_torch():
        raise KeyError
    assert torches() == before
    with compat.run_as_torch() as outer:
        with compat.run_as_torch() as inner:
            assert inner is outer
        assert sys.modules["torch"] is outer
    assert torches() == before


def test_blocks_of_several_threads_overlap() -> None:
    before = torches()
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with compat.run_as_torch():
            inside.set()
            leave.wait(60)

    thread = threading.Thread(target=other)
    with compat.run_as_torch():
        thread.start()
        inside.wait(60)
    assert sys.modules["torch"].nn.Conv2d is autocnn.nn.Conv2d  # the other thread is in its block still
    leave.set()
    thread.join()
    assert torches() == before


def test_every_module_of_the_tree_can_be_imported_under_both_names() -> None:
    with compat.run_as_torch():
        for place in tree.TREE:
            theirs = importlib.import_module(f"torch.{place}".rstrip("."))
            ours = importlib.import_module(f"autocnn.{place}".rstrip("."))
            assert theirs.__name__ == f"torch.{place}".rstrip(".")
            assert len(dir(theirs)) >= len(tree.names(place))
            for name in tree.names(place):
                if (place, name) != ("", "Tensor"):
                    assert getattr(theirs, name) is getattr(ours, name) or isinstance(
                        getattr(theirs, name), ModuleType
                    )


IMPORTS = [
    ("import torch.nn.functinal", "torch.nn has no attribute 'functinal'; the nearest is 'functional'"),
    ("from torch import arrange", "torch has no attribute 'arrange'; the nearest is 'arange'"),
    ("from torch.nn import Conv2D", "torch.nn has no attribute 'Conv2D'; the nearest is 'Conv2d'"),
    (
        "from torch.nn.functional import ReLU6",
        "torch.nn.functional has no attribute 'ReLU6'; the nearest is 'relu6'",
    ),
    ("import torch.qqq.like.it", "torch has no attribute 'qqq'"),
    ("from autocnn.nn import Conv2D", "autocnn.nn has no attribute 'Conv2D'; the nearest is 'Conv2d'"),
    ("from autocnn.optim import SDG", "autocnn.optim has no attribute 'SDG'; the nearest is 'SGD'"),
    (
        "from autocnn.nn.functional import Relu",
        "autocnn.nn.functional has no attribute 'Relu'; the nearest is 'relu'",
    ),
]
NAMES = [
    ("torch.arrange", "torch has no attribute 'arrange'; the nearest is 'arange'"),
    ("torch.nn.Conv2D", "torch.nn has no attribute 'Conv2D'; the nearest is 'Conv2d'"),
    ("torch.cuda.is_availible", "torch.cuda has no attribute 'is_availible'; the nearest is 'is_available'"),
    ("autocnn.arrange", "autocnn has no attribute 'arrange'; the nearest is 'arange'"),
    ("autocnn.nn.functional.Relu", "autocnn.nn.functional has no attribute 'Relu'; the nearest is 'relu'"),
]


@pytest.mark.parametrize(("line", "said"), IMPORTS, ids=[line for line, _ in IMPORTS])
def test_a_missing_import_says_the_nearest(line: str, said: str) -> None:
    with compat.run_as_torch(), pytest.raises(ImportError) as caught:
        exec(line)
    assert str(caught.value) == said


@pytest.mark.parametrize(("name", "said"), NAMES, ids=[name for name, _ in NAMES])
def test_a_missing_name_says_the_nearest(name: str, said: str) -> None:
    with compat.run_as_torch() as torch, pytest.raises(AttributeError) as caught:
        eval(name, {"torch": torch, "autocnn": autocnn})
    assert str(caught.value) == said


def test_what_is_set_on_torch_does_not_reach_ours() -> None:
    with compat.run_as_torch() as torch:
        torch.relu = len
        assert torch.nn.Module is autocnn.nn.Module
    assert autocnn.relu is not len


def test_files_that_cannot_be_opened_say_how_to_convert_them() -> None:
    with compat.run_as_torch() as torch:
        from torch.hub import load_state_dict_from_url
        from torch.utils.model_zoo import load_url

        for call in (torch.load, torch.save, load_state_dict_from_url, load_url):
            with pytest.raises(ValueError, match="safetensors"):
                call({}, "net.pth") if call is torch.save else call("net.pth")


def test_what_keeps_the_torch_that_it_found_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late = "found = []\ndef torch():\n    import torch\n    found.append(torch)\n    return found[0]\n"
    (tmp_path / "einops").mkdir()
    (tmp_path / "einops" / "__init__.py").write_text(late, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))
    outside = importlib.import_module("einops")
    try:
        real = outside.torch()
        with compat.run_as_torch() as torch:
            assert importlib.import_module("einops").torch() is torch
        assert sys.modules["einops"] is outside
        assert outside.torch() is real
        del sys.modules["einops"]
        with compat.run_as_torch():
            importlib.import_module("einops").torch()
        assert "einops" not in sys.modules
    finally:
        sys.modules.pop("einops", None)
