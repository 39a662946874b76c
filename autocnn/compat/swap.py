"""`import torch` answered with AutoCNN, for the length of a block."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from threading import RLock
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from autocnn.compat.finder import missing
from autocnn.compat.tree import TREE, names, namesake
from autocnn.errors import MissingError

_LOCK = RLock()
_blocks = 0
"""How many blocks are open, in all threads."""
_aside: dict[str, ModuleType] = {}
"""The modules that the blocks keep out of the way."""
_before: set[str] = set()
"""The names of all modules when the first block was opened."""


class Stand(ModuleType):
    """A module under PyTorch's name. What is set on it stays its own, and does not reach ours."""

    def __init__(self, place: str) -> None:
        name = f"torch.{place}".rstrip(".")
        super().__init__(name, f"PyTorch's {name}, as AutoCNN has it.")
        self.__path__: list[str] = []  # so that a missing name in `from ... import` is asked of the finder
        self._place = place
        self._ours = importlib.import_module(f"autocnn.{place}".rstrip("."))

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return names(self._place)
        try:
            if not name.startswith("__"):
                return getattr(self._ours, name)
        except AttributeError:
            pass
        raise MissingError(self.__name__, name, lambda: names(self._place))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return namesake(self)(*args, **kwargs)

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *names(self._place)})


class _Finder(MetaPathFinder):
    """Refuses what is imported from `torch` and is not here; every module that is here is loaded already."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for names that are not PyTorch's."""
        root, _, place = fullname.partition(".")
        if root != "torch":
            return None
        owner, _, name = place.rpartition(".")
        raise missing(f"torch.{owner}".rstrip("."), owner, name)


_FINDER = _Finder()


@contextmanager
def run_as_torch() -> Iterator[ModuleType]:
    """Answer `import torch`, and imports of its submodules, with AutoCNN inside of a ``with`` block.

    For model files that cannot be edited. It gives the module that stands for `torch`. Modules that use the real
    one, if it is loaded, are set aside and come back at the end, `torch` itself included; so do not compute with
    it in the block. What is first imported in the block and holds something of ours is forgotten by `sys.modules`
    at the end, so that the same import gives PyTorch's version then: keep the objects, not the names. A file that
    imports `torch` inside its functions is to run in the block too.

    Blocks may be nested, and opened by several threads: all threads see ours until the last block is closed.

    >>> with run_as_torch() as torch:
    ...     import torch.nn as nn
    >>> nn.Linear(3, 1)(torch.ones(2, 3)).shape
    (2, 1)
    """
    _open()
    try:
        yield sys.modules["torch"]
    finally:
        _close()


def _open() -> None:
    global _blocks
    with _LOCK:
        if not _blocks:
            stands = _stands()
            for name in _users(dict(sys.modules), _is_torch):
                _aside[name] = sys.modules.pop(name)
            _before.update(sys.modules)
            sys.modules.update(stands)
            sys.meta_path.insert(0, _FINDER)
        _blocks += 1


def _close() -> None:
    global _blocks
    with _LOCK:
        _blocks -= 1
        if _blocks:
            return
        sys.meta_path.remove(_FINDER)
        new = {name: module for name, module in sys.modules.items() if name not in _before}
        for name in _users(new, _imported_ours):
            _forget(name)
        sys.modules.update(_aside)
        _aside.clear()
        _before.clear()


def _stands() -> dict[str, ModuleType]:
    """The whole tree under PyTorch's names."""
    stands = {place: Stand(place) for place in TREE}
    for place, stand in stands.items():
        owner, _, name = place.rpartition(".")
        if place:
            setattr(stands[owner], name, stand)
    posing = importlib.import_module("autocnn.compat.posing")
    vars(stands[""]).update(Tensor=posing.Tensor, __version__=posing.VERSION)
    return {stand.__name__: stand for stand in stands.values()}


def _forget(name: str) -> None:
    module = sys.modules.pop(name)
    parent, _, own = name.rpartition(".")
    owner = sys.modules.get(parent)
    if owner is not None and vars(owner).get(own) is module:
        delattr(owner, own)


def _users(modules: Mapping[str, ModuleType], begun: Callable[[str, ModuleType], bool]) -> list[str]:
    """The names of the modules with which it begins, and of all that hold something of theirs, at any distance."""
    reached = {name for name, module in modules.items() if begun(name, module)}
    held = {name: _held(module) for name, module in modules.items() if name.partition(".")[0] not in _KEPT}
    grown = True
    while grown:
        new = {name for name in held.keys() - reached if held[name] & reached}
        grown = bool(new)
        reached |= new
    return [name for name in modules if name in reached]


_LATE = ("torch", "einops")
"""PyTorch, and what keeps the one that it found out of sight of `_held`: it is read anew in each block."""
_KEPT = {*sys.stdlib_module_names, "__main__", "autocnn"}


def _is_torch(name: str, module: ModuleType) -> bool:
    return name.partition(".")[0] in _LATE


def _imported_ours(name: str, module: ModuleType) -> bool:
    """Whether a module's `import torch` has been answered with ours."""
    if _is_torch(name, module):
        return True
    held = _held(module) if name.partition(".")[0] not in _KEPT else set()
    return "torch" in held or ("autocnn" in held and _says_torch(name, module))


def _says_torch(name: str, module: ModuleType) -> bool:
    """Whether its source imports `torch`; what holds something of ours and has no source is taken to."""
    read = getattr(getattr(module, "__loader__", None), "get_source", None)
    source = read(name) if read else None
    return source is None or re.search(r"^\s*(import|from)\s+torch\b", source, re.MULTILINE) is not None


def _held(module: Any) -> set[str]:
    """The modules that a module's values are, or come from with their classes; PyTorch's package and ours, too."""
    found = set()
    for value in list(vars(module).values()) if isinstance(module, ModuleType) else ():
        kind = type(value)  # asking the value for its class may run code
        if issubclass(kind, ModuleType):
            found.add(vars(value)["__name__"])
        elif issubclass(kind, (type, FunctionType, BuiltinFunctionType)) and isinstance(value.__module__, str):
            found.add(value.__module__)
        elif isinstance(kind.__module__, str):
            found.add(kind.__module__)
    return found | {name.partition(".")[0] for name in found} & {"torch", "autocnn"}
