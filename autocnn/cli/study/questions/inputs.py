"""What becomes of gradients from input to input, and in which directions blocks pass them on."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from autocnn.cli.study.questions.looking import LOOKS, batch, capital, series, untrained

if TYPE_CHECKING:
    from autocnn.cli.study.document import Study

POINTS, LAGS = 128, 32
WORDS = (
    "(White noise: a gradient has nothing to do with its neighbour's, as if what was smooth had been shattered. "
    "Brown noise: a random walk, each one its neighbour and a small random step.)"
)
SPECTRA = 8
"""Most blocks whose Jacobians are measured."""


def shattered(study: Study) -> dict[str, Any]:
    """Gradients along a line from one image to another."""
    from autocnn import flow

    x, _ = batch(study, 2)
    lines, said, rows = [], [], []
    way = flow.line(x[0], x[1], POINTS)
    for name, net in untrained(study).items():
        words, color, dash = LOOKS[name]
        found = flow.shatter(net.eval(), way, output=0, lags=LAGS)
        lags = list(range(len(found.autocorrelation)))
        lines.append({"name": words, "x": lags, "y": list(found.autocorrelation), "color": color, "dash": dash})
        said.append(f"{words}: {found.sentence().partition('? ')[2]}")
        rows += [{"network": words, **row} for row in found.rows()]
        grey = {"x": lags, "color": "seventh", "thin": True}
        noise = [
            {"name": "white noise", "y": list(found.white), "dash": True, **grey},
            {"name": "brown noise", "y": list(found.brown), **grey},
        ]
    return {
        "question": "Does the gradient change smoothly from one image to the next, or is it noise?",
        "answer": f"{' '.join(text[:1].upper() + text[1:] for text in said)} {WORDS}",
        "figures": [
            {
                "kind": "lines", "title": "Correlation of the gradients of two inputs", "series": [*lines, *noise],
                "x": {"label": f"how far apart, in steps of {POINTS} from one image to another"},
                "y": {"label": "correlation"},
            }
        ],
        "table": rows[:: max(1, len(rows) // 24)],
        "note": "Untrained, in eval mode, first seed; the grey lines are what independent gradients and a random "
        "walk would give by the same estimator.",
    }  # fmt: skip


def spectra(study: Study) -> dict[str, Any] | None:
    """The gain of blocks, one by one and together."""
    from autocnn import flow

    x, _ = batch(study, 2)
    nets = untrained(study)
    count = len(study.paths) or len(next(iter(nets.values())).blocks)
    every = max(1, -(-count // SPECTRA))
    numbers = list(range(0, count, every))
    named = [study.paths[i] if study.paths else f"blocks.{i}" for i in numbers]
    lines: dict[str, list[dict[str, Any]]] = {"block": [], "to output": []}
    said, rows = [], []
    for name, net in nets.items():
        words = LOOKS[name][0]
        found = flow.jacobian(net.eval(), x, named, k=2, spans=("block", "to output"), probes=4, steps=6, exact=0)
        for span, drawn in lines.items():
            gains = [each.backward_gain for each in found.of(span)]
            line = series(words, gains, name, marks=True)
            drawn.append({**line, "x": [i + 1 for i in numbers][: len(gains)]})
        near, far = found.of("block"), found.of("to output")
        if near and far:
            middle = median(each.backward_gain for each in near)
            said.append(
                f"{capital(words)} a block multiplies a gradient's squared size by {middle:.2g}; all of them, "
                f"from the output back to the first block's end, by {far[0].backward_gain:.2g}."
            )
        rows += [{"network": words, **row} for row in found.rows()]
    titles = {"block": "One block", "to output": "From the output back"}
    return {
        "question": "How evenly does a block pass a gradient back?",
        "answer": " ".join(said),
        "figures": [
            {
                "kind": "lines", "title": f"{titles[span]}: factor of the gradient's squared size",
                "series": drawn, "x": {"label": "block"}, "y": {"label": "backward gain", "log": True},
            }
            for span, drawn in lines.items()
        ],
        "table": rows,
        "note": f"Untrained, first seed, 2 images, {len(numbers)} of {count} blocks; gains by random vectors, "
        "with their standard errors in the table. Participation: about how many directions, of all that there "
        "are, carry the gradient; 1 is a single one.",
    }  # fmt: skip
