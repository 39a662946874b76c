"""The study of gradient flow: numbers only. Models and data reach it as arguments, pictures are made elsewhere."""

from autocnn.flow import theory
from autocnn.flow.blocks import Address, Join, residual_joins
from autocnn.flow.cures import Cure, Cures, cures
from autocnn.flow.diagnose import Diagnosis, Verdict, diagnose
from autocnn.flow.gates import Gates, random_gates, relu_gradient_correlation
from autocnn.flow.jacobian import Jacobians, Spectrum, jacobian
from autocnn.flow.ledger import Fork, Ledger, ledger
from autocnn.flow.measure import Measured, Size, measure, size, sizes_at
from autocnn.flow.paths import Paths, each_path, paths
from autocnn.flow.rectifiers import Rectifiers, rectifiers
from autocnn.flow.run import Run, run
from autocnn.flow.shatter import Shatter, line, shatter
from autocnn.flow.statistics import Statistics
from autocnn.flow.toy import Toy, toy
from autocnn.flow.twins import Moment, Twin, Twins, doubling, twins
from autocnn.flow.verdict import sentence
from autocnn.flow.why import Why, why

__all__ = [
    "Address", "Cure", "Cures", "Diagnosis", "Fork", "Gates", "Jacobians", "Join", "Ledger", "Measured",
    "Moment", "Paths", "Rectifiers", "Run", "Shatter", "Size", "Spectrum", "Statistics", "Toy", "Twin", "Twins",
    "Verdict", "Why", "cures", "diagnose", "doubling", "each_path", "jacobian", "ledger", "line", "measure",
    "paths", "random_gates", "rectifiers", "relu_gradient_correlation", "residual_joins", "run", "sentence",
    "shatter", "size", "sizes_at", "theory", "toy", "twins", "why",
]  # fmt: skip
