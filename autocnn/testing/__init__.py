"""What proves a derivative: finite differences, a strict stand-in device, algebraic laws."""

from autocnn.testing.gradcheck import GradcheckError, gradcheck, gradgradcheck

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]
