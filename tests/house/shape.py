"""The laws of size, of names and of docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from .source import files, modules, place

FILE, FUNCTION, TENSOR = 500, 60, 300
CODE = ("autocnn", "tests", "examples")
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc)(_|$)")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def small_files(root: Path) -> list[str]:
    """No file over 500 lines."""
    counts = (
        (path, len(path.read_text(encoding="utf-8").splitlines())) for path in files(root, *CODE, suffix=".py")
    )
    return [f"{place(root, path)}: {n} lines, over {FILE}" for path, n in counts if n > FILE]


def small_functions(root: Path) -> list[str]:
    """No function over 60 lines, and class Tensor at most 300."""
    complaints = []
    for path in files(root, *CODE, suffix=".py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, Definition):
                continue
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            limit = FUNCTION
            if isinstance(node, ast.ClassDef):
                if node.name != "Tensor":
                    continue
                limit = TENSOR
            if lines > limit:
                complaints.append(f"{place(root, path, node.lineno)}: {node.name} has {lines} lines, over {limit}")
    return complaints


def telling_names(root: Path) -> list[str]:
    """No file or folder is named after nothing in particular."""
    complaints = []
    for path in files(root, *CODE):
        vague = [part for part in path.relative_to(root).parts if VAGUE.search(part.split(".")[0])]
        complaints += [f"{place(root, path)}: the name {part} says nothing" for part in vague]
    return complaints


def tests_are_packages(root: Path) -> list[str]:
    """Every folder with tests has an __init__.py, so that two files may share a name."""
    folders = {path.parent for path in files(root, "tests", suffix=".py")}
    return [f"{place(root, f)}: no __init__.py" for f in sorted(folders) if not (f / "__init__.py").exists()]


def docstrings(root: Path) -> list[str]:
    """Every module, public class, public function and public method says what it is.

    A method of a class with bases may inherit its docstring, and is not asked.
    """
    complaints = []
    for module in modules(root):
        if not ast.get_docstring(module.tree):
            complaints.append(f"{place(root, module.path)}: the module has no docstring")
        for node, name in _public(module.tree.body):
            if not ast.get_docstring(node):
                complaints.append(f"{place(root, module.path, node.lineno)}: {name} has no docstring")
    return complaints


def _public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[Definition, str]]:
    for node in body:
        if isinstance(node, ast.If):
            yield from _public(node.body + node.orelse, prefix)
        if not isinstance(node, Definition) or node.name.startswith("_") or _is_spelling(node):
            continue
        yield node, prefix + node.name
        if isinstance(node, ast.ClassDef) and not node.bases:
            yield from _public(node.body, f"{prefix}{node.name}.")


def _is_spelling(node: Definition) -> bool:
    """Overloads, setters and deleters share the docstring of the thing itself."""
    said = [ast.unparse(mark) for mark in node.decorator_list]
    return any(mark in ("overload", "typing.overload") or mark.endswith((".setter", ".deleter")) for mark in said)


def nothing_swallowed(root: Path) -> list[str]:
    """No handler catches everything and says nothing; no error promises later work."""
    complaints = []
    for module in modules(root):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler) and _swallows(node):
                complaints.append(f"{place(root, module.path, node.lineno)}: a handler swallows every error")
            if isinstance(node, ast.Raise) and node.exc and "NotImplementedError" in ast.unparse(node.exc):
                complaints.append(f"{place(root, module.path, node.lineno)}: something is not implemented")
    return complaints


def _swallows(node: ast.ExceptHandler) -> bool:
    broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
    return broad and all(isinstance(statement, ast.Pass) for statement in node.body)
