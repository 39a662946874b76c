"""DeZero: a small engine on NumPy after Chainer's model."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cases import Case
from ..nets.formula import Conv, joined
from ..weights import Numbers, images
from .peer import Ready
from .recorded import Recorded
from .words import EPSILON, Words


class DeZeroWords(Words):
    """DeZero's functions; of NumPy's there are few."""

    def __init__(self, functions: Any, thin: Any, p: dict[str, Any], training: bool) -> None:
        super().__init__(functions, p, training)
        self.thinned = thin

    def conv(self, name: str, x: Any, conv: Conv) -> Any:
        return self.np.conv2d(x, self.weight(name), self.bias(name), stride=conv.stride, pad=conv.padding)

    def linear(self, name: str, x: Any, out: int) -> Any:
        return self.np.linear(x, self.np.transpose(self.weight(name)), self.bias(name))

    def batch_norm(self, name: str, x: Any) -> Any:
        mean, variance = (self.p[joined(name, leaf)] for leaf in ("running_mean", "running_var"))
        return self.np.batch_nrom(x, self.weight(name), self.bias(name), mean, variance, eps=EPSILON)

    def relu(self, x: Any) -> Any:
        return self.np.relu(x)

    def avg_pool(self, x: Any, size: int) -> Any:
        return self.np.average_pooling(x, size, size)

    def max_pool(self, x: Any, size: int) -> Any:
        return self.np.pooling(x, size, size)

    def global_pool(self, x: Any) -> Any:
        return self.flatten(self.np.average_pooling(x, x.shape[2:]))

    def thin(self, x: Any, channels: int) -> Any:
        return self.thinned(channels)(x)


class DeZero(Recorded):
    """Its convolution differentiates once, and has no groups."""

    imports = "import numpy; numpy.int = int; import dezero"
    groups = False

    def __init__(self, dezero: Any) -> None:
        self.dezero, self.functions = dezero, dezero.functions

    def tensor(self, numbers: Numbers) -> Any:
        return self.dezero.Variable(numbers)

    def words(self, p: dict[str, Any], training: bool) -> DeZeroWords:
        return DeZeroWords(self.functions, thinning(self.dezero), p, training)

    def cross_entropy(self, z: Any, y: Numbers) -> Any:
        return self.functions.softmax_cross_entropy(z, y.astype(np.int16))  # wider integers would make it float64

    def backward(self, z: Any, g: Numbers | None = None) -> None:
        if g is not None:
            z.grad = self.dezero.Variable(g)
        z.backward()

    def gradient(self, tensor: Any) -> Numbers:
        numbers: Numbers = tensor.grad.data
        return numbers

    def infer(self, case: Case) -> Ready:
        net, x = self.network(case, training=False)[0], images(case)

        def step() -> Any:
            with self.dezero.no_grad(), self.dezero.test_mode():
                return net(x)

        return Ready(step, lambda z: [z.data])


def thinning(dezero: Any) -> Any:
    """The function that DeZero lacks, as its users would write it: fewer pixels, more channels."""

    class Thin(dezero.Function):  # type: ignore[misc]
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.channels = channels

        def forward(self, x: Numbers) -> Numbers:
            n, before, height, width = x.shape
            self.first = (self.channels - before) // 2
            z = np.zeros((n, self.channels, (height + 1) // 2, (width + 1) // 2), x.dtype)
            z[:, self.first : self.first + before] = x[:, :, ::2, ::2]
            return z

        def backward(self, g: Any) -> Any:
            x = self.inputs[0]
            gx = np.zeros_like(x.data)
            gx[:, :, ::2, ::2] = g.data[:, self.first : self.first + x.shape[1]]
            return dezero.as_variable(gx)

    return Thin


def open_peer(name: str, threads: int) -> DeZero:
    """DeZero was written for NumPy 1, where `np.int` was a name and an array without axes as weak as a number."""
    vars(np).setdefault("int", int)
    import dezero

    def as_array(x: Any, array_module: Any = np) -> Any:
        return np.array(x, np.float32) if np.isscalar(x) else x

    dezero.core.as_array = as_array
    return DeZero(dezero)
