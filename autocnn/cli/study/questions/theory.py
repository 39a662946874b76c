"""The toy model, and which choices let a signal through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autocnn.cli.study.cures import by_depth, networks
from autocnn.cli.study.questions.looking import LOOKS, batch, series
from autocnn.viz.report.summary import shares

if TYPE_CHECKING:
    from autocnn.cli.study.document import Study

_TOY = {
    "every": ("a skip at every layer", "skip", False),
    "long": ("one long skip", "third", False),
    "none": ("no skip", "plain", True),
}
_DEPTHS = (1, 2, 3, 5, 8, 12, 20, 30, 50, 75, 100)
_TITLES = {
    False: "Without skips: theory (lines), measured (dots)",
    True: "With skips: theory (lines), measured (dots)",
}
_THETA = 0.5
THEORY = 32


def toy(study: Study) -> dict[str, Any]:
    """A chain of one number: which skip saves which gradient."""
    from autocnn import flow

    found = flow.toy([_THETA], _DEPTHS, readings=["chain"])
    first = [cell for cell in found.cells if cell.order == 1]
    titles = {
        "theta": "gradient at the number that enters",
        "first weight": "gradient at the first layer's weight",
    }
    figures = [
        {
            "kind": "lines", "title": title, "x": {"label": "layers"}, "y": {"label": "size", "log": True},
            "series": [_line(first, at, skip) for skip in _TOY],
        }
        for at, title in titles.items()
    ]  # fmt: skip
    ends = {(cell.at, cell.skip): cell.closed for cell in first if cell.n == _DEPTHS[-1]}
    every, long_, none = (ends["first weight", skip] for skip in _TOY)
    return {
        "question": "What does a skip do in the smallest network there is?",
        "answer": (
            f"Take {_DEPTHS[-1]} layers that are tanh and nothing else. Without a skip {none:.2g} of the gradient "
            "is left at the first layer's weight. One long skip from start to end saves what enters "
            f"({ends['theta', 'long']:.2g}), and not the first layer ({long_:.2g}). A skip at every layer saves "
            f"both: {every:.2g}."
        ),
        "figures": figures,
        "table": [
            {
                "skip": _TOY[cell.skip][0], "gradient at": cell.at, "layers": cell.n,
                "closed form": cell.closed, "engine": cell.engine,
            }
            for cell in first
            if cell.n in (1, 10, 100) or cell.n == _DEPTHS[-1]
        ],
        "note": f"h ← tanh(h), from h = {_THETA}. {found.verdict()}",
    }  # fmt: skip


def _line(cells: list[Any], at: str, skip: str) -> dict[str, Any]:
    name, color, dash = _TOY[skip]
    chosen = [cell for cell in cells if cell.at == at and cell.skip == skip]
    return {
        "name": name, "color": color, "dash": dash,
        "x": [cell.n for cell in chosen], "y": [abs(cell.closed) for cell in chosen],
    }  # fmt: skip


def cures(study: Study) -> dict[str, Any] | None:
    """The eight networks of the first screen, block by block: what theory says, and what is measured."""
    if not study.cures:
        return None
    drawn: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    nets = networks(study.settings, study.images, study.settings.seeds[0])
    x, y = batch(study, THEORY)
    for cell in study.cures:
        layers = _predicted(nets[f"{cell['row']}, {cell['column']}"], x, y)
        lines = drawn[cell["skips"]]
        color = ("plain", "third", "fourth", "fifth")[len(lines) // 2]
        measured = shares([layer.gradient_measured for layer in layers])
        said = shares([layer.gradient for layer in layers])
        lines.append(series("", said, color=color, thin=True))
        lines.append(series(cell["column"], measured, color=color, marks="only"))
        cell["predicted"] = said[0]
    held = [cell for cell in study.cures if cell["verdict"] == "holds"]
    return {
        "question": "Which choices let the signal through?",
        "answer": _which(held, len(study.cures)),
        "figures": [
            {
                "kind": "lines", "title": _TITLES[skips], "series": lines, "x": {"label": "block"},
                "y": {"label": "gradient over the last block's", "log": True},
            }
            for skips, lines in drawn.items()
        ],
        "table": [
            {
                "network": LOOKS[cell["row"]][0], "choice": cell["column"], "verdict": cell["verdict"],
                "first block over last": cell["ratio"], "theory": cell["predicted"],
                "lowest seed": cell["least"], "highest seed": cell["most"],
                "factor per layer": cell["factor"], "test accuracy": _score(cell),
            }
            for cell in study.cures
        ],
        "note": (
            "Untrained; the dots are the first seed. Theory is mean-field theory: told the architecture, the mean "
            "squares of weights and images and of the gradient at the output, it follows sizes by position, so "
            "that zero padding is in it. The verdict is that of the factor per layer, fitted through all blocks, "
            "to the power of the depth: under 2^-10 the gradient vanishes, over 2^10 it explodes."
        ),
    }  # fmt: skip


def _predicted(net: Any, x: Any, y: Any) -> Any:
    from autocnn import flow

    return flow.theory.predict(net, x, y).blocks("blocks")


def depths(study: Study) -> dict[str, Any] | None:
    """What is left at the first block of deeper and deeper networks."""
    if len(set(study.settings.depths)) < 2 or study.settings.model is not None:
        return None
    tables = by_depth(study.settings, study.images)
    cells = [(table.depth, cell) for table in tables for cell in table.cells]
    drawn = []
    for row, (name, color, dash) in LOOKS.items():
        own = [(depth, cell.ratio, cell.least, cell.most) for depth, cell in cells if cell.row == row]
        x, y, low, high = (list(column) for column in zip(*own, strict=True))
        look = {"name": name, "color": color, "dash": dash, "marks": True}
        drawn.append({**look, "x": x, "y": y, "low": low, "high": high})
    said = ", ".join(f"{LOOKS[c.row][0]} at depth {depth} it {c.verdict} ({c.ratio:.2g})" for depth, c in cells)
    return {
        "question": "And in a shallower or deeper network?",
        "answer": f"Untrained, {said}.",
        "figures": [
            {
                "kind": "lines", "title": "What is left at the first block", "series": drawn,
                "x": {"label": "weight layers"}, "y": {"label": "gradient over the last block's", "log": True},
            }
        ],
        "table": [
            {
                "depth": depth, "network": LOOKS[c.row][0], "verdict": c.verdict, "first block over last": c.ratio,
                "lowest seed": c.least, "highest seed": c.most, "factor per layer": c.factor,
            }
            for depth, c in cells
        ],
    }  # fmt: skip


def _which(held: list[dict[str, Any]], count: int) -> str:
    if not held:
        return f"None of the {count} networks that were tried."
    names = [f"{cell['column']} {LOOKS[cell['row']][0]} ({cell['factor']:.3g} a layer)" for cell in held]
    return f"{len(held)} of {count} let it through, untrained: {', '.join(names)}."


def _score(cell: dict[str, Any]) -> str:
    accuracy = cell["accuracy"]
    return "–" if accuracy is None or accuracy != accuracy else f"{accuracy:.1%}"
