"""The first screen: headline, places for the drawings, the table of cures, and what stands at the foot."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from autocnn.viz.report.outcomes import reached
from autocnn.viz.report.summary import NAMES, Network, Range, fate, network, number
from autocnn.viz.report.words import Part, brief, cures_sentence, headline

COLUMNS = ("default", "good init", "batch norm", "both")
_TOLD = "what is left of the signal at the first block, untrained · test images right after training"
_SIGNS = {"vanishes": "↓", "holds": "✓", "explodes": "↑"}


def marked(text: str) -> str:
    """Text as HTML: powers of ten raised, numbers kept beside their percent sign.

    >>> marked("1 part in 10^18 <b>")
    '1 part in 10<sup>18</sup> &lt;b&gt;'
    """
    safe = html.escape(text).replace(" %", "\u202f%")
    return re.sub(r"(\w|\))\^(-?\d+)", lambda found: f"{found[1]}<sup>{found[2].replace('-', '−')}</sup>", safe)


def spoken_headline(parts: Sequence[Part]) -> str:
    """The headline's pieces as HTML, each network's in its colour."""
    return "".join(f'<b class="{whose}">{marked(text)}</b>' if whose else marked(text) for text, whose in parts)


def study(document: Mapping[str, Any], title: str = "") -> str:
    """One study's part of the first screen; with a title, it stands beside another and has its own headline."""
    above = ""
    if title:
        words = spoken_headline(headline(document))
        above = f'<p class="headline"><strong>{marked(title)}</strong><br>{words}</p>'
    return f"""<article class="study">{above}
<div class="place-strips"></div>
<div class="side">
<section class="learn"><h2>What that does to learning.</h2><div class="place-learning"></div></section>
{_cures(document.get("cures") or [], float(document.get("about", {}).get("chance", 0)))}
</div>
</article>"""


def _cures(cells: Sequence[Mapping[str, Any]], chance: float) -> str:
    top = f'<section class="cures"><h2>Is a skip the only cure?</h2><p>{marked(cures_sentence(cells))}</p>'
    if not cells:
        return f"{top}</section>"
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    rows = []
    for skips, name, look in ((False, "without skips", "plain"), (True, "with skips", "skip")):
        found = {cell["column"]: cell for cell in cells if bool(cell["skips"]) == skips}
        row = "".join(_cell(found.get(column), chance) for column in COLUMNS)
        rows.append(f'<tr><th scope="row" class="{look}"><b>{name}</b></th>{row}</tr>')
    return (
        f"{top}<table><caption hidden>What becomes of the gradient on its way to the first block, and the test"
        ' accuracy after training</caption><colgroup><col class="who"><col span="4"></colgroup>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f'<p class="small">{_TOLD}{_whose(cells)}</p></section>'
    )


def _cell(cell: Mapping[str, Any] | None, chance: float) -> str:
    if cell is None:
        return '<td class="unknown">not run</td>'
    share = number(cell["ratio"])
    kind = cell.get("verdict") or fate(share)
    if kind not in _SIGNS:
        return '<td class="unknown">no finite signal</td>'
    return (
        f'<td class="{kind}"><strong>{_SIGNS[kind]} {kind}</strong><span>{marked(brief(share))}</span>'
        f"<span>{marked(_learning(cell, chance))}</span></td>"
    )


def _whose(cells: Sequence[Mapping[str, Any]]) -> str:
    """Which seeds the accuracies are of, where it is not the same for all."""
    several = any(len(cell.get("accuracies") or ()) > 1 for cell in cells)
    return " (first seed; of the pair in the headline all)" if several else ""


def _learning(cell: Mapping[str, Any], chance: float) -> str:
    """What training made of it, where it was trained."""
    if cell.get("diverged"):
        return "breaks down"
    ends = [number(value) for value in cell.get("accuracies") or [cell.get("accuracy")]]
    return "" if all(map(math.isnan, ends)) else f"{reached(ends, chance)} right"


def footer(document: Mapping[str, Any]) -> str:
    """What was run, on what, for how long, how to run it again, and the files beside the page."""
    facts = [marked(str(fact)) for fact in document.get("facts", [])]
    if document.get("command"):
        facts.append(f"made by <code>{html.escape(document['command'])}</code>")
    files = document.get("files", {})
    links = [f'<a href="{html.escape(path)}">{html.escape(name)}</a>' for name, path in files.items()]
    return " · ".join(facts + links)


def drawn(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the page's program draws of a study: medians and ranges, three digits each."""
    found = {name: network(document, name) for name in NAMES}
    steps = sorted({step for each in found.values() for step in each.steps}) or [1]
    count = max((len(row) for each in found.values() for row in each.shares), default=1)
    blocks = [str(i + 1) for i in range(count)]
    about = document.get("about", {})
    arcs = document.get("arcs") or [True] * count
    return {
        "blocks": blocks,
        "arcs": arcs,
        "steps": steps,
        "total": max(int(about.get("steps", steps[-1])), steps[-1]),
        "chance": float(about.get("chance", 0)),
        "networks": {
            name: {**_network(each), "end": _end(each, float(about.get("chance", 0)))}
            for name, each in found.items()
        },
    }


def _end(found: Network, chance: float) -> str:
    """The accuracy at the end, as the headline has it."""
    return reached([outcome.accuracy for outcome in found.outcomes], chance)


def _network(found: Network) -> dict[str, Any]:
    return {
        "steps": found.steps,
        "shares": [[_triple(share) for share in row] for row in found.shares],
        "accuracy": [[step, *_triple(score)] for step, score in found.accuracy],
        "floor": _short(found.floor),
        "rounded": found.rounded,
    }


def _triple(found: Range) -> list[Any]:
    return [_short(found.middle), _short(found.low), _short(found.high)]


def _short(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return "inf" if math.isinf(value) else float(f"{value:.3g}")
