"""The gradient's way through both networks, drawn value by value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autocnn.cli.study.questions.looking import LOOKS, batch, capital, untrained
from autocnn.viz.report.summary import fate

if TYPE_CHECKING:
    from autocnn.cli.study.document import Study

BLOCKS = 4
"""Blocks in a row that are not folded."""

_WAYS = {
    "vanishes": "thin away towards the image",
    "holds": "stay wide as far as the image",
    "explodes": "widen towards the image",
    "no signal": "carry nothing that is a number",
}


def graph(study: Study) -> dict[str, Any]:
    """Both graphs side by side, lines as wide as the gradient is large, untrained."""
    from autocnn.inspect import draw_flow

    x, y = batch(study)
    kept = untrained(study)
    nets = {LOOKS[name][0]: net for name, net in kept.items()}
    picture = draw_flow(nets, x, y, blocks=BLOCKS)
    said = [f"{LOOKS[name][0]} the lines {_WAYS[fate(study.twins.of(name)[0].moments[0].ratio)]}" for name in kept]
    return {
        "question": "What does the gradient's way look like, value by value?",
        "answer": f"{capital('; '.join(said))}.",
        "figures": [
            {
                "kind": "image", "title": "From the loss back to the image, untrained", "svg": picture.svg,
                "caption": "Width and colour are the size of the gradient on a log scale; a plus is where "
                "gradients add, and its bar says how much came over the skip. Blocks in the middle are folded.",
            }
        ],
    }  # fmt: skip
