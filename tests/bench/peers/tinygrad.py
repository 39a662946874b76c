"""tinygrad: lazy tensors, whose kernels are generated in C and replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cases import MOMENTUM, RATE, Case
from ..nets import network
from ..nets.formula import Conv, Formula, joined
from ..weights import Numbers, cotangent, images, labels, matrices, state
from .peer import Peer, Ready
from .words import EPSILON, STATISTICS, trained


class TinygradWords(Formula):
    """The methods of its tensors."""

    def __init__(self, p: dict[str, Any], training: bool) -> None:
        self.p, self.training = p, training

    def parameters(self, name: str) -> tuple[Any, Any]:
        """Weight, and bias where there is one."""
        return self.p[joined(name, "weight")], self.p.get(joined(name, "bias"))

    def conv(self, name: str, x: Any, conv: Conv) -> Any:
        return x.conv2d(*self.parameters(name), groups=conv.groups, stride=conv.stride, padding=conv.padding)

    def linear(self, name: str, x: Any, out: int) -> Any:
        weight, bias = self.parameters(name)
        return x.linear(weight.transpose(), bias)

    def batch_norm(self, name: str, x: Any) -> Any:
        if self.training:
            mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
        else:
            mean, variance = (self.p[joined(name, leaf)] for leaf in STATISTICS)
        return x.batchnorm(*self.parameters(name), mean, (variance + EPSILON).rsqrt())

    def relu(self, x: Any) -> Any:
        return x.relu()

    def tanh(self, x: Any) -> Any:
        return x.tanh()

    def avg_pool(self, x: Any, size: int) -> Any:
        return x.avg_pool2d((size, size))

    def max_pool(self, x: Any, size: int) -> Any:
        return x.max_pool2d((size, size))

    def global_pool(self, x: Any) -> Any:
        return x.mean((2, 3))

    def flatten(self, x: Any) -> Any:
        return x.flatten(1)

    def thin(self, x: Any, channels: int) -> Any:
        missing = (channels - x.shape[1]) // 2
        return x[:, :, ::2, ::2].pad((0, 0, 0, 0, missing, missing))


class Tinygrad(Peer):
    """Every step is recorded once and replayed as a whole. No chain of ops: it would be one kernel."""

    imports = "import tinygrad"

    def __init__(self, tinygrad: Any) -> None:
        self.tinygrad = tinygrad

    def tensor(self, numbers: Numbers) -> Any:
        """With memory of its own."""
        return self.tinygrad.Tensor(numbers).realize()

    def replayed(self, function: Callable[[], tuple[Any, ...]]) -> Callable[[], Any]:
        """Computes all tensors that the function returns."""
        tensor = self.tinygrad.Tensor

        def realized() -> tuple[Any, ...]:
            made = function()
            tensor.realize(*made)
            return made

        run = self.tinygrad.TinyJit(realized)

        def step() -> Any:
            made = run()
            self.tinygrad.Device[self.tinygrad.Device.DEFAULT].synchronize()
            return made

        return step

    def network(self, case: Case, training: bool = True) -> tuple[Callable[[Any], Any], list[Any]]:
        """A function of images, and the parameters."""
        file, p = network(case.network), {name: self.tensor(v) for name, v in state(case).items()}
        words = TinygradWords(p, training)
        return lambda x: file.formula(words, x, *case.arguments), [p[name] for name in p if trained(name)]

    def train(self, case: Case) -> Ready:
        net, parameters = self.network(case)
        return self.descent(lambda x, y: net(x).sparse_categorical_crossentropy(y), parameters, case)

    def penalty(self, case: Case) -> Ready:
        net, parameters = self.network(case)

        def total(x: Any, y: Any) -> Any:
            loss = net(x).sparse_categorical_crossentropy(y)
            (slope,) = loss.gradient(x)
            return loss + len(x) * (slope * slope).sum()

        return self.descent(total, parameters, case)

    def descent(self, loss: Callable[..., Any], parameters: list[Any], case: Case) -> Ready:
        """Steps of SGD."""
        x, y = self.tensor(images(case)), self.tensor(labels(case))
        velocities = [self.tensor(0 * parameter.numpy()) for parameter in parameters]

        def update() -> tuple[Any, ...]:
            value = loss(x, y)
            slopes = value.gradient(*parameters)
            for parameter, velocity, g in zip(parameters, velocities, slopes, strict=True):
                parameter.assign(parameter - RATE * velocity.assign(MOMENTUM * velocity + g))
            return value, *parameters, *velocities

        return Ready(self.replayed(update), lambda made: [made[0].numpy()])

    def infer(self, case: Case) -> Ready:
        net, _ = self.network(case, training=False)
        x = self.tensor(images(case))
        return Ready(self.replayed(lambda: (net(x),)), lambda made: [made[0].numpy()])

    def layer(self, case: Case) -> Ready:
        net, parameters = self.network(case)
        x, g = self.tensor(images(case)), self.tensor(cotangent(case))

        def both() -> tuple[Any, ...]:
            z = net(x)
            return z, *z.gradient(x, *parameters, gradient=g)

        return Ready(self.replayed(both), lambda made: [tensor.numpy() for tensor in made])

    def product(self, case: Case) -> Ready:
        a, b = map(self.tensor, matrices(case))
        return Ready(self.replayed(lambda: (a @ b,)), lambda made: [made[0].numpy()])


def open_peer(name: str, threads: int) -> Tinygrad:
    """Its threads are in the environment, as NUM_CPU_THREADS."""
    import tinygrad

    return Tinygrad(tinygrad)
