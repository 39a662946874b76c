"""The study of gradient flow: numbers only. Models and data reach it as arguments, pictures are made elsewhere."""

from autocnn.flow import theory
from autocnn.flow.blocks import Address, Join, residual_joins
from autocnn.flow.jacobian import Jacobians, Spectrum, jacobian
from autocnn.flow.ledger import Fork, Ledger, ledger
from autocnn.flow.measure import Size, size, sizes_at
from autocnn.flow.paths import Paths, each_path, paths
from autocnn.flow.run import Run, run
from autocnn.flow.toy import Toy, toy
from autocnn.flow.twins import Moment, Twin, Twins, doubling, twins
from autocnn.flow.verdict import sentence

__all__ = [
    "Address", "Fork", "Jacobians", "Join", "Ledger", "Moment", "Paths", "Run", "Size", "Spectrum", "Toy",
    "Twin", "Twins", "doubling", "each_path", "jacobian", "ledger", "paths", "residual_joins", "run",
    "sentence", "size", "sizes_at", "theory", "toy", "twins",
]  # fmt: skip
