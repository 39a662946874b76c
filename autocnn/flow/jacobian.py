"""Jacobians of a network's blocks, and of all that lies before and behind each, without forming them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import autocnn.flow.spectra as spectra
from autocnn.backend.random import Generator
from autocnn.engine import Tensor, as_tensor, namespace
from autocnn.errors import ArgumentError
from autocnn.flow.products import Call, Pass, Push, coupled, forward, named_blocks, pulled
from autocnn.flow.strict import strict
from autocnn.flow.surgery import check_module
from autocnn.types import Array

SPANS = ("block", "to output", "from input")


@dataclass(frozen=True)
class Spectrum:
    """What is known of one Jacobian: of a block, of all behind it, or of all before its output.

    Where `joint`, there is one matrix, of the whole batch; otherwise one for each image, and the tuples have an
    entry for each. `values` are the largest singular values, falling; each has a true one within its `bounds`
    (0 where `exact`: from the dense matrix, to rounding). `square` is |J|_F^2, `participation` the ratio
    (sum s^2)^2 / sum s^4, the number of directions that carry the gradient; both have standard errors, 0 where
    exact. `zeros` is the share of elements that are exactly 0, from all elements where exact, else from rows
    drawn at random.
    """

    block: str
    span: str
    d_in: int
    d_out: int
    joint: bool
    exact: bool
    values: tuple[tuple[float, ...], ...]
    bounds: tuple[tuple[float, ...], ...]
    square: tuple[float, ...]
    square_error: tuple[float, ...]
    participation: tuple[float, ...]
    participation_error: tuple[float, ...]
    zeros: tuple[float, ...]
    zeros_error: tuple[float, ...]

    @property
    def singular(self) -> tuple[float, ...]:
        """The singular values, largest first: the median over images of each."""
        return tuple(_middle(column) for column in zip(*self.values, strict=True))

    @property
    def largest(self) -> float:
        """The largest singular value: the median over images."""
        return self.singular[0]

    @property
    def backward_gain(self) -> float:
        """|J|_F^2 / d_out: the factor of a random gradient's squared norm on its way back; mean over images."""
        return _mean(self.square) / self.d_out

    @property
    def forward_gain(self) -> float:
        """|J|_F^2 / d_in: the factor of a random disturbance's squared norm going forward; mean over images."""
        return _mean(self.square) / self.d_in

    @property
    def gain_error(self) -> float:
        """Standard error of both gains, relative to them; 0 where exact."""
        mean = _mean(self.square)
        total = math.sqrt(sum(e * e for e in self.square_error)) / len(self.square)
        return total / mean if mean else 0.0

    def row(self) -> dict[str, Any]:
        """A row of a table."""
        return {
            "block": self.block,
            "span": self.span,
            "d_in": self.d_in,
            "d_out": self.d_out,
            "matrices": len(self.values),
            "joint": self.joint,
            "exact": self.exact,
            "backward_gain": self.backward_gain,
            "forward_gain": self.forward_gain,
            "gain_error": self.gain_error,
            "participation": _middle(self.participation),
            "zeros": _mean(self.zeros),
            "largest": self.largest,
            "largest_low": _quantile([v[0] for v in self.values], 0.25),
            "largest_high": _quantile([v[0] for v in self.values], 0.75),
            "bound": max(b[0] for b in self.bounds),
            **{f"s{i}": s for i, s in enumerate(self.singular, start=1)},
        }


