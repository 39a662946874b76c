"""What every test may ask for: real data where it lies, and chance that repeats itself."""

from __future__ import annotations

import os
from pathlib import Path

# Workers share the cores; one thread each, said before NumPy is first imported.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import numpy as np
import pytest

import autocnn

ROOT = Path(__file__).parents[1]

hypothesis.settings.register_profile("house", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the real data files lie, if not in one of the usual places."""
    parser.addoption("--data-dir", help="folder with mnist/, fashion-mnist/, cifar-10/ and optdigits/")


def find_data(config: pytest.Config) -> Path | None:
    """The first that is said: --data-dir, AUTOCNN_DATA, shared/data beside the repository."""
    said = config.getoption("--data-dir") or os.environ.get("AUTOCNN_DATA")
    place = Path(said) if said else ROOT.parent / "shared" / "data"
    return place.resolve() if place.is_dir() else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What is compared with PyTorch is skipped where there is none."""
    if item.get_closest_marker("torch") is not None:
        pytest.importorskip("torch", reason="needs PyTorch, the optional oracle: pip install torch")


@pytest.fixture(scope="session")
def data_dir(pytestconfig: pytest.Config) -> Path:
    """The folder with the real data files; a test that needs it is skipped where there is none."""
    place = find_data(pytestconfig)
    if place is None:
        pytest.skip("needs the real data files: say where they lie with --data-dir or AUTOCNN_DATA")
    return place


@pytest.fixture
def rng() -> np.random.Generator:
    """NumPy's generator, the same for every test."""
    return np.random.default_rng(0)


@pytest.fixture
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The networks for ImageNet with few channels: all of their structure, little of their work."""
    monkeypatch.setattr("autocnn.models.resnet.WIDTH", 4)
    monkeypatch.setattr("autocnn.models.vgg.WIDTHS", (4, 4, 8, 8, 8))
    monkeypatch.setattr("autocnn.models.vgg.HIDDEN", 16)
    monkeypatch.setattr("autocnn.models.cifar_resnet.WIDTH", 2)
    monkeypatch.setattr("autocnn.models.alexnet.WIDTHS", (4, 8, 8, 8, 4))
    monkeypatch.setattr("autocnn.models.alexnet.WIDTHS_2012", (4, 8, 8, 8, 4))
    monkeypatch.setattr("autocnn.models.alexnet.HIDDEN", 16)
    monkeypatch.setattr("autocnn.models.detector.network.WIDTHS", (4, 4, 8))
    monkeypatch.setattr("autocnn.models.nin.WIDTHS", ((8, 6, 4), (6, 6, 8), (4, 6)))
    monkeypatch.setattr("autocnn.models.squeezenet.WIDTH", 2)
    monkeypatch.setattr("autocnn.models.googlenet.STEM", (2, 4, 6))
    monkeypatch.setattr("autocnn.models.googlenet.AUXILIARY", (4, 8))
    blocks = dict.fromkeys(("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"), (1, 2, 3, 1, 2, 1))
    monkeypatch.setattr("autocnn.models.googlenet.INCEPTIONS", blocks)


@pytest.fixture(autouse=True)
def seed() -> int:
    """Every test starts from the same seed of the library's own generator."""
    manual_seed = getattr(autocnn, "manual_seed", None)
    if manual_seed is not None:
        manual_seed(0)
    return 0
