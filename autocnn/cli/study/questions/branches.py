"""Where the gradients of skip and branch meet, and through how many branches they have come."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autocnn.cli.study.questions.looking import FEW, batch, capital, series, states
from autocnn.errors import GraphError

if TYPE_CHECKING:
    from autocnn.cli.study.document import Study

SIGNS = 12
"""Sweeps with random signs that a mean is taken of."""


def ledger(study: Study) -> dict[str, Any]:
    """The shares of skip and branch at every fork, untrained and trained."""
    from autocnn import flow

    x, y = batch(study)
    figures, rows, said = [], [], []
    for when, net in states(study).items():
        book = flow.ledger(flow.run(net, x, y))
        said.append(f"{capital(when)}: {book.sentence()}")
        sides: dict[str, list[float]] = {"skip": [], "branch": []}
        for number, fork in enumerate(book.residual, start=1):
            for part in fork.contributions:
                sides.setdefault(part.side, []).append(100 * part.share)
                rows.append(
                    {
                        "when": when, "block": number, "side": part.side, "share": part.share,
                        "norm over the sum's": part.ratio,
                        "cosine between them": fork.cosines[0][-1], "cancellation": fork.cancellation,
                    }
                )  # fmt: skip
        figures.append(
            {
                "kind": "lines", "title": f"Share of the gradient, {when}", "x": {"label": "block"},
                "y": {"label": "share [%]"},
                "series": [
                    series("over the skip", sides["skip"], color="skip"),
                    series("through the branch", sides["branch"], color="fourth"),
                ],
            }
        )  # fmt: skip
    return {
        "question": "Where two gradients meet: how much came over the skip, how much through the block?",
        "answer": " ".join(said),
        "figures": figures,
        "table": rows,
        "note": (
            "At a fork the gradient is the sum of what comes back over skip and branch. A share is "
            "the part of the sum that points its way, <c, g>/<g, g>: shares sum to 1, and one may be negative. "
            "Where cancellation is above 100, norms say more than shares."
        ),
    }


def paths(study: Study) -> dict[str, Any]:
    """The gradient at the first block by the number of branches crossed."""
    from autocnn import flow

    x, y = batch(study)
    shares, together, rows, said = [], [], [], []
    for place, (when, net) in enumerate(states(study).items()):
        split = flow.paths(flow.run(net, x, y), signs=SIGNS)
        said.append(f"{capital(when)}: {split.sentence()}")
        degrees = [degree.degree for degree in split.degrees]
        look = {"name": when, "x": degrees, "color": ("sixth", "skip")[place], "dash": place == 0, "marks": True}
        shares.append({**look, "y": [100 * degree.share for degree in split.degrees]})
        known = [d for d in split.degrees if d.incoherent and d.incoherent.mean > 1e-4]
        together.append({**look, "x": [d.degree for d in known], "y": [d.coherence for d in known]})
        rows += [{"when": when, **row} for row in split.rows() if math.isfinite(row.get("share", 0.0))]
    many = max(degrees)
    return {
        "question": "Through how many blocks does the gradient travel?",
        "answer": " ".join(said),
        "figures": [
            {
                "kind": "lines", "title": "Share of the gradient by branches crossed", "series": shares,
                "names": "end",
                "x": {"label": "branches crossed"}, "y": {"label": "share [%]"},
            },
            {
                "kind": "lines", "title": "Do paths work together? Coherence", "series": together,
                "x": {"label": "branches crossed"}, "y": {"label": "coherence", "log": True},
                "rules": [{"y": 1, "label": "as if unrelated"}],
            },
        ],
        "table": rows,
        "note": (
            f"All 2^{many} paths at once, exactly, in one sweep; it splits the gradient, not the function. "
            f"Coherence is |sum of paths|^2 over the sum of |path|^2, the latter a mean over {SIGNS} sweeps with "
            "random signs: 1 where paths are as good as unrelated, above it where they pull the same way."
        ),
    }  # fmt: skip


def residual_sizes(study: Study, net: Any) -> list[float]:
    """RMS(F) / RMS(x) of every residual block on a few images, in eval mode: training goes on as before."""
    from autocnn import flow

    x, y = batch(study)
    training = net.training
    passed = flow.run(net.eval(), x, y, values=True)
    net.train(training)
    found = flow.residual_joins(passed.graph)
    sizes = [(_rms(passed.value(join.branch)), _rms(passed.value(join.shortcut))) for join in found]
    return [branch / skip if skip else math.nan for branch, skip in sizes]


def _rms(value: Any) -> float:
    return float((value.astype("float64") ** 2).mean() ** 0.5)


def sizes(study: Study) -> dict[str, Any]:
    """How large each branch is beside the value that it is added to, as training goes on."""
    drawn, rows, said = [], [], []
    colors = ("seventh", "sixth", "third", "fourth", "fifth", "skip")
    known = {step: [r for r in ratios if math.isfinite(r)] for step, ratios in study.residuals.items()}
    found = sorted((step, ratios) for step, ratios in study.residuals.items() if known[step] == ratios)
    study.left_out += [f"step {step:,}" for step, ratios in study.residuals.items() if known[step] != ratios]
    if not found:
        raise GraphError("the numbers are not finite")
    for place, (step, ratios) in enumerate(found):
        when = "untrained" if step == 0 else f"after {step:,}"
        color = "skip" if place == len(found) - 1 else colors[min(place, 4)]
        drawn.append(series(when, ratios, color=color, dash=step == 0, thin=0 < place < len(found) - 1))
        rows += [
            {"steps taken": step, "block": number, "branch over skip": ratio}
            for number, ratio in enumerate(ratios, start=1)
        ]
        if place in (0, len(found) - 1):
            middle = sorted(ratios)[len(ratios) // 2]
            steps = "untrained" if step == 0 else f"after {step:,} steps"
            said.append(f"{capital(steps)} a branch is {middle:.2g} of what it is added to (median block).")
    return {
        "question": "How large is what a block adds, as training goes on?",
        "answer": " ".join(said),
        "figures": [
            {
                "kind": "lines", "title": "Size of the branch over the size of the skip", "series": drawn,
                "x": {"label": "block"}, "y": {"label": "RMS(F) / RMS(x)", "log": True}, "names": "end",
            }
        ],
        "table": rows,
        "note": f"Root mean squares over {FEW} images, eval mode, with skips, first seed.",
    }  # fmt: skip
