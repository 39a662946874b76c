"""Hooks of a module: functions called around its forward pass, and when its gradients are known.

Backward hooks are exact: `grad_input` is what reaches the input through this module alone, even where the input
also takes a skip around it, and an in-place ReLU inside or behind the module changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from autocnn.engine import Tensor, is_grad_enabled, primitive
from autocnn.engine.transforms import _alias
from autocnn.engine.views import link_views
from autocnn.errors import GradientError

if TYPE_CHECKING:
    from autocnn.nn.module import Module

Gradients = tuple[Tensor | None, ...]


class Hook(NamedTuple):
    """A function, whether it wants the keyword arguments as well, and whether to call it if forward fails."""

    function: Callable[..., Any]
    with_kwargs: bool = False
    always: bool = False

    def after(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
        """Call it with what went into forward and what came out."""
        given = (args, kwargs) if self.with_kwargs else (args,)
        return self.function(module, *given, result)


class RemovableHandle:
    """What registering a hook returns: `remove()`, or the end of a ``with`` block, takes the hook away."""

    def __init__(self, hooks: dict[int, Hook], key: int) -> None:
        self._hooks, self._key = hooks, key

    def remove(self) -> None:
        """Take the hook away."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


class Hooks:
    """The hooks of one module, by kind."""

    def __init__(self) -> None:
        self.forward_pre: dict[int, Hook] = {}
        self.forward: dict[int, Hook] = {}
        self.backward_pre: dict[int, Hook] = {}
        self.backward: dict[int, Hook] = {}
        self.state: dict[str, dict[int, Hook]] = {"saving": {}, "saved": {}, "loading": {}, "loaded": {}}
        """What is called before and after a state is given out, and before and after one is taken in."""
        self._made = 0

    def add(self, kind: dict[int, Hook], hook: Hook, prepend: bool) -> RemovableHandle:
        """Register a hook, last in its kind or first."""
        self._made += 1
        others = dict(kind)
        if prepend:
            kind.clear()
        kind[self._made] = hook
        kind.update(others)
        return RemovableHandle(kind, self._made)

    def run(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The forward pass of a module with its hooks around it."""
        called: list[Hook] = []
        try:
            return self._run(module, args, kwargs, called)
        except Exception:
            for hook in list(self.forward.values()):
                if hook.always and hook not in called:
                    hook.after(module, args, kwargs, None)
            raise

    def _run(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], called: list[Hook]) -> Any:
        args, kwargs = self._before(module, args, kwargs)
        tap = Tap(module, self) if (self.backward or self.backward_pre) and is_grad_enabled() else None
        if tap is not None:
            args = tap.inputs(args)
        result = module.forward(*args, **kwargs)
        for hook in list(self.forward.values()):
            called.append(hook)
            answer = hook.after(module, args, kwargs, result)
            result = result if answer is None else answer
        return result if tap is None else tap.outputs(result)

    def _before(
        self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        for hook in list(self.forward_pre.values()):
            if hook.with_kwargs:
                answer = hook.function(module, args, kwargs)
                if answer is not None:
                    args, kwargs = answer
            else:
                answer = hook.function(module, args)
                if answer is not None:
                    args = answer if isinstance(answer, tuple) else (answer,)
        return args, kwargs


class Tap:
    """One call of a module, watched from its backward pass."""

    def __init__(self, module: Module, hooks: Hooks) -> None:
        self.module, self.hooks = module, hooks
        self.places: list[int] = []
        """Positions of the arguments that require a gradient."""
        self.count = 0
        self.grad_output: Gradients = ()
        self._entries: list[Tensor] = []

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, those that require a gradient by way of a node of this call's own."""
        self.count = len(args)
        self.places = _places(args)
        given = [args[i] for i in self.places]
        if not given:
            return args
        self._entries = _through(given, self._at_inputs)
        return _put(args, self.places, self._entries)

    def outputs(self, result: Any) -> Any:
        """The result, with hooks where its gradients become known."""
        several = result if isinstance(result, tuple) else (result,)
        self.grad_output = (None,) * len(several)
        places = _places(several)
        given = [several[i] for i in places]
        if not given:
            return result

        def arrived(gradients: Gradients) -> Gradients:
            return self._at_outputs(places, gradients)

        if len(given) == 1 and not any(given[0] is x for x in self._entries):
            _listen(given[0], arrived)
            return result
        made = _put(several, places, _through(given, arrived))
        return made if isinstance(result, tuple) else made[0]

    def _at_outputs(self, places: Sequence[int], gradients: Gradients) -> Gradients:
        grad_output = _put(self.grad_output, places, gradients)
        for hook in list(self.hooks.backward_pre.values()):
            grad_output = _answered("backward pre-hook", hook.function(self.module, grad_output), grad_output)
        self.grad_output = grad_output
        if not self.places:
            self._call((None,) * self.count)
        return tuple([grad_output[i] for i in places])

    def _at_inputs(self, gradients: Gradients) -> Gradients:
        grad_input = self._call(_put((None,) * self.count, self.places, gradients))
        return tuple([grad_input[i] for i in self.places])

    def _call(self, grad_input: Gradients) -> Gradients:
        for hook in list(self.hooks.backward.values()):
            answer = hook.function(self.module, grad_input, self.grad_output)
            grad_input = _answered("backward hook", answer, grad_input)
        return grad_input


def _places(values: Sequence[Any]) -> list[int]:
    return [i for i, x in enumerate(values) if isinstance(x, Tensor) and x.requires_grad]


def _put(values: tuple[Any, ...], places: Sequence[int], new: Sequence[Any]) -> tuple[Any, ...]:
    changed = list(values)
    for i, x in zip(places, new, strict=True):
        changed[i] = x
    return tuple(changed)


def _answered(kind: str, answer: Any, gradients: Gradients) -> Gradients:
    """The gradients that a hook returned in place of those that it was given."""
    if answer is None:
        return gradients
    new: Gradients = answer if isinstance(answer, tuple) else (answer,)
    if len(new) != len(gradients):
        raise GradientError(f"{kind}: returned {len(new)} gradients, the module has {len(gradients)}")
    return new


def _listen(x: Tensor, arrived: Callable[[Gradients], Gradients]) -> None:
    x.register_hook(lambda g: arrived((g,))[0])


def _through(tensors: Sequence[Tensor], arrived: Callable[[Gradients], Gradients]) -> list[Tensor]:
    """The same tensors behind a node of their own, which tells when all their gradients are known.

    One tensor stays an ordinary view of itself, so that it may be written in place; several cannot.
    """
    if len(tensors) == 1:
        made = _alias(tensors[0])
        _listen(made, arrived)
        return [made]
    several = _gate(*tensors)
    for x, y in zip(tensors, several, strict=True):
        link_views((y,), x, _gate, {})
    several[0].node().edges[0].hooks = [arrived]
    return list(several)


@primitive(outputs=True)
def _gate(xp: Any, *xs: Any) -> Any:
    return tuple([x[...] for x in xs])


_gate.vjp_each(lambda i, g, z, *xs: g[i])
