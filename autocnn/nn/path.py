"""The path by which a module is called: every op and every error carries it, such as ``layer1/0/conv1``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from autocnn.engine.tape import Context

if TYPE_CHECKING:
    from autocnn.nn.module import Module


class _Running(threading.local):
    module: Module | None = None


running = _Running()
"""The module whose forward pass runs on this thread: the caller of the next one."""


class Structure:
    """Counts every change to any module's parts, so that remembered paths are known to be old."""

    changes = 0


class Parts(dict[str, "Module | None"]):
    """The parts of a module by name, in the order in which they came; every change is counted."""

    def __setitem__(self, name: str, part: Module | None) -> None:
        Structure.changes += 1
        super().__setitem__(name, part)

    def __delitem__(self, name: str) -> None:
        Structure.changes += 1
        super().__delitem__(name)

    def pop(self, name: str, *default: Any) -> Any:
        """Take a part out and return it."""
        Structure.changes += 1
        return super().pop(name, *default)

    def update(self, *parts: Any, **named: Any) -> None:
        """Put parts in."""
        Structure.changes += 1
        super().update(*parts, **named)

    def clear(self) -> None:
        """Take all parts out."""
        Structure.changes += 1
        super().clear()


class Names:
    """What a module calls those below it: the context in which each of them runs.

    In a training loop every call meets the same contexts again, so that they are remembered: one look-up a call.
    """

    __slots__ = ("_changes", "_known", "_paths")

    def __init__(self) -> None:
        self._changes = -1
        self._paths: dict[int, str] = {}
        self._known: tuple[Context | None, int, dict[int, Context]] = (None, -1, {})
        """One tuple, so that threads with different contexts never see each other's in part."""

    def context(self, caller: Module, module: Module, outside: Context) -> Context:
        """The context of a call of `module` by `caller`: the one outside, its path added to the scope."""
        known, changes, contexts = self._known
        if known is outside and changes == Structure.changes and (found := contexts.get(id(module))) is not None:
            return found
        path = self._path(caller, module)
        if path is None:
            return outside
        place = outside.place
        scope = f"{place.scope}/{path}" if place.scope else path
        inside = outside._replace(place=place._replace(scope=scope))
        if outside.watch is None:  # a watcher is not to be kept alive
            if known is not outside or changes != Structure.changes:
                contexts = {}
                self._known = (outside, Structure.changes, contexts)
            contexts[id(module)] = inside
        return inside

    def _path(self, caller: Module, module: Module) -> str | None:
        if self._changes != Structure.changes:
            changes = Structure.changes
            self._paths, self._changes = paths_below(caller), changes
        return self._paths.get(id(module))


def paths_below(module: Module) -> dict[int, str]:
    """Paths by identity of all modules below one, the shortest for a module that is there twice."""
    paths: dict[int, str] = {}
    level: list[tuple[str, Module]] = [("", module)]
    while level:
        below = []
        for path, parent in level:
            for name, child in parent._modules.items():
                if child is not None and id(child) not in paths and child is not module:
                    paths[id(child)] = f"{path}/{name}" if path else name
                    below.append((paths[id(child)], child))
        level = below
    return paths


def say_where(error: Exception, scope: str) -> None:
    """Note the innermost module that an error came from, once."""
    if scope and not any(note.startswith("in ") for note in getattr(error, "__notes__", ())):
        error.add_note(f"in {scope}")
