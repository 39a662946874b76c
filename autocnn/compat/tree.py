"""PyTorch's modules by name, and where each finds its names here."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from autocnn.errors import MissingError

_LAYERS = ("autocnn.nn", "autocnn.compat.layers")
_KINDS = (
    "activation", "adaptive", "batchnorm", "channelshuffle", "container", "conv", "distance", "dropout", "flatten",
    "fold", "instancenorm", "lazy", "linear", "loss", "module", "normalization", "padding", "pixelshuffle",
    "pooling", "rnn", "sparse", "transformer", "upsampling",
)  # fmt: skip

_CHANCES = ("bernoulli", "categorical", "normal", "uniform")

TREE: dict[str, tuple[str, ...]] = {
    "": (
        "autocnn",
        "autocnn.compat.top",
        "autocnn.compat.composed",
        "autocnn.compat.states",
        "autocnn.compat.elsewhere",
    ),
    "_C": ("autocnn.compat.switches:core",),
    "_jit_internal": ("autocnn.compat.jit",),
    "_six": ("autocnn.compat.older:six",),
    "accelerator": ("autocnn.compat.devices", "autocnn.compat.switches:cuda"),
    "amp": ("autocnn.compat.switches:amp", "autocnn.compat.scaling"),
    "amp.grad_scaler": ("autocnn.compat.scaling",),
    "_utils": ("autocnn.compat.switches:inside",),
    "autograd": ("autocnn.autograd", "autocnn.compat.function"),
    "autograd.function": ("autocnn.compat.function",),
    "autograd.variable": ("autocnn.compat.function",),
    "backends": ("autocnn.compat.switches:backends",),
    "backends.cuda": ("autocnn.compat.switches:backends.cuda",),
    "backends.cudnn": ("autocnn.compat.switches:backends.cudnn",),
    "backends.mkldnn": ("autocnn.compat.switches:backends.mkldnn",),
    "backends.mps": ("autocnn.compat.switches:backends.mps",),
    "compiler": ("autocnn.compat.switches:compiler",),
    "cuda": (
        "autocnn.compat.switches:cuda",
        "autocnn.compat.kinds:on_gpu",
        "autocnn.compat.devices",
        "autocnn.compat.states",
    ),
    "cuda.amp": ("autocnn.compat.switches:amp", "autocnn.compat.scaling"),
    "cuda.amp.grad_scaler": ("autocnn.compat.scaling",),
    "distributed": ("autocnn.compat.processes",),
    "distributions": ("autocnn.compat.chance",),
    **{f"distributions.{kind}": ("autocnn.compat.chance",) for kind in _CHANCES},
    "fft": ("autocnn.compat.switches:inside",),
    "func": ("autocnn.func",),
    "functional": ("autocnn.ops",),
    "fx": ("autocnn.compat.jit:fx",),
    "hub": ("autocnn.compat.files",),
    "jit": ("autocnn.compat.jit",),
    "jit.annotations": ("typing",),
    "linalg": ("autocnn.compat.composed:linalg",),
    "multiprocessing": ("autocnn.compat.workers", "multiprocessing"),
    "nn": _LAYERS,
    "nn.common_types": ("autocnn.compat.layers",),
    "nn.functional": ("autocnn.nn.functional",),
    "nn.init": ("autocnn.nn.init", "autocnn.compat.initials"),
    "nn.modules": _LAYERS,
    **{f"nn.modules.{kind}": _LAYERS for kind in _KINDS},
    "nn.modules.utils": ("autocnn.compat.layers",),
    "nn.parallel": ("autocnn.compat.layers", "autocnn.compat.parallel"),
    "nn.parallel._functions": ("autocnn.compat.parallel",),
    "nn.parallel.data_parallel": ("autocnn.compat.layers", "autocnn.compat.parallel"),
    "nn.parallel.distributed": ("autocnn.compat.layers",),
    "nn.parallel.scatter_gather": ("autocnn.compat.parallel",),
    "nn.parameter": ("autocnn.nn.parameter",),
    "nn.utils": ("autocnn.nn.beside",),
    "nn.utils.clip_grad": ("autocnn.nn.gradients",),
    "nn.utils.convert_parameters": ("autocnn.nn.gradients",),
    "nn.utils.fusion": ("autocnn.nn.fusing",),
    "nn.utils.parametrizations": ("autocnn.nn.parametrizations",),
    "nn.utils.parametrize": ("autocnn.nn.parametrize",),
    "nn.utils.rnn": ("autocnn.compat.sequences",),
    "onnx": ("autocnn.compat.switches:onnx",),
    "optim": ("autocnn.optim",),
    "optim.lr_scheduler": ("autocnn.optim.lr_scheduler", "autocnn.compat.composed:schedules"),
    "optim.optimizer": ("autocnn.optim.optimizer",),
    "random": ("autocnn.ops", "autocnn.compat.states"),
    "serialization": ("autocnn.compat.files",),
    "testing": ("autocnn.testing", "autocnn.compat.testing"),
    "utils": ("autocnn.compat.again",),
    "utils.checkpoint": ("autocnn.compat.again",),
    "utils.data": ("autocnn.compat.batches",),
    "utils.data.dataloader": ("autocnn.compat.batches",),
    "utils.data.dataset": ("autocnn.compat.sets",),
    "utils.data.distributed": ("autocnn.compat.samplers",),
    "utils.data.sampler": ("autocnn.compat.samplers",),
    "utils.tensorboard": ("autocnn.compat.boards",),
    "utils.model_zoo": ("autocnn.compat.files",),
    "version": ("autocnn.compat.switches:version",),
}
"""Where the names of each of PyTorch's modules are, first to last: modules of ours, or what one of them holds."""


