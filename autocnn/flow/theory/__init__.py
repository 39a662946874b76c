"""What theory says of the sizes of values and gradients, to be set beside what is measured.

Everything here is at initialisation, for weights drawn independently with mean 0 in wide layers.
"""

from autocnn.flow.theory.correlation import relu_correlation, relu_slopes

__all__ = ["relu_correlation", "relu_slopes"]
