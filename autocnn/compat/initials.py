"""The older names in `nn.init`, and those that model files take from its inside."""

from __future__ import annotations

from typing import Any

from autocnn.engine import Tensor
from autocnn.nn import init

constant, dirac, eye, normal, orthogonal, sparse, uniform = (
    init.constant_, init.dirac_, init.eye_, init.normal_, init.orthogonal_, init.sparse_, init.uniform_,
)  # fmt: skip
kaiming_normal, kaiming_uniform = init.kaiming_normal_, init.kaiming_uniform_
xavier_normal, xavier_uniform = init.xavier_normal_, init.xavier_uniform_
_no_grad_fill_, _no_grad_normal_, _no_grad_uniform_ = init.constant_, init.normal_, init.uniform_
_no_grad_trunc_normal_, _no_grad_zero_ = init.trunc_normal_, init.zeros_


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    return init.fans("fan", tensor)


def _calculate_correct_fan(tensor: Tensor, mode: str) -> Any:
    return init.fans("fan", tensor)[mode.lower() == "fan_out"]


__all__ = [
    "constant", "dirac", "eye", "kaiming_normal", "kaiming_uniform", "normal", "orthogonal", "sparse", "uniform",
    "xavier_normal", "xavier_uniform",
]  # fmt: skip
