"""The pages of the documentation are executed: what they print is what comes out.

A block of Python with prompts (`>>>`) must print what stands below them; one without must run. The blocks of a
page share their names, as if typed one after another.
"""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import click
import pytest

from autocnn.cli.app import autocnn

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


def blocks(text: str) -> list[tuple[int, str]]:
    """The blocks of Python on a page, with the number of the line before each."""
    return [(text.count("\n", 0, found.start(1)), found.group(1)) for found in BLOCK.finditer(text)]


def run(text: str, name: str) -> list[str]:
    """Execute the blocks of a page in order, up to the first that is wrong; returns what is wrong with it."""
    names: dict[str, object] = {"__name__": "__page__"}
    complaints: list[str] = []
    for line, code in blocks(text):
        if ">>>" in code:
            test = doctest.DocTestParser().get_doctest(code, names, f"{name}:{line}", name, line)
            runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS | doctest.FAIL_FAST)
            runner.run(test, out=complaints.append, clear_globs=False)
            names.update(test.globs)
            if complaints:  # the rest would only say that names are missing
                return complaints
        else:
            exec(compile("\n" * line + code, name, "exec"), names)
    return complaints


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page.read_text(encoding="utf-8"))], ids=lambda page: page.name
)
def test_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    complaints = run(page.read_text(encoding="utf-8"), str(page))
    assert not complaints, "\n".join(complaints)


def commands(text: str) -> list[list[str]]:
    """The command lines of autocnn on a page: in blocks for the shell, and in the text."""
    lines = "\n".join(SHELL.findall(text)).replace("&& ", "\n").splitlines()
    typed = [line.partition("autocnn ")[2] for line in lines if re.match(r"(\S*/)?autocnn ", line)]
    told = re.findall(r"`autocnn ([a-z]+ [^`\n]+)`", SHELL.sub("", text))
    return [shlex.split(line, comments=True) for line in (*typed, *told)]


def test_command_lines_are_understood() -> None:
    """Each has a command and options that there are; none is run."""
    shown = [(page.name, words) for page in PAGES for words in commands(page.read_text(encoding="utf-8"))]
    assert len(shown) > 20
    for name, words in shown:
        command = autocnn.get_command(click.Context(autocnn), words[0])
        assert command is not None, f"{name}: autocnn {' '.join(words)}"
        command.make_context(words[0], words[1:])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target, _ in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing, f"{page.name}: nothing at {', '.join(missing)}"


def test_every_page_is_on_the_index() -> None:
    linked = {target for target, _ in LINK.findall((ROOT / "docs/index.md").read_text(encoding="utf-8"))}
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    assert pages - {"index.md"} <= linked


def test_the_runner_finds_what_is_wrong() -> None:
    assert run("```python\n>>> x = 1\n>>> x\n1\n```\n\n```python\n>>> x + 1\n2\n```\n", "right") == []
    (complaint,) = run("text\n\n```python\n>>> 1 + 1\n3\n```\n", "wrong")
    assert "line 4" in complaint
    assert "Expected:\n    3\nGot:\n    2" in complaint
    with pytest.raises(ZeroDivisionError):
        run("```python\n1 / 0\n```\n", "broken")
