"""A forward pass whose blocks are noted, and products with Jacobians between any two of its tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autocnn.backend.random import Generator
from autocnn.engine import Tensor, enable_grad, grad, namespace
from autocnn.errors import ArgumentError, OperandError
from autocnn.flow.run import untouched
from autocnn.ops import randn, zeros_like
from autocnn.types import Array


@dataclass(frozen=True)
class Call:
    """A block's call in a forward pass: its name, its input and its output, with the graph as it was then."""

    name: str
    input: Tensor
    output: Tensor


@dataclass(frozen=True)
class Pass:
    """A forward pass: its input, the blocks' calls in order, its output."""

    input: Tensor
    calls: tuple[Call, ...]
    output: Tensor


def named_blocks(model: Any, blocks: Sequence[Any] | None = None) -> dict[str, Any]:
    """Modules by path: those asked for, or the model's parts, those of a Sequential one by one.

    A model without parts is one block, by the name of its class.
    Raises ArgumentError for what is no part of the model.

    >>> from autocnn import nn
    >>> list(named_blocks(nn.Sequential(nn.ReLU(), nn.Sequential(nn.ReLU(), nn.ReLU()))))
    ['0', '1.0', '1.1']
    """
    paths = {id(module): path for path, module in model.named_modules()}
    whole = type(model).__name__
    if blocks is None:
        return dict(_parts(model, "")) or {whole: model}
    found = {}
    for block in blocks:
        path = block.replace("/", ".") if isinstance(block, str) else paths.get(id(block))
        if path is None:
            raise ArgumentError(f"blocks: a {type(block).__name__} is no part of the model")
        try:
            found[path or whole] = model.get_submodule(path)
        except AttributeError:
            near = ", ".join(list(_parts_names(model))[:8])
            raise ArgumentError(f"blocks: {path!r} is no module's path; parts are {near}") from None
    return found


def _parts_names(model: Any) -> Iterator[str]:
    return (path for path, _ in _parts(model, ""))


def _parts(module: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, part in module.named_children():
        if type(part).__name__ == "Sequential":
            yield from _parts(part, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", part


# The forward pass -----------------------------------------------------------------------------------------------


def forward(model: Any, x: Tensor, blocks: dict[str, Any]) -> Pass:
    """Run a model once, in the mode that it is in, and note the calls of its blocks; its buffers are put back."""
    source = x.detach().requires_grad_()
    calls: list[Call] = []
    handles = [module.register_forward_hook(_noting(name, calls)) for name, module in blocks.items()]
    try:
        with enable_grad(), untouched(model):
            y = model(source)
    finally:
        for handle in handles:
            handle.remove()
    if not isinstance(y, Tensor):
        raise OperandError(f"jacobian: the model returned a {type(y).__name__}; it must return one tensor")
    missing = [name for name in blocks if all(call.name != name for call in calls)]
    if missing:
        raise ArgumentError(f"jacobian: block {missing[0]!r} was not called; name one that the forward pass uses")
    return Pass(_held(source), tuple(_numbered(calls)), _held(y))


def _noting(name: str, calls: list[Call]) -> Callable[..., None]:
    def after_forward(module: Any, inputs: Any, output: Any) -> None:
        if len(inputs) != 1 or not isinstance(inputs[0], Tensor) or not isinstance(output, Tensor):
            raise OperandError(f"jacobian: block {name!r} does not take one tensor and return one; name another")
        calls.append(Call(name, _held(inputs[0]), _held(output)))

    return after_forward


def _held(x: Tensor) -> Tensor:
    """The tensor with the graph that it has now, whatever is written into it later."""
    return Tensor(x.array, x.node())


def _numbered(calls: Sequence[Call]) -> Iterator[Call]:
    """Calls whose names differ: a block that is called again gets a number."""
    seen: dict[str, int] = {}
    for call in calls:
        seen[call.name] = number = seen.get(call.name, 0) + 1
        yield call if number == 1 else Call(f"{call.name} (call {number})", call.input, call.output)


def coupled(passed: Pass, seed: int = 0) -> bool:
    """Whether an image's result depends on other images: a gradient of the first one's output reaches them.

    Gradients that are not finite say nothing: 0 times NaN is NaN.
    """
    y = passed.output
    if y.shape[0] < 2 or not y.requires_grad:
        return False
    cotangent = randn(y.shape, generator=Generator(seed), dtype=y.dtype, device=y.device).array
    cotangent[1:] = 0
    sources = [passed.input, *(call.output for call in passed.calls if call.output.requires_grad)]
    found = pulled(y, sources, cotangent)
    same = [g for g, s in zip(found, sources, strict=True) if s.shape[0] == y.shape[0]]
    xp = namespace(y.array)
    return any(bool(((g[1:] != 0) & xp.isfinite(g[1:])).any()) for g in same)


def pulled(root: Tensor, sources: Sequence[Tensor], cotangent: Array) -> list[Array]:
    """J^T u for each source, zeros where nothing depends on it; the graph is kept.

    >>> x = Tensor([1.0, 2.0]).requires_grad_()
    >>> pulled(x * x, [x], Tensor([1.0, 10.0]).array)[0].tolist()
    [2.0, 40.0]
    """
    if not root.requires_grad:
        return [zeros_like(s).array for s in sources]
    found = grad(root, sources, Tensor(cotangent), retain_graph=True, allow_unused=True)
    return [zeros_like(s).array if g is None else g.array for g, s in zip(found, sources, strict=True)]


class Push:
    """J v at several roots at once: the vjp is linear in its cotangents, and its transpose is the jvp.

    >>> x = Tensor([1.0, 2.0]).requires_grad_()
    >>> Push(x, [x * x])(Tensor([1.0, 10.0]).array)[0].tolist()
    [2.0, 40.0]
    """

    def __init__(self, source: Tensor, roots: Sequence[Tensor]) -> None:
        self.roots = roots
        self.seeds = [zeros_like(root).requires_grad_() for root in roots]
        live = [(r, s) for r, s in zip(roots, self.seeds, strict=True) if r.requires_grad]
        self.back: Tensor | None = None
        if live:
            tensors, seeds = [r for r, _ in live], [s for _, s in live]
            with enable_grad():
                self.back = grad(tensors, source, seeds, create_graph=True, allow_unused=True)[0]

    def __call__(self, tangent: Array) -> list[Array]:
        """The derivative of every root along a tangent of the source."""
        if self.back is None or not self.back.requires_grad:
            return [zeros_like(root).array for root in self.roots]
        return pulled(self.back, self.seeds, tangent)
