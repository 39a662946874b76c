"""What ails a network: verdicts, with their causes and what would mend them."""

from autocnn.flow.diagnose.diagnose import diagnose
from autocnn.flow.diagnose.diagnosis import Diagnosis, Verdict

__all__ = ["Diagnosis", "Verdict", "diagnose"]
