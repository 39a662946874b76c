"""`torch.utils.checkpoint`, with its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autocnn.engine import checkpoint as engine
from autocnn.nn import Module


def checkpoint(function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None, **kwargs: Any) -> Any:
    """What `function(*args)` returns; what its backward pass needs is computed again from the args.

    Of the settings none has a meaning here: draws are always the same ones, and the function runs once.

    >>> import autocnn as ac
    >>> checkpoint(lambda x: x * x, ac.tensor(3.0), use_reentrant=False).item()
    9.0
    """
    settings = ("preserve_rng_state", "context_fn", "determinism_check", "debug", "early_stop")
    kwargs = {name: value for name, value in kwargs.items() if name not in settings}
    return engine.checkpoint((lambda *inputs: function(*inputs, **kwargs)) if kwargs else function, *args)


def checkpoint_sequential(
    functions: Sequence[Callable[..., Any]] | Module, segments: int, input: Any, use_reentrant: bool | None = None,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """Modules one after another in so many segments, of which only the inputs are kept.

    >>> import autocnn as ac
    >>> checkpoint_sequential([abs, abs], 2, ac.tensor(-3.0)).item()
    3.0
    """
    every: list[Any] = list(functions.children() if isinstance(functions, Module) else functions)
    size = max(len(every) // segments, 1)
    for start in range(0, len(every), size):
        input = checkpoint(_chain(every[start : start + size]), input)
    return input


def _chain(functions: Sequence[Callable[..., Any]]) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        for function in functions:
            x = function(x)
        return x

    return run


def get_device_states(*args: Any) -> tuple[list[int], list[Any]]:
    """No devices and no states: on a GPU the draws come from the same generator.

    >>> get_device_states()
    ([], [])
    """
    return [], []


def set_device_states(devices: Sequence[int], states: Sequence[Any], *, device_type: Any = None) -> None:
    """Nothing: `get_device_states` gave nothing."""


__all__ = ["checkpoint", "checkpoint_sequential", "get_device_states", "set_device_states"]
