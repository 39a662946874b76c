"""Record and differentiate: tape, tensor, primitive, backward, transforms."""

from autocnn.backend.arrays import namespace
from autocnn.engine.backward import grad
from autocnn.engine.inplace import write
from autocnn.engine.modes import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from autocnn.engine.primitive import Primitive, binary, primitive, primitives
from autocnn.engine.sweep import sweep
from autocnn.engine.tape import Node, scope
from autocnn.engine.tensor import METHODS, Tensor, as_tensor, method, promote, result_type

__all__ = [
    "METHODS", "Node", "Primitive", "Tensor", "as_tensor", "binary", "enable_grad", "grad", "is_grad_enabled",
    "method", "namespace", "no_grad", "primitive", "primitives", "promote", "result_type", "scope",
    "set_grad_enabled", "sweep", "write",
]  # fmt: skip
