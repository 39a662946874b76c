"""Cases for libraries whose tensors record what is done to them: `z.backward()`, then `x.grad`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cases import MOMENTUM, RATE, Case
from ..nets import network
from ..nets.formula import Formula
from ..weights import Numbers, cotangent, images, labels, normal, state
from .peer import Peer, Ready
from .words import trained


class Recorded(Peer):
    """A tensor has its numbers in `data`, its gradient in `grad`; a library overrides what it has otherwise."""

    def tensor(self, numbers: Numbers) -> Any:
        """A tensor by which one differentiates."""
        raise self.unknown("tensor")

    def constant(self, numbers: Numbers) -> Any:
        """One by which one does not."""
        return numbers

    def words(self, p: dict[str, Any], training: bool) -> Formula:
        """The formula's words over these tensors."""
        raise self.unknown("words")

    def cross_entropy(self, z: Any, y: Numbers) -> Any:
        """The mean over the images."""
        raise self.unknown("cross_entropy")

    def backward(self, z: Any, g: Numbers | None = None) -> None:
        """From z, with a cotangent where z is no single number."""
        raise self.unknown("backward")

    def gradient(self, tensor: Any) -> Numbers:
        """As an array."""
        numbers: Numbers = tensor.grad
        return numbers

    def clear(self, tensors: list[Any]) -> None:
        """Forget the gradients."""
        for tensor in tensors:
            tensor.grad = None

    def unknown(self, what: str) -> Exception:
        """A library that has not said how it does something."""
        return TypeError(f"{type(self).__name__} does not say what its {what} is")

    def network(self, case: Case, training: bool = True) -> tuple[Any, list[Any]]:
        """The formula as a function of images, and the tensors that are trained."""
        file = network(case.network)
        p = {n: self.tensor(v) if trained(n) else self.constant(v) for n, v in state(case).items()}
        words = self.words(p, training)
        return lambda x: file.formula(words, x, *case.arguments), [p[name] for name in p if trained(name)]

    def train(self, case: Case) -> Ready:
        net, parameters = self.network(case)
        x, y = self.constant(images(case)), labels(case)
        return self.descent(lambda: self.cross_entropy(net(x), y), parameters)

    def descent(self, loss_of: Callable[[], Any], parameters: list[Any]) -> Ready:
        """Steps of SGD."""
        velocities = [0 * parameter.data for parameter in parameters]

        def step() -> Any:
            self.clear(parameters)
            loss = loss_of()
            self.backward(loss)
            for parameter, velocity in zip(parameters, velocities, strict=True):
                velocity *= MOMENTUM
                velocity += self.gradient(parameter)
                parameter.data -= RATE * velocity
            return loss

        return Ready(step, lambda loss: [loss.data])

    def layer(self, case: Case) -> Ready:
        net, parameters = self.network(case)
        x, g = self.tensor(images(case)), cotangent(case)
        leaves = [x, *parameters]

        def step() -> Any:
            self.clear(leaves)
            z = net(x)
            self.backward(z, g)
            return z

        return Ready(step, lambda z: [z.data, *map(self.gradient, leaves)])

    def chain(self, case: Case) -> Ready:
        x = self.tensor(normal("start", (1,)))
        factor = self.constant(1 + normal("factor", (1,)) / case.shape[0])
        term = self.constant(normal("term", (1,)))

        def step() -> Any:
            self.clear([x])
            z = x
            for _ in range(case.shape[0] // 2):
                z = z * factor
                z = z + term
            self.backward(z)
            return z

        return Ready(step, lambda z: [z.data, self.gradient(x)])
