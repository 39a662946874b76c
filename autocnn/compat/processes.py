"""`torch.distributed` for one process, which is all there are: every reduction gives what it was given."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from autocnn.engine import Tensor
from autocnn.errors import ArgumentError

_group: list[str] = []
"""The backend of the group that was begun, if one was."""


def init_process_group(
    backend: str | None = None, init_method: str | None = None, timeout: Any = None, world_size: int = -1,
    rank: int = -1, **settings: Any,
) -> None:  # fmt: skip
    """Begin a group of this process alone. Raises ArgumentError for more than one.

    >>> init_process_group("gloo", world_size=1, rank=0)
    >>> is_initialized(), get_backend()
    (True, 'gloo')
    >>> destroy_process_group()
    """
    if world_size > 1:
        raise ArgumentError(
            f"init_process_group: world_size is {world_size}; one process does all the work here. Give 1"
        )
    _group[:] = [backend or "gloo"]


def destroy_process_group(group: Any = None) -> None:
    """End the group."""
    _group.clear()


def is_available() -> bool:
    """No: there is one process."""
    return False


is_nccl_available = is_mpi_available = is_gloo_available = is_torchelastic_launched = is_available


def is_initialized() -> bool:
    """Whether a group was begun."""
    return bool(_group)


def get_backend(group: Any = None) -> str:
    """The backend that was asked for."""
    return _group[0] if _group else "gloo"


def get_rank(group: Any = None) -> int:
    """0."""
    return 0


def get_world_size(group: Any = None) -> int:
    """1."""
    return 1


def barrier(group: Any = None, **settings: Any) -> None:
    """Nothing: nobody needs to be waited for."""


def all_reduce(tensor: Tensor, op: Any = None, group: Any = None, async_op: bool = False) -> Any:
    """Leave a tensor as it is: the sum, mean or largest over one process.

    >>> all_reduce(Tensor([2.0]))
    """
    return _DONE if async_op else None


def reduce(tensor: Tensor, dst: int = 0, op: Any = None, group: Any = None, async_op: bool = False) -> Any:
    """As `all_reduce`."""
    return _DONE if async_op else None


def broadcast(tensor: Tensor, src: int = 0, group: Any = None, async_op: bool = False) -> Any:
    """Leave a tensor as it is."""
    return _DONE if async_op else None


def all_gather(tensor_list: Sequence[Tensor], tensor: Tensor, group: Any = None, async_op: bool = False) -> Any:
    """Write a tensor into the one of a list.

    >>> found = [Tensor([0.0])]
    >>> all_gather(found, Tensor([2.0]))
    >>> found[0].tolist()
    [2.0]
    """
    tensor_list[0].detach().copy_(tensor.detach())
    return _DONE if async_op else None


_DONE = SimpleNamespace(wait=lambda: None, is_completed=lambda: True)
"""What an operation that goes on by itself gives, once it has ended."""
ReduceOp = SimpleNamespace(SUM="sum", AVG="avg", PRODUCT="product", MIN="min", MAX="max")
reduce_op = ReduceOp
group = SimpleNamespace(WORLD=None)

__all__ = [
    "ReduceOp", "all_gather", "all_reduce", "barrier", "broadcast", "destroy_process_group", "get_backend",
    "get_rank", "get_world_size", "group", "init_process_group", "is_available", "is_initialized",
    "is_nccl_available", "reduce", "reduce_op",
]  # fmt: skip