@dataclass(frozen=True)
class Jacobians:
    """The Jacobians of a network at one batch, block by block, and how they were taken."""

    spectra: tuple[Spectrum, ...]
    training: bool
    joint: bool
    images: int

    @property
    def mode(self) -> str:
        """In which mode of the network, and of what the Jacobians are."""
        name = "train mode" if self.training else "eval mode"
        if self.joint:
            return f"{name}, the joint Jacobian of a batch of {self.images} images"
        return f"{name}, a Jacobian for each of {self.images} image{'s' * (self.images != 1)}"

    @property
    def blocks(self) -> tuple[str, ...]:
        """The blocks' names, the one nearest the input first."""
        return tuple(dict.fromkeys(s.block for s in self.spectra))

    def __getitem__(self, key: tuple[str, str]) -> Spectrum:
        """The Jacobian of a block and a span: ``jacobians["blocks.3", "to output"]``."""
        found = [s for s in self.spectra if (s.block, s.span) == key]
        if not found:
            known = ", ".join(self.blocks)
            raise ArgumentError(
                f"jacobian: {key!r} was not measured; blocks are {known}; spans {', '.join(SPANS)}"
            )
        return found[0]

    def of(self, span: str) -> tuple[Spectrum, ...]:
        """All Jacobians of one span, in the order of the blocks."""
        return tuple(s for s in self.spectra if s.span == span)

    def rows(self) -> list[dict[str, Any]]:
        """A tidy table: a row for each block and span; singular values are medians over images."""
        return [s.row() for s in self.spectra]

    def to_dict(self) -> dict[str, Any]:
        """The table and how it was taken, ready for JSON: what is not finite is null or "inf"."""
        facts = {"mode": self.mode, "training": self.training, "joint": self.joint, "images": self.images}
        return strict({**facts, "rows": self.rows()})  # type: ignore[no-any-return]

    def sentence(self) -> str:
        """A plain question, and the answer that the numbers give."""
        question = "How evenly does a block pass a gradient back?"
        several = self.of("block")
        if not several:
            return f"{question} No block by itself was measured ({self.mode})."
        gains = [s.backward_gain for s in several]
        strange = [s.block for s in several if math.isnan(s.backward_gain)]
        if strange:
            count = f"{len(strange)} of {len(several)} blocks"
            return (
                f"{question} Not at all: numbers in {count} are not finite, first in {strange[0]} ({self.mode})."
            )
        middle = _middle(gains)
        text = (
            f"{question} Over {len(several)} blocks, one block multiplies a random gradient's squared norm by "
            f"{_g(middle)} (median; {_g(min(gains))} to {_g(max(gains))}), its strongest direction's length by "
            f"{_g(_middle([s.largest for s in several]))}"
        )
        through = [s for s in self.of("to output") if s.block == several[0].block]
        if through:
            text += (
                f"; from the output back to the end of {through[0].block} the squared norm is multiplied by "
                f"{_g(through[0].backward_gain)}, and {_g(_middle(through[0].participation))} of "
                f"{min(through[0].d_in, through[0].d_out)} directions carry it"
            )
        return f"{text} ({self.mode})."

    def __str__(self) -> str:
        head = f"{'block':16} span           in    out {'s1':>9} {'back':>9}   forward {'partic.':>8}  zeros"
        return "\n".join([self.mode, head, *(_line(s) for s in self.spectra)])


def _line(s: Spectrum) -> str:
    return (
        f"{s.block:16} {s.span:10} {s.d_in:6} {s.d_out:6} {s.largest:9.3g} {s.backward_gain:9.3g} "
        f"{s.forward_gain:9.3g} {_middle(s.participation):8.3g} {_mean(s.zeros):6.1%}"
    )


