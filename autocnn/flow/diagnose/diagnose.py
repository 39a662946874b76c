"""What ails a network: one forward pass and one backward pass, and verdicts with their causes and cures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autocnn.engine import as_tensor
from autocnn.engine.tape import watching
from autocnn.errors import GraphError
from autocnn.flow.diagnose.diagnosis import Diagnosis, Verdict
from autocnn.flow.diagnose.examination import Examination
from autocnn.flow.run import Loss, run
from autocnn.flow.witness import Witness
from autocnn.ops.loss import cross_entropy


def diagnose(model: Callable[..., Any], x: Any, y: Any, loss: Loss = cross_entropy) -> Diagnosis:
    """Say what ails a network on a batch: ``loss(model(x), y)`` is run once, forward and back.

    Nothing is changed.

    *Vanishing*: the per-layer factor of the gradient RMS along the chain from input to loss, to the power of the
    depth, is under 2^-10; *exploding*: over 2^10 (of RMS and size per example the milder; a single layer that
    loses or gains that much is named). *Dead*: nine tenths of a layer's units are zero for every image.
    *Saturated*: half of a layer's derivatives are under 5 % of their largest, or nine tenths of its units have no
    larger one. *Non-finite*: NaN or infinity. *Cut*: parameters that the loss uses and cannot reach. Zeros of
    relu, of a head or branch that starts at zero, and of dropout are healthy.

    >>> import autocnn as ac
    >>> from autocnn import nn
    >>> _ = ac.manual_seed(0)
    >>> layers = [layer for _ in range(20) for layer in (nn.Linear(16, 16), nn.Sigmoid())]
    >>> found = diagnose(nn.Sequential(*layers, nn.Linear(16, 4)), ac.randn(8, 16), ac.arange(8) % 4)
    >>> sorted(found.kinds)
    ['vanishing']
    """
    witness = Witness()
    every = dict(getattr(model, "named_parameters", dict)())
    named = {name: p for name, p in every.items() if p.requires_grad}
    for p in named.values():
        witness.know(p)
    images, labels = as_tensor(x).detach(), as_tensor(y)
    try:
        with watching(witness):
            made = run(model, images, labels, loss, values=True)
    except GraphError as error:
        text = f"the loss depends on nothing that requires a gradient ({error})"
        verdict = Verdict("cut", (), text, "look for detach(), no_grad() or argmax with flow.why")
        return Diagnosis((verdict,), (), ())
    return Examination(made, witness, (images, labels), named, len(every) - len(named)).diagnosis()
