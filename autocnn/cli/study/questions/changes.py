"""What a trained network makes of a block less, and what is wrong with a network, if anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autocnn.cli.study.networks import twins_of
from autocnn.cli.study.questions.looking import LOOKS, batch, series, trained

if TYPE_CHECKING:
    from autocnn.cli.study.document import Study

TESTED = 250


def lesion(study: Study) -> dict[str, Any]:
    """Every block of the trained networks taken out in turn, and random sets of them."""
    from autocnn import flow

    x, y = (part[:TESTED] for part in study.images.test)
    count = len(study.paths) or len(study.last["skip"].blocks)
    sizes = sorted({k for k in (1, 2, 3, 5, 8, 12, 18) if k < count})
    single, several, said, rows = [], [], [], []
    for name, net in trained(study).items():
        words, color, dash = LOOKS[name]
        found = flow.lesions(net, x, y, counts=sizes if name == "skip" else (), swaps=(), seeds=2,
                             )  # fmt: skip
        said.append(f"{words}: {found.sentence()}")
        rows += [{"network": words, **row} for row in found.rows()]
        if found.meaningless:
            continue
        single.append(series(words, [100 * each.error for each in found.each], name, marks="only"))
        by_count = {k: [100 * each.error for each in found.sets if each.count == k] for k in sizes}
        drawn = {k: errors for k, errors in by_count.items() if errors}
        if drawn:
            middle = [sum(errors) / len(errors) for errors in drawn.values()]
            several.append(
                {"name": words, "color": color, "dash": dash, "marks": True, "x": list(drawn), "y": middle}
            )
    figures = []
    if single:
        figures.append(_figure("One block left out", single, "which block"))
    if several:
        figures.append(_figure("Several left out at random", several, "how many"))
    return {
        "question": "What if a block is taken out after training?",
        "answer": " ".join(text[:1].upper() + text[1:] for text in said),
        "figures": figures,
        "table": rows,
        "note": f"Eval mode, first seed, {len(y)} test images, nothing trained anew. It says how much the trained "
        "network relies on a block; it re-linearises, so it is not the block's share of the gradient.",
    }


def _figure(title: str, drawn: list[dict[str, Any]], across: str) -> dict[str, Any]:
    return {
        "kind": "lines", "title": title, "series": drawn, "x": {"label": across},
        "y": {"label": "test error [%]", "low": 0, "high": 100},
    }  # fmt: skip


def verdicts(study: Study) -> dict[str, Any]:
    """What is wrong with each network, before and after training, and what would mend it."""
    from autocnn import flow

    x, y = batch(study)
    rows, said = [], []
    begun = twins_of(study.settings, study.images, study.settings.seeds[0])
    for when, nets in (("untrained", begun), ("trained", study.last)):
        for name, net in nets.items():
            found = flow.diagnose(net.train(), x, y)
            kinds = ", ".join(dict.fromkeys(v.kind for v in found.verdicts)) or "healthy"
            said.append(f"{LOOKS[name][0]}, {when}: {kinds}")
            base = {"network": LOOKS[name][0], "when": when}
            rows += [
                {**base, "verdict": v.kind, "where": _places(v.places), "cause": v.cause, "mend": v.mend}
                for v in found.verdicts
            ]
            if not found.verdicts:
                rows.append({**base, "verdict": "healthy", "where": "", "cause": "", "mend": ""})
    return {
        "question": "Is anything wrong with these networks, and what would mend it?",
        "answer": "; ".join(said)[:1].upper() + "; ".join(said)[1:] + ".",
        "table": rows,
        "note": "A verdict goes by the factor per layer, fitted over the depth; fixed before it was tried on any "
        "network.",
    }


def _places(places: tuple[str, ...]) -> str:
    more = f" and {len(places) - 2} more" if len(places) > 2 else ""
    return ", ".join(places[:2]) + more
