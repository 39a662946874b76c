"""Residual joins: where a shortcut and a branch meet again, found in a graph, and found again in other passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from autocnn.errors import GraphError
from autocnn.graph.analysis.blocks import Dominators
from autocnn.graph.data import Graph, Vertex

ACTIVATIONS = frozenset((
    "abs", "clamp", "clamp_max", "clamp_min", "conv_bias_relu", "cos", "cosh", "elu", "erf", "erfc",
    "erfinv", "exp",
    "exp2", "expm1", "fmax", "fmin", "gelu", "gelu_tanh", "hardsigmoid", "hardswish", "hardtanh",
    "leaky_relu", "log", "log10", "log1p", "log2", "log_softmax", "logaddexp", "logsigmoid", "logsumexp",
    "maximum", "minimum", "mish", "prelu", "relu", "sigmoid", "sign", "silu", "sin", "sinh", "softmax",
    "softplus", "softsign", "tan", "tanh", "tanhshrink", "threshold", "where",
))  # fmt: skip
"""Ops that make a way a branch. Convolution, normalisation, pooling, picking and padding may lie on a shortcut."""


class Address(NamedTuple):
    """Where an addition is, in any forward pass of a model: the same at every batch size, in train and eval mode.

    It is call number ``call``, from 1, of ``op`` on two tensors of one shape (N, ...) in the module ``scope``
    within one forward pass; operand ``branch`` of it, 0 or 1, comes from the branch, the other from the shortcut.
    """

    scope: str
    op: str = "add"
    call: int = 1
    branch: int = 1

    def __str__(self) -> str:
        return f"{self.op} {self.call} of {self.scope or 'the model itself'}"


@dataclass(frozen=True, slots=True)
class Join:
    """A residual block: a value leaves at the fork, by a shortcut and by a branch, and is added up at the join."""

    join: int
    """The vertex of the addition."""
    fork: int
    """The last vertex before it through which every way from the input goes."""
    branch: int
    """The operand that comes from the branch: who passes this vertex has crossed the block."""
    shortcut: int
    """The other operand; the fork itself where the shortcut is the identity."""
    branch_position: int
    """Which operand of the addition the branch is, 0 or 1."""
    shortcut_position: int
    path: str
    """The path of the module that holds the block, such as ``layer1/0``; empty where none does."""
    name: str
    """The path, or else the first and last module of the branch; numbered where several would have the same."""
    kind: str
    """The shortcut: ``identity``, ``fixed`` (pooling, subsampling, padding: nothing learned) or ``projection``."""
    address: Address
    """How it is found in another forward pass."""


def residual_joins(graph: Graph, blocks: Sequence[str] | None = None) -> tuple[Join, ...]:
    """The residual blocks of a forward graph, in the order of their joins.

    A join is an addition of two values of one shape. Its fork is the nearest vertex through which all ways to it
    go, its shortcut the operand with no activation on the way from there, its branch the other. Where neither has
    one the operand that is the fork, or that learned nothing, is the shortcut. A sum of two ways which both hold
    an activation is no residual block, nor are gates and concatenations. ``blocks`` names the modules
    (``layer1.0``) whose additions are meant, of whatever kind: then no others are.

    Raises GraphError where two ways are alike, and for a name without such an addition.

    >>> import autocnn as ac
    >>> from autocnn.graph import trace
    >>> [join] = residual_joins(trace(lambda x: (x + x.tanh()).relu(), ac.ones(1, 3)))
    >>> graph = trace(lambda x: (x + x.tanh()).relu(), ac.ones(1, 3))
    >>> [graph.vertices[v].op or "x" for v in (join.fork, join.shortcut, join.branch, join.join)], join.kind
    (['x', 'x', 'tanh', 'add'], 'identity')
    """
    sums = list(_sums(graph))
    found = [_automatic(graph, s) for s in sums] if blocks is None else [_meant(graph, sums, b) for b in blocks]
    unique = {pair[0].join: pair for pair in found if pair is not None}
    return tuple(_with_names([unique[number] for number in sorted(unique)]))


def joins_in(graph: Graph, joins: Sequence[Join | str] | None) -> tuple[Join, ...]:
    """The residual blocks of a graph: found by themselves, or those that are given, by path or as they are.

    Raises GraphError for a path where nothing is added.
    """
    if joins is None:
        return residual_joins(graph)
    named = [join for join in joins if isinstance(join, str)]
    found = residual_joins(graph, named) if named else ()
    return tuple(sorted({*found, *(join for join in joins if isinstance(join, Join))}, key=lambda join: join.join))


def addresses(graph: Graph, op: str = "add") -> dict[int, Address]:
    """The address of each call of an op on two tensors of one shape (N, ...), by vertex; the branch left open."""
    calls: Counter[str] = Counter()
    found = {}
    for vertex in graph.vertices:
        if vertex.op == op and vertex.phase == "forward" and _is_equal_sum(graph, vertex):
            calls[vertex.scope] += 1
            found[vertex.id] = Address(vertex.scope, op, calls[vertex.scope])
    return found


# Sums and the ways to them ------------------------------------------------------------------------------------


class _Way(NamedTuple):
    """How a value comes from the fork to the sum."""

    operand: int
    position: int
    vertices: tuple[int, ...]
    """What lies behind the fork, the operand last; nothing, if that is the fork."""
    active: bool
    """Whether there is an activation on it."""
    learned: bool
    """Whether there is a parameter on it."""

    @property
    def rank(self) -> int:
        """0 for the fork itself, 1 where nothing is learned, 2 for what is linear, 3 for the rest."""
        return 3 if self.active else 2 if self.learned else 1 if self.vertices else 0


class _Sum(NamedTuple):
    """An addition of two values of one shape that have a common origin."""

    join: int
    fork: int
    ways: tuple[_Way, _Way]
    address: Address


def _sums(graph: Graph) -> Iterable[_Sum]:
    data, learned = _sources(graph)
    tree = Dominators(len(graph))
    places = addresses(graph)
    for vertex in graph.vertices:
        if vertex.phase != "forward":
            continue
        fork = tree.add(vertex.id, data[vertex.id])
        operands = [edge.source for edge in graph.in_edges(vertex.id)]
        if fork is None or vertex.id not in places or data[vertex.id] != operands or operands[0] == operands[1]:
            continue
        ways = [_way(graph, data, learned, operand, i, fork) for i, operand in enumerate(operands)]
        yield _Sum(vertex.id, fork, (ways[0], ways[1]), places[vertex.id])


def _sources(graph: Graph) -> tuple[list[list[int]], list[bool]]:
    """For each vertex its sources that depend on the input; and whether it depends on parameters alone."""
    named = [number for number in graph.inputs if graph.vertices[number].name is not None]
    roots = set(named or graph.inputs)
    data: list[list[int]] = []
    carries, learned = [False] * len(graph), [False] * len(graph)
    for vertex in graph.vertices:
        sources = [edge.source for edge in graph.in_edges(vertex.id)] if vertex.phase == "forward" else []
        data.append([source for source in sources if carries[source]])
        carries[vertex.id] = vertex.id in roots or bool(data[-1])
        own = not carries[vertex.id] and any(learned[source] for source in sources)
        learned[vertex.id] = vertex.kind == "parameter" or own
    return data, learned


def _is_equal_sum(graph: Graph, vertex: Vertex) -> bool:
    """Whether two tensors (N, ...) of one shape are added: no bias, no number, no running statistic."""
    operands = [graph.vertices[edge.source] for edge in graph.in_edges(vertex.id)]
    return len(operands) == 2 and len(vertex.shape) > 1 and all(x.shape == vertex.shape for x in operands)


def _way(
    graph: Graph, data: list[list[int]], learned: list[bool], operand: int, position: int, fork: int
) -> _Way:  # fmt: skip
    seen: set[int] = set()
    todo = [operand]
    while todo:
        number = todo.pop()
        if number != fork and number not in seen:
            seen.add(number)
            todo.extend(data[number])
    active = any(graph.vertices[number].op in ACTIVATIONS for number in seen)
    trained = any(learned[edge.source] for number in seen for edge in graph.in_edges(number))
    return _Way(operand, position, tuple(sorted(seen)), active, trained)


# Which of them are residual -----------------------------------------------------------------------------------


def _automatic(graph: Graph, found: _Sum) -> tuple[Join, str] | None:
    shortcut, branch = sorted(found.ways, key=lambda way: way.rank)
    if shortcut.rank == 3 or branch.rank < 2:
        return None
    if shortcut.rank == branch.rank:
        raise GraphError(
            f"residual_joins: the addition %{found.join}{_at(graph, found.join)} has no activation on either way; "
            "the shortcut is the one without. Name the blocks: blocks=['layer1.0', ...]"
        )
    return _join(graph, found, shortcut, branch)


def _meant(graph: Graph, sums: list[_Sum], name: str) -> tuple[Join, str]:
    """The last addition in a module; or, if there is none, the first one behind it, with it on one of its ways."""
    scope = name.replace(".", "/")
    inside = [s for s in sums if _within(graph.vertices[s.join].scope, scope)]
    if inside:
        first, second = sorted(inside[-1].ways, key=lambda way: (way.rank, len(way.vertices)))
        if (first.rank, len(first.vertices)) == (second.rank, len(second.vertices)):
            raise GraphError(
                f"residual_joins: both operands of the addition in {name!r} are of one kind and length; "
                "name the module that is the branch"
            )
        return _join(graph, inside[-1], first, second)
    for s in sums:
        through = [any(_within(graph.vertices[v].scope, scope) for v in way.vertices) for way in s.ways]
        if through[0] != through[1]:
            return _join(graph, s, s.ways[through[0]], s.ways[through[1]])
    raise GraphError(
        f"residual_joins: no module {name!r} adds two values of one shape, or is on one way to such a sum; "
        "blocks names modules by their paths"
    )


def _join(graph: Graph, found: _Sum, shortcut: _Way, branch: _Way) -> tuple[Join, str]:
    """The block, and the path of the module that its branch is, if it is one."""
    kind = ("identity", "fixed", "projection", "projection")[shortcut.rank]
    path = _shared(graph, (*branch.vertices, found.join))
    address = found.address._replace(branch=branch.position)
    join = Join(
        found.join, found.fork, branch.operand, shortcut.operand, branch.position, shortcut.position,
        path, _ends(graph, branch.vertices), kind, address,
    )  # fmt: skip
    return join, _shared(graph, branch.vertices)


# Names --------------------------------------------------------------------------------------------------------


def _with_names(joins: list[tuple[Join, str]]) -> Iterator[Join]:
    """The joins, each with a path that no other has, or none, and with a name of its own.

    Where several blocks are in one module, the branch of each, whose path comes along, may be a module of its own.
    """
    counts = Counter(join.path for join, _ in joins)
    paths = [join.path if join.path and counts[join.path] == 1 else branch for join, branch in joins]
    names = [path or join.name for (join, _), path in zip(joins, paths, strict=True)]
    several, numbers = Counter(names), Counter[str]()
    for (join, _), path, name in zip(joins, paths, names, strict=True):
        numbers[name] += 1
        alone = several[name] == 1
        called = name if alone and name else f"{name} #{numbers[name]}".strip()
        yield replace(join, path=path if alone else "", name=called)


def _ends(graph: Graph, branch: tuple[int, ...]) -> str:
    """The first and the last module of a branch."""
    scopes = [s for v in branch if (s := graph.vertices[v].scope)]
    return " to ".join(dict.fromkeys((scopes[0], scopes[-1]))) if scopes else ""


def _shared(graph: Graph, vertices: Iterable[int]) -> str:
    """The path of the innermost module that all these ops ran in."""
    paths = [graph.vertices[v].scope.split("/") for v in vertices]
    shared: list[str] = []
    for level in zip(*paths, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return "/".join(shared)


def _within(scope: str, path: str) -> bool:
    return f"{scope}/".startswith(f"{path}/")


def _at(graph: Graph, vertex: int) -> str:
    scope = graph.vertices[vertex].scope
    return f" in {scope}" if scope else ""
