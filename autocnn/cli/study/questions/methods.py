"""How everything was measured, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autocnn.cli.study.document import Study

TERMS = {
    "Size of the signal (gradient RMS)": """At the output v of a block: the square root of the mean, over images
        and elements, of (N dL/dv)^2, where L is the mean loss over N images, so that the batch size drops out.
        Values are divided by the largest before they are squared: in float32 a square ends at 10^-45, long before
        the gradient does.""",
    "Same as at the loss": """The size at the output of the last block, where the signal of the loss enters the
        chain of blocks; every other block's size is divided by it, at the same step and seed.""",
    "The twins": """The same network without and with skips: the same first weights, drawn by seed and path of the
        parameter, the same images in the same order, the same optimiser (SGD, momentum 0.9).""",
    "Vanishes, holds, explodes": """The factor per layer that fits the sizes of all blocks, to the power of the
        depth, is under 2^-10, between, or over 2^10.""",
    "A guess": "The accuracy of always naming the commonest class of the test images.",
    "float32 rounds to zero": """The smallest number that float32 holds is 1.4 × 10^-45; the line is drawn where a
        block's share of the signal would come to that.""",
    "Bands": """From the lowest to the highest seed; lines are medians, of an even number of seeds the lower one:
        a mean of two would be a network that nobody has seen.""",
}


def methods(study: Study) -> dict[str, Any]:
    """The definitions that the page goes by."""
    return {
        "question": "How was this measured, and what do the words mean?",
        "answer": "Everything on the first screen is measured in the very backward passes that training runs on.",
        "terms": {name: " ".join(text.split()) for name, text in TERMS.items()},
        "note": f"Learning rate {study.settings.rate:g}. This is no law that plain networks vanish: it says what "
        "these two did. Other activations, first weights, normalisations and depths hold, or explode; the table "
        "on the first screen tries eight.",
    }