def jacobian(
    model: Any,
    x: Any,
    blocks: Sequence[Any] | None = None,
    k: int = 8,
    *,
    spans: Sequence[str] = SPANS,
    joint: bool | None = None,
    exact: int = 64,
    probes: int = 16,
    tolerance: float = 1e-2,
    steps: int = 20,
    seed: int = 0,
) -> Jacobians:
    """Singular values and gains of the Jacobian of each block, from each to the output, and from x to each.

    `blocks` are paths of modules ("layer1.0") or the modules, each called with one tensor and returning one;
    without them the model's parts, those of a Sequential one by one, or, without parts, the model. A Jacobian with
    at most `exact` rows or columns is formed, and known entirely; of a larger one the k largest singular values
    are found through products with J and J^T until their bounds are below `tolerance` times the largest (at most
    `steps` steps of k products), and its sums of powers are estimated from `probes` random vectors. Equal seeds
    give equal numbers.

    Where no image's result is seen to depend on another's, there is a Jacobian for each image. Where one does
    (batch norm in train mode), the batch has one joint Jacobian, and the result says so; `joint` asks for either.
    The model is run once, in the mode that it is in; its buffers are put back.

    In float32, products below 1e-38 are 0: a Jacobian that small needs the model and x in float64.

    Raises ArgumentError for an x without images, an unknown block or span, a k, probes or steps too small, or
    `joint=False` where images are coupled; OperandError where a block does not take and return one tensor.

    >>> from autocnn import manual_seed, nn, ones
    >>> _ = manual_seed(0)
    >>> net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    >>> found = jacobian(net, ones(5, 3))
    >>> found["1", "block"].zeros[0], len(found.rows())
    (0.75, 8)
    """
    if k < 1 or probes < 2 or steps < 1:
        raise ArgumentError(f"jacobian: k, probes and steps are {k}, {probes} and {steps}; at least 1, 2 and 1")
    strange = [span for span in spans if span not in SPANS]
    if strange:
        raise ArgumentError(f"jacobian: span is {strange[0]!r}; one of {', '.join(SPANS)}")
    check_module("jacobian", model)
    passed = forward(model, _images(x), named_blocks(model, blocks))
    several = coupled(passed, seed)
    if joint is False and several:
        raise ArgumentError(
            "jacobian: joint is False, and an image's result depends on other images (batch norm in train mode); "
            "call model.eval(), or leave joint to be found"
        )
    together = several if joint is None else joint
    measure = Measure(together, k, exact, probes, tolerance, steps, seed)
    found = [s for span in spans for s in measure.span(span, passed)]
    return Jacobians(tuple(found), bool(model.training), together, passed.input.shape[0])


def _images(x: Any) -> Tensor:
    images: Tensor = as_tensor(x)
    if not images.shape or not images.array.size:
        raise ArgumentError(
            f"jacobian: x has shape {images.shape}; a batch (N, ...) of at least one image is needed"
        )
    if images.dtype.kind != "f":
        raise ArgumentError(f"jacobian: x is {images.dtype}, and has no derivative; give it as float32")
    return images


