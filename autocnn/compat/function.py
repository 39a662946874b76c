"""`torch.autograd.Function`: an op of one's own as a forward and a backward of tensors; and `Variable`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autocnn.engine import Tensor, no_grad
from autocnn.engine.debug import debug
from autocnn.engine.primitive import primitive
from autocnn.errors import GradientError


def Variable(data: Any, requires_grad: bool = False, volatile: bool = False) -> Tensor:
    """The tensor itself, as in PyTorch since version 0.4; a leaf where a gradient is asked for.

    >>> Variable(Tensor([1.0]), requires_grad=True).requires_grad
    True
    """
    tensor = data if isinstance(data, Tensor) else Tensor(data)
    return tensor.requires_grad_() if requires_grad else tensor


def backward(
    tensors: Any, grad_tensors: Any = None, retain_graph: bool | None = None, create_graph: bool = False
) -> None:
    """Add to `.grad` of the leaves what each of some tensors brings, times its gradient: 1 for a scalar.

    >>> x = Tensor([3.0]).requires_grad_()
    >>> backward([x.sum(), (2 * x).sum()])
    >>> x.grad.tolist()
    [3.0]
    """
    outputs = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    given = [grad_tensors] if isinstance(grad_tensors, Tensor) else grad_tensors or [None] * len(outputs)
    for i, (output, gradient) in enumerate(zip(outputs, given, strict=True)):
        output.backward(gradient, retain_graph or i + 1 < len(outputs) or None, create_graph)


class FunctionCtx:
    """What `forward` hands on to `backward`: saved tensors, and any attributes."""

    saved_tensors: tuple[Tensor | None, ...] = ()
    needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `backward`, as `saved_tensors`."""
        self.saved_tensors = tensors

    @property
    def saved_variables(self) -> tuple[Tensor | None, ...]:
        """`saved_tensors`, by its older name."""
        return self.saved_tensors

    def mark_dirty(self, *args: Tensor) -> None:
        """Say that `forward` writes into its inputs. Raises GradientError: an op here never does."""
        raise GradientError("mark_dirty: forward writes into its input; an op is pure here. Work on a clone")

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Nothing: what is not differentiable is of an integer type, and known by it."""

    def set_materialize_grads(self, value: bool) -> None:
        """Nothing: gradients that are missing reach `backward` as zeros."""


class Function:
    """Derive from it, and write the static methods `forward(ctx, *args)` and `backward(ctx, *gradients)`.

    `backward` works on tensors: what it does is differentiated too where second derivatives are asked for.

    >>> class Double(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return 2 * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         return 2 * g
    >>> x = Tensor([3.0]).requires_grad_()
    >>> Double.apply(x).backward()
    >>> x.grad.tolist()
    [2.0]
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run `forward`, and write down that `backward` gives the gradients."""
        places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        call = _Call(cls, args, places)
        outputs = _function(*[args[i] for i in places], call=call) if places else tuple(map(Tensor, call.run()))
        return outputs if call.several else outputs[0]


class _Call:
    """One application: its context, and its gradients, computed together for all inputs."""

    def __init__(self, function: type[Function], args: tuple[Any, ...], places: list[int]) -> None:
        self.function, self.args, self.places = function, args, places
        self.context = FunctionCtx()
        self.context.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        self.several = False
        self._last: tuple[Any, tuple[Any, ...]] = (None, ())

    def run(self) -> tuple[Any, ...]:
        with no_grad():
            outputs = self.function.forward(self.context, *self.args)
        self.several = isinstance(outputs, tuple)
        return tuple(y.array for y in (outputs if self.several else (outputs,)))

    def gradient(self, i: int, gradients: tuple[Any, ...]) -> Any:
        """The gradient of tensor number i; of Tensors a Tensor, of arrays an array."""
        if self._last[0] is not gradients:
            self._last = (gradients, self._gradients(gradients))
        found = self._last[1][self.places[i]]
        return found if any(isinstance(g, Tensor) for g in gradients) or found is None else found.array

    def _gradients(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        if any(isinstance(g, Tensor) for g in gradients):
            found = self.function.backward(self.context, *gradients)
        else:
            with no_grad():
                found = self.function.backward(self.context, *map(Tensor, gradients))
        return found if isinstance(found, tuple) else (found,)

    def __repr__(self) -> str:
        return self.function.__name__


@primitive(outputs=True)
def _function(xp: Any, *xs: Any, call: _Call) -> Any:
    return call.run()


_function.vjp_each(lambda i, g, z, *xs, call: call.gradient(i, g))


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """The backward as it is; where second derivatives are asked for, it is differentiated too.

    >>> once_differentiable(len) is len
    True
    """
    return backward


detect_anomaly = debug

__all__ = ["Function", "FunctionCtx", "Variable", "backward", "detect_anomaly", "once_differentiable"]
