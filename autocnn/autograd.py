"""Gradients on request: `autograd.grad`, graph modes, checkpointing, debug mode."""

from autocnn.engine.backward import grad
from autocnn.engine.checkpoint import checkpoint
from autocnn.engine.debug import debug
from autocnn.engine.modes import enable_grad, no_grad, set_grad_enabled
from autocnn.engine.primitive import primitive

__all__ = ["checkpoint", "debug", "enable_grad", "grad", "no_grad", "primitive", "set_grad_enabled"]
