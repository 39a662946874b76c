"""`torch.amp.GradScaler`, with nothing to scale: gradients keep the dtype that they are computed in."""

from __future__ import annotations

from typing import Any

from autocnn.optim import Optimizer


class GradScaler:
    """A scaler whose scale is 1, as PyTorch's is where it is not enabled.

    >>> scaler = GradScaler("cuda")
    >>> scaler.scale(3.0), scaler.get_scale(), scaler.is_enabled()
    (3.0, 1.0, False)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def scale(self, outputs: Any) -> Any:
        """The losses as they are."""
        return outputs

    def unscale_(self, optimizer: Optimizer) -> None:
        """Nothing: gradients are what they are."""

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """The optimiser's step."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Nothing: the scale stays 1."""

    def get_scale(self) -> float:
        """1."""
        return 1.0

    def is_enabled(self) -> bool:
        """No."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """Nothing is to be kept."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take in nothing."""


__all__ = ["GradScaler"]
