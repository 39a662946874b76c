"""In-place spellings: the memory is written, the version moves on, the tensor gets the node of the pure op."""

from __future__ import annotations

from sys import getrefcount
from typing import Any

import numpy as np

from autocnn.backend.arrays import is_writable, owner
from autocnn.engine import slots, tape
from autocnn.engine.primitive import primitive
from autocnn.engine.tape import Node, local
from autocnn.engine.tensor import Retain, Tensor, as_tensor
from autocnn.engine.views import Path, base_of, follow, views_of
from autocnn.errors import DTypeError, InPlaceError, ShapeError
from autocnn.types import Array

_ORDER = {"b": 0, "u": 1, "i": 1, "f": 2}
"""Kinds of numbers: each holds those of the kinds before it."""


def write(
    target: Tensor, value: Any, op: str, *, cast: bool = False, since: int | None = None, fresh: bool = False
) -> Tensor:
    """Write a value, computed by the pure op, into a tensor's memory; returns the tensor.

    Every alias sees the new values; views, and the tensor that a view looks into, get the graph of what they now
    hold. `cast` allows what would lose precision. A `fresh` value, which nobody else has, may give its memory
    instead, where the tensor's is nobody else's either.

    Raises InPlaceError on a leaf that requires a gradient while ops are recorded, ShapeError or DTypeError
    where the value does not fit.

    >>> import autocnn as ac
    >>> x = ac.tensor([1.0, 2.0])
    >>> write(x, x * 3, "mul_") is x, x.tolist()
    (True, [3.0, 6.0])
    """
    value = as_tensor(value, like=target)
    if _is_plain(target, value):
        _overwrite_memory(target, value, op)
        return target
    if cast and value.dtype != target.dtype:
        value = slots.cast(value, target.dtype)
    value = _fitted(target, value, op)
    base, path = base_of(target)
    recording = local.context.recording
    if recording and base.requires_grad and base.is_leaf:
        what = "the tensor is a view of" if path else "the tensor is"
        raise InPlaceError(
            f"{op}: {what} a leaf that requires a gradient; its value must survive. "
            f"Write under no_grad(), or {'into a clone' if op == 'setitem' else 'use the op without underscore'}"
        )
    grows = recording and (value.requires_grad or base.requires_grad)
    if grows and any(step.output is not None for step in path):
        raise InPlaceError(
            f"{op}: the tensor is one of several views made by {path[-1]!r}; clone it before writing"
        )
    if fresh and _can_swap(target, value):
        target._array = value._array
    else:
        _rescue(value, target, since)
        _overwrite_memory(target, value, op)
    if grows or local.context.noted:
        _rebase(target, base, path, value)
    return target


def memory_of(target: Tensor, op: str) -> Array | None:
    """The array of a tensor that an op is about to change in place, noted as written.

    None where there is more to it, a graph, a view or somebody who watches: then it is for :func:`write`.
    """
    array = target._array
    plain = target._node is None and "_base" not in target.__dict__ and local.context.watch is None
    if not plain or not is_writable(array):
        return None
    tape.written(array, op)
    return array


def _can_swap(target: Tensor, value: Tensor) -> bool:
    """Whether a result may change its memory for that of a value without anybody noticing."""
    old, new = target._node, value._node
    return (
        old is not None
        and old.primitive is not None
        and new is not None
        and target._array.strides == value._array.strides
        and is_alone(target)
        and is_alone(value, but=sum(kept is value._array for kept in new.saved or ()))
    )


def is_alone(tensor: Tensor, but: int = 0) -> bool:
    """Whether nobody but a tensor, and so many others, holds its array, and nobody else its memory."""
    if type(tensor._array) is not np.ndarray or getrefcount(tensor._array) > _ONE + but:
        return False
    return tensor._array.base is None or (
        type(tensor._array.base) is np.ndarray and getrefcount(tensor._array.base) <= _ONE
    )


_ONE = 2
"""What `getrefcount` says of an object that is held once: it holds it as well."""


