"""`autocnn compare RUN_A RUN_B`: two studies side by side, on one page and one scale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from autocnn.errors import UsageError


@click.command("compare")
@click.argument("run_a", type=click.Path(path_type=Path))
@click.argument("run_b", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), default=Path("compare.html"), show_default=True,
    help="The page to write.",
)  # fmt: skip
def command(run_a: Path, run_b: Path, out: Path) -> None:
    """Set two studies side by side on one page, moved by one slider, and say what differs between them.

    RUN_A and RUN_B are folders that `autocnn study` wrote.
    """
    from autocnn.viz.report import side_by_side

    if not out.parent.is_dir():
        raise UsageError(f"compare: --out is {str(out)!r}; the folder {out.parent} is not there")
    if out.is_dir():
        raise UsageError(f"compare: --out {out} is a folder; name a file, as in --out compare.html")
    documents = dict(zip(names(run_a, run_b), (read(run_a), read(run_b)), strict=True))
    side_by_side(documents, out)
    click.echo(f"open {out}")


def read(run: Path) -> dict[str, Any]:
    """The document that a study left in a folder."""
    path = run / "study.json" if run.is_dir() else run
    if not path.is_file():
        what = "has no study.json" if run.is_dir() else "is not there"
        raise UsageError(f"compare: {run} {what}; make it with: autocnn study --out {run}")
    try:
        document = json.loads(path.read_text("utf-8"))
    except ValueError:  # no JSON, or no text
        document = None
    if not isinstance(document, dict) or document.get("format") != "autocnn.study":
        raise UsageError(f"compare: {path} is no study; it is not what autocnn study writes")
    return document


def names(run_a: Path, run_b: Path) -> tuple[str, str]:
    """What the two are called: their folders' names, longer where these are the same.

    >>> names(Path("a/study"), Path("b/study")), names(Path("x"), Path("x"))
    (('a/study', 'b/study'), ('x (A)', 'x (B)'))
    """
    for made in ([p.name for p in (run_a, run_b)], [str(p) for p in (run_a, run_b)]):
        if made[0] != made[1] and all(made):
            return made[0], made[1]
    return f"{run_a} (A)", f"{run_b} (B)"
