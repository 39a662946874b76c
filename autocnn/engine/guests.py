"""Primitives from outside the library, held to what they promise; the library's own are, by its tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autocnn.backend.arrays import is_array, namespace
from autocnn.engine import slots
from autocnn.engine.tensor import Tensor, as_tensor
from autocnn.errors import ArgumentError, GradientError, ShapeError

Rule = Callable[..., Any]


def is_guest(forward: Callable[..., Any]) -> bool:
    """Whether a primitive's forward was written outside the library."""
    return not forward.__module__.startswith("autocnn.")


def check_saves(name: str, saves: Sequence[str] | Sequence[Sequence[str]], known: Sequence[str]) -> None:
    """Raise ArgumentError for a name that a primitive has nothing for."""
    named = [each for names in saves for each in ((names,) if isinstance(names, str) else names)]
    for each in named:
        if each not in known:
            raise ArgumentError(f"primitive: saves of {name} names {each!r}; it has {', '.join(known)}")


def no_rule(name: str) -> Rule:
    """What stands where a rule has not been given yet."""

    def missing(*args: Any, **params: Any) -> Any:
        raise GradientError(f"{name}: it has no rule for its derivative. Give one with {name}.vjp(...)")

    return missing


def held(name: str, i: int, rule: Rule | None) -> Rule | None:
    """The rule of input `i`, and a check of what it gives."""
    if rule is None:
        return None
    return lambda g, z, *inputs, **params: _fitting(name, i, rule(g, z, *inputs, **params), g, inputs[i])


def held_each(name: str, rule: Rule) -> Rule:
    """The rule of any input, and a check of what it gives."""
    return lambda i, g, z, *inputs, **params: _fitting(name, i, rule(i, g, z, *inputs, **params), g, inputs[i])


def held_fast(name: str, rule: Rule) -> Rule:
    """The fused rule, and a check of each part that is needed."""

    def checked(g: Any, z: Any, *inputs: Any, need: tuple[bool, ...], **params: Any) -> tuple[Any, ...]:
        parts = rule(g, z, *inputs, need=need, **params)
        return tuple(
            _fitting(name, i, part, g, inputs[i]) if needed else None
            for i, (part, needed) in enumerate(zip(parts, need, strict=True))
        )

    return checked


def _fitting(name: str, i: int, found: Any, g: Any, x: Any) -> Any:
    """A rule's result as what `g` is, a Tensor or an array, in the dtype of the input `x`.

    Raises ShapeError unless it has the shape of `x`: it would be added where it does not belong.
    """
    if found is None:
        return None
    like = g[0] if isinstance(g, tuple) else g
    recorded = isinstance(like, Tensor)
    if recorded:
        found = as_tensor(found, like=like)
    elif isinstance(found, Tensor):  # a public function ran on the arrays
        found = found.array
    elif not is_array(found):  # NumPy makes scalars of 0-d results
        found = namespace(like).asarray(found)
    if found.shape != x.shape:
        raise ShapeError(
            f"{name}: the rule of input {i} gave a gradient of shape {found.shape}; the input has {x.shape}, "
            "and its gradient must too"
        )
    if found.dtype == x.dtype:
        return found
    return slots.cast(found, x.dtype) if recorded else found.astype(x.dtype)