# Measuring ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measure:
    """How Jacobians are measured, and doing it."""

    joint: bool
    k: int
    exact: int
    probes: int
    tolerance: float
    steps: int
    seed: int

    def span(self, span: str, passed: Pass) -> list[Spectrum]:
        """The Jacobians of one span, for each block. Where several can be had from the same sweeps, they are."""
        calls: Sequence[Call] = passed.calls
        matrices: list[Array | None]
        if span == "to output":
            calls = [call for call in calls if call.output.node() is not passed.output.node()]
            pairs = [(passed.output, call.output) for call in calls]
            matrices = self._rows(passed.output, [source for _, source in pairs])
        elif span == "from input":
            pairs = [(call.output, passed.input) for call in calls]
            matrices = self._columns(passed.input, [root for root, _ in pairs])
        else:
            pairs = [(call.output, call.input) for call in calls]
            matrices = [None] * len(pairs)
        found = []
        for number, (call, (root, source), matrix) in enumerate(zip(calls, pairs, matrices, strict=True)):
            dense = matrix if matrix is not None else self._formed(root, source)
            generator = Generator(self.seed + 1000 * SPANS.index(span) + number)
            numbers = self._dense(dense) if dense is not None else self._by_products(root, source, generator)
            sides = (self.length(source), self.length(root))
            found.append(_spectrum(call.name, span, sides, self.joint, dense is not None, numbers))
        return found

    def length(self, x: Tensor) -> int:
        """The number of rows or columns that a tensor makes: of an image's part of it, or of all of it."""
        return math.prod(x.shape if self.joint else x.shape[1:])

    def _flat(self, x: Tensor, array: Array) -> Array:
        """An array of a tensor's shape as (matrices, length)."""
        return array.reshape(1 if self.joint else x.shape[0], self.length(x))

    def _units(self, x: Tensor) -> Iterator[Array]:
        """Unit vectors of a tensor's shape, the same for each matrix."""
        xp = namespace(x.array)
        for i in range(self.length(x)):
            unit = xp.zeros((1 if self.joint else x.shape[0], self.length(x)), x.dtype)
            unit[:, i] = 1
            yield unit.reshape(x.shape)

    def _formed(self, root: Tensor, source: Tensor) -> Array | None:
        """The matrix, from whichever side takes fewer sweeps; None if it is too large."""
        if self.length(source) < self.length(root):
            return self._columns(source, [root])[0]
        return self._rows(root, [source])[0]

    def _rows(self, root: Tensor, sources: Sequence[Tensor]) -> list[Array | None]:
        """Matrices of several sources, row by row, if there are few enough rows."""
        if self.length(root) > self.exact:
            return [None] * len(sources)
        xp = namespace(root.array)
        rows = [pulled(root, sources, unit) for unit in self._units(root)]
        return [xp.stack([self._flat(s, row[i]) for row in rows], 1) for i, s in enumerate(sources)]

    def _columns(self, source: Tensor, roots: Sequence[Tensor]) -> list[Array | None]:
        """Matrices of several roots, column by column, if there are few enough columns."""
        if self.length(source) > self.exact:
            return [None] * len(roots)
        xp = namespace(source.array)
        push = Push(source, roots)
        columns = [push(unit) for unit in self._units(source)]
        return [xp.stack([self._flat(r, column[i]) for column in columns], 2) for i, r in enumerate(roots)]

    def _dense(self, matrix: Array) -> tuple[Array, ...]:
        xp = namespace(matrix)
        if not bool(xp.isfinite(matrix).all()):
            return _unknown(xp, matrix.shape[0], min(self.k, *matrix.shape[1:]))
        values, m = spectra.exactly(xp, matrix, self.k)
        share = (matrix == 0).mean((1, 2))
        nothing = xp.zeros_like(share)
        return (values, xp.zeros_like(values), m.square, nothing, m.participation, nothing, share, nothing)

    def _by_products(self, root: Tensor, source: Tensor, generator: Generator) -> tuple[Array, ...]:
        op = self.operator(root, source)
        probe = op.forward(op.draw(op.columns, 1, generator))
        if not bool(op.xp.isfinite(probe).all()):
            return _unknown(op.xp, op.matrices, min(self.k, op.rows, op.columns))
        tall = op.transposed() if op.columns > op.rows else op
        known = spectra.leading(tall, self.k, generator, tolerance=self.tolerance, steps=self.steps)
        m = spectra.moments(tall, known, self.probes, generator)
        share, error = spectra.zeros_in_rows(op, self.probes, generator)
        return (known.values, known.bounds, m.square, m.square_error, m.participation, m.participation_error,
                share, error)  # fmt: skip

    def operator(self, root: Tensor, source: Tensor) -> spectra.Operator:
        """The Jacobian of root by source through its products."""
        xp = namespace(root.array)
        push = Push(source, [root])
        matrices = 1 if self.joint else root.shape[0]

        def through(apply: Callable[[Array], Array], entry: Tensor, leaving: Tensor) -> spectra.Product:
            def product(vectors: Array) -> Array:
                columns = [
                    vectors[:, :, i].reshape(entry.shape).astype(entry.dtype) for i in range(vectors.shape[2])
                ]
                return xp.stack([self._flat(leaving, apply(c)).astype("float64") for c in columns], 2)

            return product

        back = through(lambda u: pulled(root, [source], u)[0], root, source)
        forth = through(lambda v: push(v)[0], source, root)
        return spectra.Operator(
            forth, back, matrices, self.length(root), self.length(source), xp, str(root.device)
        )


def _unknown(xp: Any, matrices: int, k: int) -> tuple[Array, ...]:
    """What is known of matrices with elements that are not finite: nothing."""
    several, one = xp.full((matrices, k), math.nan), xp.full((matrices,), math.nan)
    return (several, several, one, one, one, one, one, one)


def _spectrum(
    name: str, span: str, sides: tuple[int, int], joint: bool, exact: bool, numbers: tuple[Array, ...]
) -> Spectrum:
    def listed(array: Array) -> Any:
        return tuple(tuple(v) if isinstance(v, list) else v for v in array.tolist())

    return Spectrum(name, span, *sides, joint, exact, *map(listed, numbers))


# Numbers --------------------------------------------------------------------------------------------------------


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies, between two of them linearly."""
    if any(math.isnan(v) for v in values):
        return math.nan
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _middle(values: Sequence[float]) -> float:
    return _quantile(values, 0.5)


def _g(value: float) -> str:
    return f"{value:.3g}"
