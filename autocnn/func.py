"""Functions of functions: gradients, Jacobians, Hessians, and products with them; they nest to any order."""

from autocnn.engine.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]