_NOTHING = object()


def answer(place: str) -> Callable[[str], Any]:
    """What a module of ours, at a place in the tree, says when it is asked for a name that it lacks.

    >>> answer("nn")("DataParallel").__name__
    'DataParallel'
    """

    def __getattr__(name: str) -> Any:
        if not name.startswith("__"):
            below = f"{place}.{name}".lstrip(".")
            if below in TREE:
                return importlib.import_module(f"autocnn.{below}")
            for source in TREE[place]:
                found = _own(_load(source), name)
                if found is not _NOTHING:
                    return found
        raise MissingError(f"autocnn.{place}".rstrip("."), name, lambda: names(place))

    return __getattr__


def names(place: str) -> list[str]:
    """Every public name that a place in the tree has an answer to.

    >>> "GroupNorm" in names("nn.modules.normalization")
    True
    """
    above = f"{place}." if place else ""
    below = {path.removeprefix(above).partition(".")[0] for path in TREE if path.startswith(above)}
    own = (name for source in TREE[place] for name in getattr(_load(source), "__all__", vars(_load(source))))
    return sorted(name for name in {*below, *own} if name and not name.startswith("__"))


class Answering(ModuleType):
    """A module of PyTorch's that is none of ours: all its names are found through the tree."""

    def __init__(self, name: str, place: str) -> None:
        super().__init__(name, f"What PyTorch has in {place}.")
        self.__path__: list[str] = []  # so that a missing name in `from ... import` is asked of the finder
        self._answer, self._place = answer(place), place

    def __getattr__(self, name: str) -> Any:
        return self.__dir__() if name == "__all__" else self._answer(name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return namesake(self)(*args, **kwargs)

    def __dir__(self) -> list[str]:
        return names(self._place)


def namesake(module: ModuleType) -> Any:
    """The function that PyTorch has under the name of one of its modules. Raises TypeError where there is none.

    >>> import autocnn
    >>> autocnn.utils.checkpoint(abs, autocnn.tensor(-3.0)).item()
    3.0
    """
    function = getattr(module, module.__name__.rpartition(".")[2], None)
    if not callable(function) or isinstance(function, ModuleType):
        raise TypeError(f"{module.__name__} is a module, and no function")
    return function


def _load(source: str) -> Any:
    module, _, path = source.partition(":")
    found = importlib.import_module(module)
    for name in path.split(".") if path else ():
        found = getattr(found, name)
    return found


def _own(source: Any, name: str) -> Any:
    """What a source has under a name; a module that answers through this tree is not asked to."""
    known = vars(source)
    if name in known or isinstance(source, SimpleNamespace):
        return known.get(name, _NOTHING)
    asked = known.get("__getattr__") if source.__name__.startswith("autocnn.compat.") else None
    try:
        return asked(name) if asked else _NOTHING
    except AttributeError:
        return _NOTHING
