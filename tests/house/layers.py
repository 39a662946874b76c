"""The law of imports: layers, what each may import, and the search for knots."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path

from .source import PACKAGE, Module, imports, modules, place

GROUND = {"types", "errors"}
PLAIN = "graph (plain data)"
PLAIN_PARTS = {"data", "text", "store", "transform", "analysis", "diff", "onnx"}
BELOW = {"backend", "engine", "ops", "nn", "optim", "data", PLAIN, "graph", "viz", "models"}

# What each layer may import besides itself and the ground; the order is the order of reading.
LAYERS: dict[str, set[str]] = {
    "types": set(),
    "errors": set(),
    "backend": set(),
    "engine": {"backend"},
    "autograd": {"engine"},
    "func": {"engine"},
    "ops": {"engine", "backend"},
    "numpy": {"ops"},
    "nn": {"ops", "engine"},
    "optim": {"engine", "backend"},
    "data": {"backend", "engine"},
    PLAIN: set(),
    "graph": {"engine", PLAIN},
    "viz": {"graph", PLAIN},
    "models": {"nn", "ops"},
    "train": BELOW,
    "compat": BELOW,
    "inspect": BELOW | {"flow"},
    "profiling": BELOW,
    "fusion": BELOW,
    "machine": BELOW | {""},  # it says which version this is
    "flow": BELOW - {"models", "data", "viz"},
    "sklearn": BELOW | {"train"},
    "testing": BELOW,
}
FREE = {"", "cli", "__main__"}  # the package's own __init__ and the commands import what they need
BARE = {"types", "errors"}  # these import nothing of ours at all


def layer(name: str) -> str:
    """The layer that a module belongs to; the package itself is ''."""
    parts = name.split(".")[1:]
    if parts[:1] == ["graph"] and parts[1:] and parts[1] in PLAIN_PARTS:
        return PLAIN
    return parts[0] if parts else ""


def law_of_imports(root: Path) -> list[str]:
    """Imports go down only, by the table.

    What only the type checker sees must go down too, at any distance.
    """
    complaints = []
    every = modules(root)
    known = {module.name for module in every}
    for module in every:
        own = layer(module.name)
        if own in FREE:
            continue
        if own not in LAYERS:
            complaints.append(f"{place(root, module.path)}: {own} is no layer; give it a row in LAYERS")
            continue
        for found in imports(module, known):
            other = layer(found.target)
            if other not in _allowed(own, below=found.typing_only):
                where = place(root, module.path, found.line)
                complaints.append(f"{where}: {own} may not import {found.target}")
    return complaints


def _allowed(own: str, below: bool) -> set[str]:
    if own in BARE:
        return {own}
    ground = {"errors"} if own == PLAIN else GROUND
    return {own} | ground | (_closure(own) if below else LAYERS[own])


def _closure(own: str) -> set[str]:
    found: set[str] = set()
    stack = [own]
    while stack:
        new = LAYERS[stack.pop()] - found
        found |= new
        stack.extend(new)
    return found


def no_cycles(root: Path) -> list[str]:
    """No chain of imports comes back to where it began."""
    every = modules(root)
    known = {module.name for module in every}
    edges = {module.name: _neighbours(module, known) for module in every}
    return [f"import cycle: {' -> '.join(cycle)}" for cycle in _cycles(edges)]


def _neighbours(module: Module, known: set[str]) -> list[str]:
    targets = {found.target for found in imports(module, known) if not found.typing_only}
    return sorted(targets & known - {module.name})


def _cycles(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """One cycle per back edge of a depth-first walk."""
    done: set[str] = set()
    cycles: list[list[str]] = []

    def visit(name: str, trail: list[str]) -> None:
        if name in trail:
            cycles.append([*trail[trail.index(name) :], name])
        elif name not in done:
            for target in edges[name]:
                visit(target, [*trail, name])
            done.add(name)

    for name in sorted(edges):
        visit(name, [])
    return cycles


def cupy_lives_in_backend(root: Path) -> list[str]:
    """Only backend/ says the module's name in code; docstrings may speak of it."""
    complaints = []
    for module in modules(root):
        if layer(module.name) == "backend":
            continue
        complaints += [
            f"{place(root, module.path, node.lineno)}: cupy is named outside backend"  # type: ignore[attr-defined]
            for node in ast.walk(module.tree)
            if _names_cupy(node)
        ]
    return complaints


def _names_cupy(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            said = [alias.name for alias in names]
        case ast.ImportFrom(module=str(name)):
            said = [name]
        case ast.Name(id=name) | ast.Attribute(attr=name):
            said = [name]
        case ast.Constant(value=str(text)):
            said = [text]
        case _:
            said = []
    return any(name == "cupy" or (name.startswith("cupy.") and " " not in name) for name in said)


def nothing_pickled(root: Path) -> list[str]:
    """No module that writes or reads pickled files is imported, and NumPy is not asked to."""
    banned = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
    complaints = []
    for module in modules(root):
        for node in ast.walk(module.tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                names = [] if ast.unparse(node.value) == "False" else ["pickle"]
            if any(name.partition(".")[0] in banned for name in names):
                complaints.append(f"{place(root, module.path, node.lineno)}: pickled files are not used here")  # type: ignore[attr-defined]
    return complaints


__all__ = [
    "LAYERS",
    "PACKAGE",
    "cupy_lives_in_backend",
    "law_of_imports",
    "layer",
    "no_cycles",
    "nothing_pickled",
]
