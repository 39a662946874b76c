"""The study of gradient flow: numbers only. Models and data reach it as arguments, pictures are made elsewhere."""

from autocnn.flow import theory
from autocnn.flow.blocks import Address, Join, residual_joins
from autocnn.flow.cures import Cure, Cures, cures
from autocnn.flow.diagnose import Diagnosis, Verdict, diagnose
from autocnn.flow.gates import Gates, random_gates, relu_gradient_correlation
from autocnn.flow.jacobian import Jacobians, Spectrum, jacobian
from autocnn.flow.ledger import Fork, Ledger, ledger
from autocnn.flow.lesion import Lesion, Lesions, lesions
from autocnn.flow.measure import Measured, Size, measure, size, sizes_at
from autocnn.flow.paths import Paths, each_path, paths
from autocnn.flow.plain import without_skips
from autocnn.flow.processes import processes
from autocnn.flow.record import Record, Report, watch
from autocnn.flow.rectifiers import Rectifiers, rectifiers
from autocnn.flow.run import Run, run
from autocnn.flow.shatter import Shatter, line, shatter
from autocnn.flow.statistics import Statistics
from autocnn.flow.surgery import bypassed, joins_of, lesioned, swapped
from autocnn.flow.sweep import Sweep, sweep
from autocnn.flow.toy import Toy, toy
from autocnn.flow.trial import trial
from autocnn.flow.twins import Moment, Twin, Twins, doubling, twins
from autocnn.flow.verdict import sentence
from autocnn.flow.why import Why, why

__all__ = [
    "Address", "Cure", "Cures", "Diagnosis", "Fork", "Gates", "Jacobians", "Join", "Ledger", "Lesion",
    "Lesions", "Measured", "Moment", "Paths", "Record", "Rectifiers", "Report", "Run", "Shatter", "Size",
    "Spectrum", "Statistics", "Sweep", "Toy", "Twin", "Twins", "Verdict", "Why", "bypassed", "cures",
    "diagnose", "doubling", "each_path", "jacobian", "joins_of", "ledger", "lesioned", "lesions", "line",
    "measure", "paths", "processes", "random_gates", "rectifiers", "relu_gradient_correlation",
    "residual_joins", "run", "sentence", "shatter", "size", "sizes_at", "swapped", "sweep", "theory", "toy",
    "trial", "twins", "watch", "why", "without_skips",
]  # fmt: skip
