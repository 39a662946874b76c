"""Witnesses: shown every gradient that a backward pass completes, in the pass that training runs on.

Unlike a hook, a witness changes nothing and is given no copy, so that the same kernels run with one as without; a
pass that nobody witnesses pays nothing for the possibility.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from autocnn.engine.gradient import Ahead, Parts, Plain, Recorded
from autocnn.engine.tape import Node
from autocnn.engine.taps import Followed, plain
from autocnn.engine.tensor import Tensor


class Witness(Protocol):
    """Whoever wants to see."""

    def arrived(self, node: Node, g: Any) -> None:
        """The gradient at a node is whole: an array that is not to be written to, or one `Ahead` of an op.

        What the node saved for its derivative is still there. Of ops with several outputs nothing is shown.
        """

    def finished(self, root: Tensor) -> None:
        """A backward pass from a tensor is over; the gradients of leaves are in `.grad`."""


_lock = threading.Lock()
_witnesses: tuple[Witness, ...] = ()


@contextmanager
def witnessing(witness: Witness) -> Iterator[None]:
    """Show a witness every `backward` of a ``with`` block, on any thread; passes of `autograd.grad` are not shown.

    >>> class Largest:
    ...     def arrived(self, node, g):
    ...         print(node.name, node.shape, abs(g).max())
    ...     def finished(self, root):
    ...         print("the end")
    >>> import autocnn as ac
    >>> with witnessing(Largest()):
    ...     (3 * ac.ones(2, requires_grad=True)).sum().backward()
    sum () 1.0
    mul (2,) 1.0
    leaf (2,) 3.0
    the end
    """
    global _witnesses
    with _lock:
        _witnesses = (*_witnesses, witness)
    try:
        yield
    finally:
        with _lock:
            _witnesses = tuple(each for each in _witnesses if each is not witness)


class _Shown:
    """An algebra whose complete gradients are shown."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.every = True

    def done(self, node: Node, g: Any) -> Any:
        g = super().done(node, g)  # type: ignore[misc]
        if type(g) is not Parts:
            shown = g._array if isinstance(g, Tensor) else g
            for witness in _witnesses:
                witness.arrived(node, shown)
        return g


class _ShownPlain(_Shown, Followed):
    """The plain gradient, shown."""


class _ShownRecorded(_Shown, Recorded):
    """The recorded gradient, shown."""


def plain_pass(*args: Any) -> Plain:
    """The algebra of a `backward` that is not recorded."""
    return _ShownPlain(*args) if _witnesses else plain(*args)


def recorded_pass(*args: Any, **kwargs: Any) -> Recorded:
    """The algebra of a `backward` that is recorded."""
    return _ShownRecorded(*args, **kwargs) if _witnesses else Recorded(*args, **kwargs)


def tell_finished(root: Tensor) -> None:
    """Tell all witnesses that a `backward` is over."""
    for witness in _witnesses:
        witness.finished(root)


def passed(g: Any, images: slice) -> Any:
    """A gradient that was shown, for some of the images only: past the op that it is `Ahead` of."""
    if type(g) is not Ahead:
        return g[images]
    rule: Any = g.rule
    return rule(g.g[images], g.z[images], None)


__all__ = ["Witness", "passed", "plain_pass", "recorded_pass", "tell_finished", "witnessing"]
