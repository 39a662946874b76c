"""What a run shows, in a sentence that is computed from its numbers."""

from __future__ import annotations

import math

from autocnn.flow.twins import Twin, Twins


def sentence(result: Twins, plain: str = "plain", residual: str = "residual") -> str:
    """Two sentences: what reaches the first block in the plain and in the residual network, and what they learn.

    It says what the numbers say, also where they do not show what one expected.
    """
    if not all(twin.moments for twin in result.twins) or len(result.twins) < 2:
        return "The run was interrupted before both networks had taken a step: there is nothing to compare."
    parts = [
        _half("Without skip connections", result[plain], result),
        _half("With them", result[residual], result),
    ]
    text = " ".join(parts)
    return text if result.complete else f"Partial run. {text}"


def _half(opening: str, twin: Twin, result: Twins) -> str:
    reaches = f"{opening} {share(twin.moments[0].ratio)}"
    if twin.diverged is not None:
        return f"{reaches}; its loss ceased to be finite at step {twin.diverged}."
    if not twin.complete:
        return f"{reaches}; its training did not finish."
    return f"{reaches}, and the network {learning(twin.accuracy, result.chance)} ({twin.accuracy:.0%})."


def share(ratio: float) -> str:
    """What becomes of the last block's gradient on its way to the first, in words.

    >>> share(1.2e-18)
    '1 part in 10^18 of the gradient reaches the first block'
    >>> share(0.62)
    '62% of the gradient reaches the first block'
    >>> share(4000.0)
    'the gradient has grown 4,000-fold when it reaches the first block'
    """
    if math.isnan(ratio):
        return "no gradient reaches the last block"
    if ratio == 0:
        return "no gradient at all reaches the first block (in float32 it is exactly zero)"
    if ratio < 1e-3:
        return f"1 part in 10^{round(-math.log10(ratio))} of the gradient reaches the first block"
    if ratio < 0.2:
        return f"1 part in {1 / ratio:.0f} of the gradient reaches the first block"
    if ratio < 0.95:
        return f"{ratio:.0%} of the gradient reaches the first block"
    if ratio <= 1.05:
        return "the whole gradient reaches the first block"
    return f"the gradient has grown {ratio:,.{1 if ratio < 10 else 0}f}-fold when it reaches the first block"


def learning(accuracy: float, chance: float) -> str:
    """Whether an accuracy is better than guessing the commonest class.

    >>> learning(0.10, 0.10), learning(0.85, 0.10)
    ('never learns: it guesses', 'learns')
    """
    if accuracy <= chance + 0.05:
        return "never learns: it guesses"
    return "learns a little" if accuracy < 0.5 else "learns"
