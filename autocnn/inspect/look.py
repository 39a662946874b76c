"""What layers make, by their paths, and gradients between them: seen from below the modules, where ops run.

No module is wrapped and no hook is set, so that additions of skips, functions, and what later writes in place
overwrite are seen like everything else.
"""

from __future__ import annotations

import difflib
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

from autocnn.engine import Tensor, as_tensor, set_grad_enabled
from autocnn.engine.tape import Node, Watcher, watching
from autocnn.errors import ArgumentError, OperandError, ShapeError
from autocnn.flow.cotangents import Exact, carry
from autocnn.flow.surgery import evaluating
from autocnn.graph import Graph
from autocnn.inspect.layers import visits
from autocnn.ops import take_along_dim, tensor
from autocnn.types import Array

Target = int | Sequence[int] | Callable[[Any], Tensor] | None
"""What is explained: a class, one for each image, a function of the outputs that gives a score for each image
(N,), or None for the class with the highest score."""


class Made(NamedTuple):
    """What a layer made: the node of its last op, and its value in memory of its own."""

    node: Node
    value: Array


class Look(Watcher):
    """Keeps what chosen layers make, or all visits to all modules.

    A path such as ``layer1.0`` stands for the last op inside of that module; ``layer1.0.relu#2`` for the last one
    of its second visit.
    """

    def __init__(self, paths: Iterable[str] | None = None) -> None:
        self.wanted = None if paths is None else {path: _slashed(path) for path in paths}
        self.made: dict[str, Made] = {}
        self.counts: dict[str, int] = {}
        self.last: str | None = None

    def seen(self, node: Node, inputs: tuple[Any, ...], outputs: tuple[Array, ...]) -> None:
        """Copy what is asked for: memory may be written to later."""
        scope = node.place.scope
        if node.place.order or len(outputs) != 1:
            return
        if scope != self.last:
            self.last = scope
            self.counts[scope] = self.counts.get(scope, 0) + 1
        visit = f"{scope}#{self.counts[scope]}"
        keys = [visit] if self.wanted is None else [key for key, path in self.wanted.items() if _is(path, visit)]
        if keys:
            made = Made(node, outputs[0].copy())
            for key in keys:
                self.made[key] = made

    def __getitem__(self, path: str) -> Made:
        """What a layer made; raises ArgumentError, with near names, if nothing ran there."""
        if path not in self.made:
            raise ArgumentError(nothing_ran(path, self.counts))
        return self.made[path]

    def visits(self) -> dict[str, Array]:
        """The values of all visits, by path with dots; numbered where a module was visited more than once."""
        return {
            (visit if self.counts[visit.rpartition("#")[0]] > 1 else visit.rpartition("#")[0]).replace("/", "."): (
                made.value
            )
            for visit, made in self.made.items()
        }


def nothing_ran(path: str, scopes: Iterable[str]) -> str:
    """What to say about a path in which no op ran."""
    known = dict.fromkeys(scope.replace("/", ".") for scope in scopes if scope)
    known |= {name.rpartition(".")[0]: None for name in known if "." in name}
    near = difflib.get_close_matches(path, known, n=3, cutoff=0.3) or list(known)[:3]
    return f"layer: nothing ran in a module {path!r}; there is {', '.join(near) or 'none'}"


def vertex_at(graph: Graph, path: str) -> int:
    """The vertex of a layer, as `Look` finds it, in a graph."""
    wanted, counts, found = _slashed(path), dict[str, int](), None
    for run in visits(graph):
        scope = run[0].scope
        counts[scope] = counts.get(scope, 0) + 1
        if _is(wanted, f"{scope}#{counts[scope]}"):
            found = run[-1].id
    if found is None:
        raise ArgumentError(nothing_ran(path, counts))
    return found


def _slashed(path: Any) -> str:
    if not isinstance(path, str) or not path:
        what = repr(path) if isinstance(path, str) else f"a {type(path).__name__}"
        raise ArgumentError(f'layer: {what} is no path; such as "layer1" or "features.3" is needed')
    return path.replace(".", "/")


def _is(path: str, visit: str) -> bool:
    return path == visit or f"{visit.rpartition('#')[0]}/".startswith(f"{path}/")


