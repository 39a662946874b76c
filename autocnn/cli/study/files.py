"""What a study leaves in its folder: the page, its numbers and figures, each file whole or not at all."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from autocnn.cli.words import check_folder
from autocnn.errors import GraphError


def make_folder(out: Path) -> None:
    """Make the folder now, since a study that cannot be kept need not begin."""
    check_folder("study", out)
    out.mkdir(parents=True, exist_ok=True)


def write(out: Path, document: dict[str, Any], study: Any) -> list[str]:
    """Write everything; returns what could not be drawn, and why, in sentences."""
    from autocnn.graph.store import write_whole
    from autocnn.viz.report import report, sentence

    out.mkdir(parents=True, exist_ok=True)
    files = {}
    if study.twins:
        for name, rows in (("gradients.csv", study.twins.rows()), ("training.csv", study.twins.training())):
            if rows:
                write_whole(out / name, table(rows).encode())
                files[name] = name
    drawn, complaints = _figures(out, document)
    document["files"] = {**files, "study.json": "study.json", **drawn}
    document["sentence"] = sentence(document)
    numbers = json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False)
    write_whole(out / "study.json", numbers.encode())
    report(document, out / "report.html")
    return complaints


def _figures(out: Path, document: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Every figure at 16:9 as SVG and PNG; without matplotlib there is none, which is said."""
    from autocnn.viz.figures_report import figures

    try:
        made = list(figures(document))
    except GraphError as error:
        return {}, [f"there are no SVG and PNG files of the figures: {error}"]
    folder = out / "figures"
    folder.mkdir(exist_ok=True)
    for name, figure in made:
        for suffix in ("svg", "png"):
            figure.save(folder / f"{name}.{suffix}")
    links = {"SVG": "figures/gradients.svg", "PNG": "figures/gradients.png", "all figures": "figures/"}
    return (links if made else {}), []


def table(rows: list[dict[str, Any]]) -> str:
    """Rows of equal keys as CSV.

    >>> table([{"a": 1, "b": 2.5}])
    'a,b\\n1,2.5\\n'
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
