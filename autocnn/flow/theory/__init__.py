"""What theory says of the sizes of values and gradients, to be set beside what is measured.

Everything here is at initialisation, for weights drawn independently with mean 0 in wide layers.
"""

from autocnn.flow.theory.correlation import relu_correlation, relu_slopes
from autocnn.flow.theory.gaussian import Activation, Moments, moments
from autocnn.flow.theory.growth import (
    backward_products,
    batch_norm_growth,
    branch_share,
    fixup_scale,
    forward_products,
    residual_growth,
    weight_variance,
)
from autocnn.flow.theory.meanfield import (
    Profile,
    chi,
    critical,
    critical_weight,
    depth_scale,
    fixed_point,
    next_variance,
    profile,
)
from autocnn.flow.theory.padding import padding_gain, tap_share, taps
from autocnn.flow.theory.predict import Layer, Prediction, predict

__all__ = [
    "Activation", "Layer", "Moments", "Prediction", "Profile", "backward_products", "batch_norm_growth",
    "branch_share", "chi", "critical", "critical_weight", "depth_scale", "fixed_point", "fixup_scale",
    "forward_products", "moments", "next_variance", "padding_gain", "predict", "profile", "relu_correlation",
    "relu_slopes", "residual_growth", "tap_share", "taps", "weight_variance",
]  # fmt: skip
