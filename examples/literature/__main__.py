"""`python -m examples.literature [NAME ...] [--seeds N] [--write FILE]`: remake the claims of papers."""

from __future__ import annotations

import argparse
import importlib
import re
import time
from pathlib import Path

from autocnn.graph.store import write_whole

from .row import Row, table

PAPERS = {
    "glorot_2010": "Glorot and Bengio 2010",
    "he_2015": "He, Zhang, Ren and Sun 2015",
    "he_2016": "He, Zhang, Ren and Sun 2016, beside Yang et al. 2019",
    "veit_2016": "Veit, Wilber and Belongie 2016",
    "de_smith_2020": "De and Smith 2020",
    "saxe_2014": "Saxe, McClelland and Ganguli 2014, and Pennington, Schoenholz and Ganguli 2017",
    "schoenholz_2017": "Poole et al. 2016 and Schoenholz et al. 2017",
    "balduzzi_2017": "Balduzzi et al. 2017",
    "zhang_2019": "Zhang, Dauphin and Ma 2019",
}
"""The papers in the order in which they tell their story, by the name of the script."""


def reproduce(name: str, seeds: int | None = None) -> list[Row]:
    """The claims of one paper, remade."""
    function = importlib.import_module(f"examples.literature.{name}").reproduce
    rows: list[Row] = function() if seeds is None else function(seeds)
    return rows


def section(name: str, rows: list[Row]) -> str:
    """A paper's part of the page of reproductions."""
    command = f"python -m examples.literature {name}"
    if (count := max(len(row.ours) for row in rows)) > 1:
        command += f" --seeds {count}"
    return f"## {PAPERS[name]}\n\n`{command}`\n\n{table(rows)}\n"


def written(text: str, name: str, part: str) -> str:
    """A page with the tables of one paper put in, in the place of those before; what follows them stays."""
    pattern = rf"## {re.escape(PAPERS[name])}\n\n`.*`\n\n(\|.*\n)+"
    if re.search(pattern, text):
        return re.sub(pattern, lambda _: part, text)
    return text.rstrip() + "\n\n" + part


def main() -> None:
    """Remake, print, and write into a page on request."""
    parser = argparse.ArgumentParser(description="Claims of papers, remade.")
    parser.add_argument("names", nargs="*", choices=[*PAPERS, []], metavar="NAME", help=", ".join(PAPERS))
    parser.add_argument("--seeds", type=int, help="how many networks for each value")
    parser.add_argument("--write", type=Path, metavar="FILE", help="a Markdown page to put the tables into")
    chosen = parser.parse_args()
    for name in chosen.names or PAPERS:
        began = time.perf_counter()
        part = section(name, reproduce(name, chosen.seeds))
        print(part, f"({time.perf_counter() - began:.0f} s)\n", flush=True)
        if chosen.write:
            page = chosen.write.read_text(encoding="utf-8") if chosen.write.exists() else "# Reproductions\n"
            write_whole(chosen.write, written(page, name, part).encode())


if __name__ == "__main__":
    main()
