"""The repository as data: its files, its modules, and who imports whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "autocnn"
FOLDERS = (PACKAGE, "tests", "examples", "docs", ".ci")
SKIPPED = {"__pycache__", ".git"}


def files(root: Path, *folders: str, suffix: str = "") -> list[Path]:
    """Every file under the folders that the repository owns, and those that lie in its root."""
    found = [path for folder in folders or FOLDERS for path in (root / folder).rglob(f"*{suffix}")]
    if not folders:
        found += root.glob(f"*{suffix}")
    return sorted(path for path in found if path.is_file() and not SKIPPED.intersection(path.parts))


def texts(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file that is text, with its text."""
    for path in files(root):
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def place(root: Path, path: Path, line: int = 0) -> str:
    """Where a complaint points: a path from the root, and a line."""
    name = path.relative_to(root).as_posix()
    return f"{name}:{line}" if line else name


@dataclass(frozen=True)
class Import:
    """One import of something of ours; ``typing_only`` where it stands under ``if TYPE_CHECKING``."""

    target: str
    line: int
    typing_only: bool


@dataclass(frozen=True)
class Module:
    """One module of the package, parsed."""

    name: str
    path: Path
    tree: ast.Module


def modules(root: Path) -> list[Module]:
    """Every module of the package, by dotted name."""
    found = []
    for path in files(root, PACKAGE, suffix=".py"):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, path, ast.parse(path.read_text(encoding="utf-8"))))
    return found


def imports(module: Module, known: set[str]) -> list[Import]:
    """What the module imports of ours, at any depth: an import inside a function counts as well.

    ``from package import name`` leads to the module ``package.name`` where there is one, else to ``package``.
    """
    hidden = {id(child) for node in _typing_blocks(module.tree) for child in ast.walk(node)}
    return [
        Import(target, node.lineno, id(node) in hidden)  # type: ignore[attr-defined]
        for node in ast.walk(module.tree)
        for target in _targets(node, module, known)
        if target.partition(".")[0] == PACKAGE
    ]


def _typing_blocks(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            yield from node.body


def _targets(node: ast.AST, module: Module, known: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _absolute(node, module)
        for alias in node.names:
            full = f"{base}.{alias.name}"
            yield full if full in known else base
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
        yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def _absolute(node: ast.ImportFrom, module: Module) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    up = node.level - (module.path.name == "__init__.py")
    base = parts[: len(parts) - up]
    return ".".join([*base, node.module] if node.module else base)