# Forward passes with a score ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pass:
    """A forward pass in eval mode up to a score for each image."""

    images: Tensor
    scores: Tensor
    """(N,)"""
    total: Tensor
    """Their sum."""
    target: Any
    """The classes, one for each image, or the function that gave the scores."""
    look: Look

    def gradient(self, node: Node | None = None, algebra: type[Exact] = Exact) -> Array:
        """The gradient of the scores' sum by the images, or by what a node made."""
        return gradient(self.total.node(), self.images.node() if node is None else node, algebra=algebra)


def scored(
    model: Callable[..., Any], x: Any, target: Target = None, layers: Iterable[str] = (), *, record: bool = True
) -> Pass:  # fmt: skip
    """Run a model in eval mode on images, and score what comes out.

    Raises OperandError for images of integers, ShapeError for outputs that `target` does not fit.
    """
    images, look = given(x, model), Look(layers)
    with running(model, look, record):
        outputs = model(images)
        target = settled(outputs, target, images.shape[0])
        scores = _scores(outputs, target, images.shape[0])
        total = scores.sum()
    return Pass(images, scores, total, target, look)


def as_images(x: Any, model: Any) -> Tensor:
    """A Tensor as it is; an array of NumPy, which mostly is float64, in the dtype of the model's weights."""
    images = as_tensor(x).detach()
    if not isinstance(x, Tensor) and images.is_floating_point():
        weights = (p.dtype for p in getattr(model, "parameters", tuple)() if p.is_floating_point())
        images = images.to(next(weights, images.dtype))
    return images


def given(x: Any, model: Any = None) -> Tensor:
    """Images as a leaf that a gradient can reach."""
    images = as_images(x, model)
    if images.array.dtype.kind != "f" or images.ndim < 2:
        raise OperandError(
            f"inspect: x is {images.dtype} {images.shape}; a batch (N, ...) of floating numbers is needed"
        )
    if not images.shape[0]:
        raise OperandError(f"inspect: x has shape {images.shape}; there is no image in it")
    return images.requires_grad_()


@contextmanager
def running(model: Any, look: Look | None = None, record: bool = True) -> Iterator[None]:
    """Eval mode, gradients recorded or not, and what layers make seen."""
    watched = nullcontext() if look is None or look.wanted == {} else watching(look)
    with evaluating(model), set_grad_enabled(record), watched:
        yield


def gradient(
    root: Node, target: Node, seed: Array | None = None, *, algebra: Callable[..., Exact] = Exact
) -> Array:  # fmt: skip
    """The gradient of a node, weighted by a seed, by another; zeros where it does not depend on it."""
    found: list[Array] = []

    def keep(node: Node, g: Any) -> None:
        if node.serial == target.serial:
            found.append(g)

    sweep = algebra(seen=keep)
    if seed is not None:
        sweep.seed = lambda root: seed  # type: ignore[method-assign]
    carry(sweep, root, [target])
    return found[-1] if found else sweep.nothing(target)


def settled(outputs: Any, target: Target, count: int) -> Any:
    """A target that names one class for each image, or is a function."""
    if callable(target):
        return target
    if not isinstance(outputs, Tensor) or outputs.ndim != 2:
        what = f"have shape {outputs.shape}" if isinstance(outputs, Tensor) else f"are a {type(outputs).__name__}"
        raise ShapeError(
            f"inspect: the outputs {what}, not (N, classes); give target= as a function of them with a score "
            "for each image, (N,)"
        )
    classes = outputs.shape[1]
    if target is None:
        return tuple(int(k) for k in outputs.array.argmax(1))
    several = _classes(target, count)
    if len(several) != count or not all(-classes <= k < classes for k in several):
        raise ArgumentError(
            f"inspect: target is {target!r}; a class below {classes}, or one for each of {count} images"
        )
    return several


def _classes(target: Any, count: int) -> tuple[int, ...]:
    """One class for each image; none at all, if the target is something else."""
    target = target.tolist() if hasattr(target, "tolist") else target
    several = target if isinstance(target, list | tuple | range) else [target] * count
    try:
        return tuple(operator.index(k) for k in several)
    except TypeError:
        return ()


def _scores(outputs: Any, target: Any, count: int) -> Tensor:
    if not callable(target):
        return take_along_dim(outputs, tensor([[k % outputs.shape[1]] for k in target], device=outputs.device), 1)[
            :, 0
        ]
    scores = target(outputs)
    if not isinstance(scores, Tensor) or scores.shape != (count,):
        what = scores.shape if isinstance(scores, Tensor) else type(scores).__name__
        raise ShapeError(f"inspect: target gave {what}; a score for each of {count} images is needed, ({count},)")
    return scores
