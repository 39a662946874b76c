"""The site's reference has every public name, and its menu every page."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from docs import reference

ROOT = Path(__file__).parents[2]
NAV = set(re.findall(r"- .*?([\w./]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE))
# Layers that reach a user under other names: `autocnn.matmul`, `autocnn.fuse`, `autocnn info`.
BENEATH = {"backend", "cli", "engine", "errors", "fusion", "machine", "ops", "types"}


@pytest.mark.parametrize("package", reference.PACKAGES)
def test_every_public_name_is_told(package: str) -> None:
    module = importlib.import_module(package)
    text = reference.page(package)
    told = re.findall(r"^### .*\{#(\S+)\}$", text, re.MULTILINE)
    names = getattr(module, "__all__", None) or [n for n in vars(module) if n[0] != "_" and made(module, n)]
    assert {f"{package}.{name}" for name in names} <= set(told)
    assert len(set(told)) == len(told)


def made(module: object, name: str) -> bool:
    return reference.made_in(getattr(module, name), module)  # type: ignore[arg-type]


def test_no_package_is_left_out() -> None:
    folder = ROOT / "autocnn"
    here = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    here = {name for name in here if not name.startswith("_")}
    assert {f"autocnn.{name}" for name in here - BENEATH} <= set(reference.PACKAGES)


def test_the_menu_has_every_page() -> None:
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    made = {"examples.md", *(f"reference/{package}.md" for package in reference.PACKAGES)}
    assert pages | made == NAV


def test_a_docstring_becomes_markdown() -> None:
    said = "x[i] * w_ij, `a[i]`, :func:`conv2d`.\n\n    z = x * w\n\n>>> 1 + 1\n2"
    assert reference.prose(said) == (
        "x\\[i\\] \\* w\\_ij, `a[i]`, `conv2d`.\n\n    z = x * w\n\n```python\n>>> 1 + 1\n2\n```"
    )


def test_what_comes_out_is_not_coloured_as_python() -> None:
    typed, code = "```python\n>>> shape\n2×3\n```\n", "```python\nx = 1\n```\n"
    shown = reference.on_page_markdown(f"{code}\n{typed}\n{code}")
    assert shown == f"{code}\n{typed.replace('python', 'pycon')}\n{code}"


def test_a_call_is_shown_as_it_is_written() -> None:
    def f(x: int, *, by: str | None = None) -> float:
        return 0.0

    assert reference.call("f", f) == "f(x: int, *, by: str | None = None) -> float"


def test_examples_are_linked_within_the_site() -> None:
    assert reference.on_page_markdown("[a](../examples/01_a.py), [b](../examples)") == (
        "[a](examples.md#01_a), [b](examples.md)"
    )
    for link in re.findall(
        r"\]\(\.\./([^)]+)\)", "".join(p.read_text("utf-8") for p in (ROOT / "docs").glob("*.md"))
    ):
        assert link.startswith("examples"), f"the site has no page for ../{link}"
