"""Imports of PyTorch's module names under `autocnn.`, and an answer for names that are nowhere here."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from autocnn.compat.tree import TREE, Answering, answer, names
from autocnn.errors import MissingError

_OURS = ("nn", "nn.functional", "nn.init", "optim", "optim.lr_scheduler", "autograd", "testing")
"""Modules of our own that answer for PyTorch's further names too."""


class Finder(MetaPathFinder, Loader):
    """Makes `import autocnn.jit` work, and `from autocnn.nn import Conv2D` say what is meant.

    It comes last, so that it is asked only for what no file has.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module of a name in the tree; ImportError for a name in one of its modules that has no such."""
        root, _, place = fullname.partition(".")
        if root != "autocnn" or not place:
            return None
        if place in TREE:
            return ModuleSpec(fullname, self)
        owner, _, name = place.rpartition(".")
        if owner not in TREE or name.startswith("_"):
            return None
        raise missing(f"autocnn.{owner}".rstrip("."), owner, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module, whose names are looked up as they are asked for."""
        return Answering(spec.name, spec.name.partition(".")[2])

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""


def missing(module: str, place: str, name: str) -> ModuleNotFoundError:
    """The error of an import of a name that is not here, with the nearest one that is.

    >>> print(missing("torch.nn", "nn", "Conv2D"))
    torch.nn has no attribute 'Conv2D'; the nearest is 'Conv2d'
    """
    return ModuleNotFoundError(str(MissingError(module, name, lambda: names(place))))


def install() -> None:
    """Take part in imports, and let our own modules answer for PyTorch's further names; once."""
    if any(isinstance(finder, Finder) for finder in sys.meta_path):
        return
    sys.meta_path.append(Finder())
    for place in _OURS:
        module = importlib.import_module(f"autocnn.{place}")
        setattr(module, "__getattr__", answer(place))  # noqa: B010 (a module's, as PEP 562 has it)
        if not hasattr(module, "__path__"):
            setattr(module, "__path__", [])  # noqa: B010 (as in `Answering`)
