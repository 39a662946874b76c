"""The laws of text: no promises, no addresses of a machine or registry, a README that tells the truth."""

from __future__ import annotations

import re
from pathlib import Path

from .source import place, texts

# Written in pieces, so that this file keeps its own law.
PROMISES = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")
HOSTS = re.compile(
    "|".join(
        rf"\b{first}\.{second}\b"
        for first, second in (
            ("py" + "pi", "org"),
            ("python" + "hosted", "org"),
            ("npm" + "js", "(org|com)"),
            ("download\\.py" + "torch", "org"),
            ("ana" + "conda", "(org|com)"),
            ("deb\\.deb" + "ian", "org"),
            ("crates", "io"),
        )
    )
)
PLACES = re.compile(r"(?<![\w.])(/wo" + r"rk\b|/tm" + r"p/(wt|plan|venv|bash_jobs)\b|/ro" + r"ot/)")
COMMAND = re.compile(r"^python3 -m venv .*$", re.MULTILINE)
ASSIGNMENT = re.compile(r"^(install|test)='(.*)'$", re.MULTILINE)


def no_promises(root: Path) -> list[str]:
    """Nothing in the repository promises later work."""
    return _found(root, PROMISES, "promises later work")


def no_hosts(root: Path) -> list[str]:
    """No file names the host of a package registry: each machine has its own."""
    return _found(root, HOSTS, "names a registry's host")


def no_machine_paths(root: Path) -> list[str]:
    """No file names a folder that only one machine has."""
    return _found(root, PLACES, "names a folder of one machine")


def _found(root: Path, pattern: re.Pattern[str], complaint: str) -> list[str]:
    return [
        f"{place(root, path, number)}: {complaint}"
        for path, text in texts(root)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def readme_and_ci_agree(root: Path) -> list[str]:
    """The README has two commands, and .ci/run installs and tests with the second one, word for word."""
    commands = COMMAND.findall((root / "README.md").read_text(encoding="utf-8"))
    if len(commands) != 2:
        return [f"README.md: {len(commands)} commands begin from nothing; there are to be 2"]
    said = dict(ASSIGNMENT.findall((root / ".ci/run").read_text(encoding="utf-8")))
    done = f"{said.get('install')} && {said.get('test')}"
    return [] if done == commands[1] else [f".ci/run does {done!r}, README.md says {commands[1]!r}"]
