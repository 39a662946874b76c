"""One convolution, step by step: each output, each weight's gradient and each input's as the sum that it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import inf, isnan, prod
from typing import Any, NamedTuple

from autocnn.backend.arrays import to_numpy
from autocnn.engine import Tensor, as_tensor, enable_grad, grad
from autocnn.engine.tape import Node, Watcher, watching
from autocnn.errors import ArgumentError, ShapeError
from autocnn.inspect.look import Target, nothing_ran, scored
from autocnn.ops import ones_like
from autocnn.ops.conv import Padding, conv2d
from autocnn.types import Array, Shape, Size
from autocnn.viz.steps import convolution_steps as drawn

WRITTEN = 150
"""Products at most, in all three kinds of sum together, for which a page has every sum written out."""

_NAMES = ("conv", "conv_bias", "conv_bias_relu")


class Term(NamedTuple):
    """A product in a sum, and the places of its factors; of the input, the filters and the output."""

    left: float
    right: float
    pixel: Shape
    """(c, m, n)"""
    weight: Shape
    """(o, c, a, b), c counted in the group of the filter"""
    output: Shape
    """(o, i, j)"""

    @property
    def value(self) -> float:
        """The product."""
        return self.left * self.right


@dataclass(frozen=True)
class Sum:
    """A number as the sum of products that made it. Products with the zeros of the padding are left out."""

    name: str
    terms: tuple[Term, ...]
    symbols: tuple[tuple[str, str], ...] = field(repr=False)
    """The names of the factors of each."""
    engine: float
    """What the engine computed."""
    bias: float | None = None

    @property
    def value(self) -> float:
        """What the terms add up to, in double precision."""
        return sum(term.value for term in self.terms) + (self.bias or 0.0)

    def formula(self) -> str:
        """The sum in names: ``x[0,0]·w[0,0] + x[0,1]·w[0,1]``."""
        products = [f"{left}·{right}" for left, right in self.symbols]
        return " + ".join([*products, *(["bias"] if self.bias is not None else [])]) or "0"

    def numbers(self) -> str:
        """The sum in numbers: ``1·2 + 3·(-1)``."""
        products = [f"{_said(term.left)}·{_said(term.right)}" for term in self.terms]
        return " + ".join([*products, *([_said(self.bias)] if self.bias is not None else [])]) or "0"

    def __str__(self) -> str:
        return f"{self.name} = {self.formula()} = {self.numbers()} = {self.engine:.6g}"


@dataclass(frozen=True)
class ConvolutionSteps:
    """One convolution of one image, with the gradient that came to its output and those that it made of it."""

    x: Array = field(repr=False)
    """The input (C, H, W)."""
    w: Array = field(repr=False)
    """The filters (O, C / groups, kh, kw)."""
    bias: Array | None = field(repr=False)
    z: Array = field(repr=False)
    """The output (O, oh, ow)."""
    g: Array = field(repr=False)
    """The gradient of a scalar L by the output."""
    dx: Array = field(repr=False)
    """Of L by the input: what this convolution sends back."""
    dw: Array = field(repr=False)
    """Of L by the filters."""
    db: Array | None = field(repr=False)
    stride: Shape
    padding: tuple[tuple[int, int], ...]
    """(before, after) for rows and columns."""
    dilation: Shape
    groups: int
    name: str = ""
    of: str = "the sum of the outputs"
    """What L is, where that is known."""

    def output(self, o: int, i: int, j: int) -> Sum:
        """An output: the window of the input times the filter, plus bias."""
        w, x = self.w.shape[1:], self.x
        found = [
            Term(_at(x, pixel), _at(self.w, (o, c, a, b)), pixel, (o, c, a, b), (o, i, j))
            for c, a, b in product(*map(range, w))
            if self._inside(i, j, a, b)
            for pixel in [self._pixel(o, c, i, j, a, b)]
        ]
        bias = None if self.bias is None else _at(self.bias, (o,))
        return self._sum("z", (o, i, j), found, "x", "w", _at(self.z, (o, i, j)), bias)

    def weight(self, o: int, c: int, a: int, b: int) -> Sum:
        """A weight's gradient: every input that met it, times the gradient of the output that it went into."""
        found = [
            Term(_at(self.x, pixel), _at(self.g, (o, i, j)), pixel, (o, c, a, b), (o, i, j))
            for i, j in product(*map(range, self.z.shape[1:]))
            if self._inside(i, j, a, b)
            for pixel in [self._pixel(o, c, i, j, a, b)]
        ]
        return self._sum("dL/dw", (o, c, a, b), found, "x", "g", _at(self.dw, (o, c, a, b)))

    def pixel(self, c: int, m: int, n: int) -> Sum:
        """An input's gradient: that of every output it went into, times the weight it met there.

        With stride 1 this slides the filter, turned by 180 degrees, over the gradient: a full correlation.
        """
        inputs, outputs = self.w.shape[1], self.z.shape[0] // self.groups
        group = c // inputs
        found = []
        for o in range(group * outputs, (group + 1) * outputs):
            for i, j in product(*map(range, self.z.shape[1:])):
                a, b = self._met(0, m, i), self._met(1, n, j)
                if a is not None and b is not None:
                    tap = (o, c % inputs, a, b)
                    found.append(Term(_at(self.g, (o, i, j)), _at(self.w, tap), (c, m, n), tap, (o, i, j)))
        return self._sum("dL/dx", (c, m, n), found, "g", "w", _at(self.dx, (c, m, n)))

    def outputs(self) -> Iterator[Sum]:
        """Every output."""
        return (self.output(*at) for at in product(*map(range, self.z.shape)))

    def weights(self) -> Iterator[Sum]:
        """Every weight's gradient."""
        return (self.weight(*at) for at in product(*map(range, self.w.shape)))

    def pixels(self) -> Iterator[Sum]:
        """Every input's gradient."""
        return (self.pixel(*at) for at in product(*map(range, self.x.shape)))

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON and for `viz.convolution_steps`: floats as the shortest decimals that mean them."""
        arrays = ("x", "w", "bias", "z", "g", "dx", "dw", "db")
        few = 3 * prod(self.z.shape) * prod(self.w.shape[1:]) <= WRITTEN
        sums: Mapping[str, Iterator[Sum]] = {
            "outputs": self.outputs(), "weights": self.weights(), "inputs": self.pixels(),
        }  # fmt: skip
        return {
            "format": "autocnn.convolution", "version": 1, "name": self.name, "of": self.of,
            "dtype": str(self.x.dtype), "stride": list(self.stride), "dilation": list(self.dilation),
            "padding": [list(pair) for pair in self.padding], "groups": self.groups,
            **{name: _listed(getattr(self, name)) for name in arrays},
            "sums": {kind: [_row(each) for each in found] for kind, found in sums.items()} if few else {},
        }  # fmt: skip

    def html(self, path: str | os.PathLike[str] | None = None, *, title: str = "") -> str:
        """A page to step through it, by `viz.convolution_steps`; written to ``path`` if one is given."""
        return drawn(self.to_dict(), path, title=title)

    def _inside(self, i: int, j: int, a: int, b: int) -> bool:
        """Whether there is an input under this place of the filter, and not padding."""
        _, m, n = self._pixel(0, 0, i, j, a, b)
        return bool(0 <= m < self.x.shape[1] and 0 <= n < self.x.shape[2])

    def _pixel(self, o: int, c: int, i: int, j: int, a: int, b: int) -> Shape:
        rows, columns = (
            s * place + d * tap - before
            for s, place, d, tap, (before, _) in zip(
                self.stride, (i, j), self.dilation, (a, b), self.padding, strict=True
            )
        )
        group = o // (self.w.shape[0] // self.groups)
        return group * self.w.shape[1] + c, rows, columns

    def _met(self, axis: int, m: int, i: int) -> int | None:
        """The row of the filter that lies on row m of the input in window i; columns likewise."""
        tap, rest = divmod(m + self.padding[axis][0] - self.stride[axis] * i, self.dilation[axis])
        return tap if not rest and 0 <= tap < self.w.shape[2 + axis] else None

    def _sum(
        self, name: str, place: Shape, terms: list[Term], left: str, right: str, engine: float,
        bias: float | None = None,
    ) -> Sum:  # fmt: skip
        symbols = tuple((self._symbol(left, term), self._symbol(right, term)) for term in terms)
        return Sum(self._named(name, place), tuple(terms), symbols, engine, bias)

    def _symbol(self, letter: str, term: Term) -> str:
        return self._named(letter, {"x": term.pixel, "w": term.weight, "g": term.output}[letter])

    def _named(self, letter: str, place: Shape) -> str:
        """``x[0,1]``: without the channel or the filter where there is one only."""
        kind = {"dL/dx": "x", "dL/dw": "w", "z": "g"}.get(letter, letter)
        counts = {"x": self.x.shape[:1], "w": self.w.shape[:2], "g": self.w.shape[:1]}[kind]
        shown = [index for index, count in zip(place, counts, strict=False) if count > 1]
        return f"{letter}[{','.join(map(str, (*shown, *place[-2:])))}]"


def convolution_steps(
    x: Any, w: Any, bias: Any = None, stride: Size = 1, padding: Padding = 0, dilation: Size = 1, groups: int = 1,
    *, gradient: Any = None, name: str = "", of: str = "",
) -> ConvolutionSteps:  # fmt: skip
    """A convolution of one image, forward and backward by the engine, with every number as the sum that made it.

    x (C, H, W), w (O, C / groups, kh, kw), bias (O,), the parameters of `conv2d`; x and w with one channel and one
    filter may be (H, W) and (kh, kw). ``gradient`` is that of a scalar L by the output, (O, oh, ow), by default 1
    everywhere: L is the sum of the outputs. ``of`` says what L is. `html` of the result is a page to step through.
    Raises ShapeError for what is not one image with its filters, and what `conv2d` raises.

    >>> steps = convolution_steps([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 2], [3, 4]], gradient=[[1, 0], [0, -1]])
    >>> print(steps.output(0, 0, 1))
    z[0,1] = x[0,1]·w[0,0] + x[0,2]·w[0,1] + x[1,1]·w[1,0] + x[1,2]·w[1,1] = 2·1 + 3·2 + 5·3 + 6·4 = 47
    >>> print(steps.weight(0, 0, 0, 0))
    dL/dw[0,0] = x[0,0]·g[0,0] + x[0,1]·g[0,1] + x[1,0]·g[1,0] + x[1,1]·g[1,1] = 1·1 + 2·0 + 4·0 + 5·(-1) = -4
    >>> print(steps.pixel(0, 1, 1))
    dL/dx[1,1] = g[0,0]·w[1,1] + g[0,1]·w[1,0] + g[1,0]·w[0,1] + g[1,1]·w[0,0] = 1·4 + 0·3 + 0·2 + (-1)·1 = 3
    """
    leaves = [_image(x), _filters(w), *([] if bias is None else [as_tensor(bias)])]
    dtype = next((leaf.dtype for leaf in leaves if leaf.is_floating_point()), "float32")
    leaves = [
        (leaf if leaf.is_floating_point() else leaf.to(dtype)).detach().clone().requires_grad_() for leaf in leaves
    ]
    x, w, *b = (leaf.array for leaf in leaves)
    with enable_grad():
        z = conv2d(leaves[0], leaves[1], leaves[2] if b else None, stride, padding, dilation, groups)
    g = ones_like(z) if gradient is None else _seed(gradient, z)
    dx, dw, *db = (each.array for each in grad(z, leaves, g) if each is not None)
    how = z.node().params
    return ConvolutionSteps(
        x[0], w, b[0] if b else None, z.detach().array[0], g.array[0], dx[0], dw, db[0] if db else None,
        how["stride"], how["padding"], how["dilation"], how["groups"], name,
        of or ("the sum of the outputs" if gradient is None else ""),
    )  # fmt: skip


def convolution_steps_of(
    model: Callable[..., Any], x: Any, layer: str | None = None, target: Target = None
) -> ConvolutionSteps:
    """A convolution of a model at work on one image, as `convolution_steps` has it; by default its first.

    x is an image (1, C, H, W) or (C, H, W). ``layer`` is the path of a module, ``layer1.0.conv2``; of one that
    runs several convolutions or runs several times, ``conv#2`` is the second. The gradient is that of the score of
    a class, by default the highest, or of any ``target``, as in `saliency`; the model runs in eval mode. What a
    layer pads with other than zeros is part of its input here, and a fused ReLU comes after its output.
    Raises ArgumentError if no convolution of images ran there, or several did.

    >>> import autocnn as ac
    >>> steps = convolution_steps_of(ac.models.LeNet5(), ac.rand(1, 1, 32, 32), "c3")
    >>> steps.x.shape, steps.w.shape, steps.g.shape
    ((6, 14, 14), (16, 6, 5, 5), (16, 10, 10))
    >>> made = steps.weight(3, 1, 0, 4)
    >>> len(made.terms), abs(made.value - made.engine) < 1e-5
    (100, True)
    """
    seen = _Convolutions(layer)
    with watching(seen):
        run = scored(model, _image(x), target)
    found = seen.one()
    g = run.gradient(found.node)
    if found.node.name == "conv_bias_relu":
        g = g * (found.z > 0)
    score = "the score of the target" if callable(run.target) else f"the score of class {run.target[0]}"
    how = found.node.params
    x, w, *bias = found.inputs
    return convolution_steps(
        x, w, bias[0] if bias else None, how["stride"], how["padding"], how["dilation"], how["groups"],
        gradient=g, name=found.name, of=score,
    )  # fmt: skip


class _Seen(NamedTuple):
    """A convolution that ran: its module, its node, its operands and its output, in memory of their own."""

    name: str
    node: Node
    inputs: list[Array]
    z: Array


class _Convolutions(Watcher):
    """Keeps the convolutions of images in a module; by default the first that there is."""

    def __init__(self, layer: str | None) -> None:
        self.layer = layer
        self.counts: dict[str, int] = {}
        self.found: list[_Seen] = []

    def seen(self, node: Node, inputs: tuple[Any, ...], outputs: tuple[Array, ...]) -> None:
        """Copy what is asked for: memory may be written to later."""
        if node.name not in _NAMES or node.place.order or node.ndim != 4:
            return
        scope = node.place.scope.replace("/", ".")
        self.counts[scope] = self.counts.get(scope, 0) + 1
        visit = f"{scope}#{self.counts[scope]}"
        if self.found if self.layer is None else not self._wanted(scope, visit):
            return
        values = [each.array.copy() for each in inputs]
        self.found.append(_Seen(visit, node, values, outputs[0].copy()))

    def _wanted(self, scope: str, visit: str) -> bool:
        layer = (self.layer or "").replace("/", ".")
        return visit == layer or f"{scope}.".startswith(f"{layer}.")

    def one(self) -> _Seen:
        """The one that was asked for."""
        if not self.found:
            at = "the model" if self.layer is None else repr(self.layer)
            near = nothing_ran(self.layer or "", self.counts).partition("; ")[2]
            raise ArgumentError(f"convolution_steps_of: no convolution of images ran in {at}; {near}")
        if len(self.found) > 1:
            names = [self._short(each.name) for each in self.found]
            said = ", ".join(names[:6]) + (" ..." if len(names) > 6 else "")
            raise ArgumentError(
                f"convolution_steps_of: {len(names)} convolutions ran in {self.layer!r}; name one: {said}"
            )
        (found,) = self.found
        return found._replace(name=self._short(found.name))

    def _short(self, visit: str) -> str:
        scope, _, _ = visit.rpartition("#")
        return scope if self.counts[scope] == 1 else visit


# Arguments and numbers ----------------------------------------------------------------------------------------


def _image(x: Any) -> Tensor:
    """One image as a batch (1, C, H, W)."""
    images = as_tensor(x)
    batch = {2: (None, None), 3: (None,), 4: ()}.get(images.ndim)
    if batch is None or (images.ndim == 4 and images.shape[0] != 1):
        raise ShapeError(f"convolution_steps: x is {images.shape}; one image is needed, (C, H, W). Take x[:1]")
    return images[batch] if batch else images


def _filters(w: Any) -> Tensor:
    filters = as_tensor(w)
    if filters.ndim not in (2, 4):
        raise ShapeError(
            f"convolution_steps: w is {filters.shape}; filters (O, C / groups, kh, kw) are needed, or one (kh, kw)"
        )
    return filters[None, None] if filters.ndim == 2 else filters


def _seed(gradient: Any, z: Tensor) -> Tensor:
    """The gradient of the output as a batch of one, like the output."""
    g = as_tensor(gradient)
    if tuple(g.shape[-2:]) != z.shape[2:] or prod(g.shape) != prod(z.shape):
        raise ShapeError(
            f"convolution_steps: gradient is {g.shape}; the output is {z.shape[1:]}, and so must it be"
        )
    return g.to(z.device).to(z.dtype).reshape(*z.shape)


def _at(array: Array, place: Shape) -> float:
    return float(array[place])


def _listed(array: Array | None) -> Any:
    """Nested lists; what JSON cannot hold is null (NaN), "inf" or "-inf"."""
    return None if array is None else _plain(to_numpy(array))


def _plain(part: Any) -> Any:
    if part.ndim:
        return [_plain(each) for each in part]
    return _strict(float(str(part) if part.dtype == "float32" else part))  # its 0.1, not 0.10000000149011612


def _strict(value: float) -> float | str | None:
    if isnan(value):
        return None
    return ("inf" if value > 0 else "-inf") if abs(value) == inf else value


def _row(found: Sum) -> dict[str, Any]:
    return {
        "name": found.name, "formula": found.formula(), "numbers": found.numbers(), "value": _strict(found.engine),
    }  # fmt: skip


def _said(value: float) -> str:
    text = f"{value:.6g}"
    return f"({text})" if text.startswith("-") else text


__all__ = ["ConvolutionSteps", "Sum", "Term", "convolution_steps", "convolution_steps_of"]