def _is_plain(target: Tensor, value: Tensor) -> bool:
    """Whether neither has a graph or a base, and one fits into the other: the statistics that layers keep."""
    return (
        target._node is None
        and value._node is None
        and "_base" not in target.__dict__
        and value.shape == target.shape
        and value.dtype == target.dtype
        and not local.context.noted
    )


def _fitted(target: Tensor, value: Tensor, op: str) -> Tensor:
    if value.dtype != target.dtype:
        if _ORDER[value.dtype.kind] > _ORDER[target.dtype.kind]:
            raise DTypeError(f"{op}: the result is {value.dtype}, which does not fit in place into {target.dtype}")
        value = slots.cast(value, target.dtype)
    if value.shape != target.shape:
        try:
            value = slots.broadcast_to(value, target.shape)
        except ShapeError:
            raise ShapeError(f"{op}: the result {value.shape} does not fit in place into {target.shape}") from None
    return value


def _rescue(value: Tensor, target: Tensor, since: int | None) -> None:
    """Copy what the pure op saved of the memory that is about to be overwritten: in all nodes made since."""
    memory = owner(target._array)
    todo = [] if value._node is None else [value._node]
    seen: set[int] = set()
    while todo:
        node = todo.pop()
        seen.add(node.serial)
        if type(node.saved) is tuple:
            node.saved = tuple([
                x.copy(order="K") if hasattr(x, "base") and owner(x) is memory else x for x in node.saved
            ])  # fmt: skip
        if since is not None:
            todo += [edge for edge in node.edges if edge.serial > since and edge.serial not in seen]


def _overwrite_memory(target: Tensor, value: Tensor, op: str) -> None:
    array = target._array
    if array.size and any(step == 0 and n > 1 for step, n in zip(array.strides, array.shape, strict=True)):
        raise InPlaceError(
            f"{op}: several elements of the expanded tensor {target.shape} share memory; clone it first"
        )
    if not is_writable(array):
        raise InPlaceError(f"{op}: the array of shape {target.shape} is read-only; clone it first")
    array[...] = value._array
    tape.written(array, op)


def _rebase(target: Tensor, base: Tensor, path: Path, value: Tensor) -> None:
    """Give base and views the nodes of what they hold now. What required a gradient goes on to: one of zeros."""
    strange = value.is_leaf if value.requires_grad else base.requires_grad  # the node of the value is not theirs
    if path or (strange and local.context.recording):
        before = Tensor(base._array, base.node())
        made = _overwrite.note((before, value), {"path": path}, base._array, ())
        if not path:
            _keep_retained(base, made.node())
        base._node = made._node
    else:
        _keep_retained(base, value.node())
        base._node = value._node
    for view in views_of(base):
        _, way = base_of(view)
        view._node = follow(Tensor(base._array, base.node()), way)._node


def _keep_retained(tensor: Tensor, node: Node) -> None:
    """`retain_grad` follows the tensor to its new node; other hooks stay with the value that they were set on."""
    before = tensor._node
    if before is not None and before.hooks:
        node.hooks = [*(node.hooks or []), *(hook for hook in before.hooks if isinstance(hook, Retain))]
        before.hooks = [hook for hook in before.hooks if not isinstance(hook, Retain)] or None


@primitive()
def _overwrite(xp: Any, x: Any, v: Any, *, path: Path) -> Any:
    return _with_region(xp, x, path, v)


@primitive()
def _clear(xp: Any, x: Any, *, path: Path) -> Any:
    return _with_region(xp, x, path, 0)


_overwrite.vjp(lambda g, z, x, v, path: _clear(g, path=path), lambda g, z, x, v, path: follow(g, path))
_clear.vjp(lambda g, z, x, path: _clear(g, path=path))


def _with_region(xp: Any, x: Any, path: Path, value: Any) -> Any:
    """A copy of x with the region that a path leads to overwritten."""
    copy = x.copy(order="K")
    region = follow(copy, path)
    if owner(region) is owner(copy):
        region[...] = value
        return copy
    # a reshape on the way had to copy in this layout: address the region by its flat positions instead
    positions = follow(xp.arange(x.size).reshape(x.shape), path)
    flat = copy.reshape(-1)
    flat[positions] = value
    return flat.reshape(x.shape)
