"""What `torch.nn.parallel` is made of, for one device: nothing is copied, and nothing needs to be gathered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autocnn import ops
from autocnn.engine import Tensor
from autocnn.errors import ArgumentError


def scatter(inputs: Any, target_gpus: Sequence[Any], dim: int = 0) -> list[Any]:
    """The inputs of each device, of which there is one. Raises ArgumentError for more.

    >>> scatter("ab", [0])
    ['ab']
    """
    return [inputs for _ in _one("scatter", target_gpus)]


def scatter_kwargs(inputs: Any, kwargs: Any, target_gpus: Sequence[Any], dim: int = 0) -> tuple[Any, Any]:
    """`scatter`, of positional and of named inputs."""
    return tuple(scatter(inputs, target_gpus, dim)), tuple(scatter(kwargs or {}, target_gpus, dim))


def gather(outputs: Sequence[Any], target_device: Any, dim: int = 0) -> Any:
    """The outputs of all devices as one: tensors joined along an axis.

    >>> gather([Tensor([1.0]), Tensor([2.0])], 0).tolist()
    [1.0, 2.0]
    """
    if len(outputs) == 1:
        return outputs[0]
    if isinstance(outputs[0], Tensor):
        return ops.cat(list(outputs), dim)
    return type(outputs[0])(gather(parts, target_device, dim) for parts in zip(*outputs, strict=True))


def replicate(network: Any, devices: Sequence[Any], detach: bool = False) -> list[Any]:
    """The network of each device: itself. Raises ArgumentError for more devices than one.

    >>> replicate("net", [0])
    ['net']
    """
    return [network for _ in _one("replicate", devices)]


def data_parallel(
    module: Any, inputs: Any, device_ids: Sequence[Any] | None = None, output_device: Any = None, dim: int = 0,
    module_kwargs: Any = None,
) -> Any:  # fmt: skip
    """What a module makes of its inputs, a tensor or a tuple. Raises ArgumentError for more devices than one.

    >>> data_parallel(abs, -1, [0])
    1
    """
    _one("data_parallel", device_ids or [0])
    return module(*(inputs if isinstance(inputs, tuple) else (inputs,)), **(module_kwargs or {}))


def parallel_apply(
    modules: Sequence[Any], inputs: Sequence[Any], kwargs_tup: Any = None, devices: Any = None
) -> list[Any]:
    """What each module makes of its inputs.

    >>> parallel_apply([abs], [(-1,)])
    [1]
    """
    named = kwargs_tup or [{}] * len(modules)
    every = [x if isinstance(x, (list, tuple)) else (x,) for x in inputs]
    return [module(*x, **kwargs) for module, x, kwargs in zip(modules, every, named, strict=True)]


class Broadcast:
    """The tensors of each device, of which there is one: as they are."""

    @staticmethod
    def apply(target_gpus: Sequence[Any], *inputs: Tensor) -> tuple[Tensor, ...]:
        """The inputs."""
        return inputs


class ReduceAddCoalesced:
    """The sums of tensors over devices, of which there is one: as they are."""

    @staticmethod
    def apply(destination: Any, num_inputs: int, *grads: Tensor) -> tuple[Tensor, ...]:
        """The gradients."""
        return grads


def _one(op: str, devices: Sequence[Any]) -> Sequence[Any]:
    if len(devices) > 1:
        raise ArgumentError(f"{op}: devices are {list(devices)}; one device does all the work here. Give one")
    return devices


__all__ = [
    "Broadcast", "ReduceAddCoalesced", "data_parallel", "gather", "parallel_apply", "replicate", "scatter",
    "scatter_kwargs",
]  # fmt: skip
