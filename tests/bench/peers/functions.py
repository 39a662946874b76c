"""Cases for libraries that differentiate functions of arrays: a network is a function of parameters and images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cases import MOMENTUM, RATE, Case
from ..nets import network
from ..nets.formula import Formula
from ..weights import Numbers, cotangent, images, labels, matrices, normal, state
from .peer import Peer, Ready
from .words import trained

Function = Callable[..., Any]


class Functions(Peer):
    """`np` is the library's namespace; it overrides what it has otherwise."""

    np: Any
    value_and_grad: Function

    def array(self, numbers: Numbers) -> Any:
        """Images in the library's layout."""
        return self.np.asarray(numbers)

    kernel = array
    """A parameter in the library's layout."""

    def images(self, array: Any) -> Numbers:
        """Images in PyTorch's layout."""
        numbers: Numbers = array
        return numbers

    kernels = images
    """A parameter in PyTorch's layout."""

    def words(self, p: dict[str, Any], training: bool) -> Formula:
        """The formula's words over these arrays."""
        raise TypeError(f"{type(self).__name__} does not say what its words are")

    def vjp(self, function: Function, *inputs: Any) -> tuple[Any, Function]:
        """The value, and the function from its cotangent to those of all inputs."""
        raise TypeError(f"{type(self).__name__} does not say what its vjp is")

    def compiled(self, function: Function, *overwritten: int) -> Function:
        """As fast as the library makes it, and done when it returns; some inputs may be written over."""
        return function

    def network(self, case: Case, training: bool = True) -> tuple[Function, dict[str, Any]]:
        """A function of parameters and images, and the parameters."""
        file = network(case.network)
        weights = {name: self.kernel(v) for name, v in state(case).items()}
        fixed = {name: v for name, v in weights.items() if not trained(name)}

        def net(p: Any, x: Any) -> Any:
            words = self.words({**fixed, **{name: p[name] for name in p}}, training)
            return file.formula(words, x, *case.arguments)

        return net, {name: v for name, v in weights.items() if trained(name)}

    def cross_entropy(self, z: Any, y: Any) -> Any:
        """The mean over the images."""
        z = z - self.np.max(z, axis=1, keepdims=True)
        logarithm = z - self.np.log(self.np.sum(self.np.exp(z), axis=1, keepdims=True))
        return -self.np.mean(logarithm[self.np.arange(len(y)), y])

    def train(self, case: Case) -> Ready:
        net, p = self.network(case)
        return self.descent(lambda p, x, y: self.cross_entropy(net(p, x), y), p, case)

    def penalty(self, case: Case) -> Ready:
        net, p = self.network(case)

        def total(p: Any, x: Any, y: Any) -> Any:
            loss, slope = self.value_and_grad(lambda x: self.cross_entropy(net(p, x), y))(x)
            return loss + len(x) * self.np.sum(slope * slope)

        return self.descent(total, p, case)

    def descent(self, loss: Function, p: dict[str, Any], case: Case) -> Ready:
        """Steps of SGD, compiled with the update."""

        def update(p: Any, velocities: Any, x: Any, y: Any) -> Any:
            value, slope = self.value_and_grad(loss)(p, x, y)
            velocities = {name: MOMENTUM * v + slope[name] for name, v in velocities.items()}
            return value, {name: p[name] - RATE * v for name, v in velocities.items()}, velocities

        run, x, y = self.compiled(update, 0, 1), self.array(images(case)), self.np.asarray(labels(case))
        kept = [p, {name: self.np.zeros_like(v) for name, v in p.items()}]

        def step() -> Any:
            value, *kept[:] = run(*kept, x, y)
            return value

        return Ready(step, lambda value: [value])

    def infer(self, case: Case) -> Ready:
        net, p = self.network(case, training=False)
        x, forward = self.array(images(case)), self.compiled(net)
        return Ready(lambda: forward(p, x), lambda z: [z])

    def layer(self, case: Case) -> Ready:
        net, p = self.network(case)
        x, g = self.array(images(case)), self.array(cotangent(case))

        def both(p: Any, x: Any, g: Any) -> Any:
            z, back = self.vjp(net, p, x)
            return z, *back(g)

        def read(result: Any) -> list[Numbers]:
            z, gp, gx = result
            return [self.images(z), self.images(gx), *(self.kernels(gp[name]) for name in p)]

        run = self.compiled(both)
        return Ready(lambda: run(p, x, g), read)

    def chain(self, case: Case) -> Ready:
        """Never compiled: it is what one op costs by itself."""
        x, term = self.np.asarray(normal("start", (1,))), self.np.asarray(normal("term", (1,)))
        factor = self.np.asarray(1 + normal("factor", (1,)) / case.shape[0])

        def chain(z: Any) -> Any:
            for _ in range(case.shape[0] // 2):
                z = z * factor
                z = z + term
            return z

        def step() -> Any:
            z, back = self.vjp(chain, x)
            (gx,) = back(self.np.ones_like(z))
            return z, gx

        return Ready(step, list)

    def product(self, case: Case) -> Ready:
        a, b = map(self.np.asarray, matrices(case))
        run = self.compiled(self.np.matmul)
        return Ready(lambda: run(a, b), lambda c: [c])
