"""Chainer: NumPy arrays in variables that record, with functions of its own for every layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cases import Case
from ..nets.formula import Conv, Formula, joined
from ..weights import Numbers, images, labels
from .peer import Ready
from .recorded import Recorded
from .words import EPSILON, STATISTICS


class ChainerWords(Formula):
    """Chainer's functions."""

    def __init__(self, functions: Any, p: dict[str, Any], training: bool) -> None:
        self.functions, self.p, self.training = functions, p, training

    def parameters(self, name: str) -> tuple[Any, Any]:
        """Weight, and bias where there is one."""
        return self.p[joined(name, "weight")], self.p.get(joined(name, "bias"))

    def conv(self, name: str, x: Any, conv: Conv) -> Any:
        moves = {"stride": conv.stride, "pad": conv.padding, "groups": conv.groups}
        return self.functions.convolution_2d(x, *self.parameters(name), **moves)

    def linear(self, name: str, x: Any, out: int) -> Any:
        return self.functions.linear(x, *self.parameters(name))

    def batch_norm(self, name: str, x: Any) -> Any:
        mean, variance = (self.p[joined(name, leaf)] for leaf in STATISTICS)
        if not self.training:
            return self.functions.fixed_batch_normalization(x, *self.parameters(name), mean, variance, eps=EPSILON)
        return self.functions.batch_normalization(
            x, *self.parameters(name), eps=EPSILON, running_mean=mean, running_var=variance
        )

    def relu(self, x: Any) -> Any:
        return self.functions.relu(x)

    def tanh(self, x: Any) -> Any:
        return self.functions.tanh(x)

    def avg_pool(self, x: Any, size: int) -> Any:
        return self.functions.average_pooling_2d(x, size)

    def max_pool(self, x: Any, size: int) -> Any:
        return self.functions.max_pooling_2d(x, size, cover_all=False)

    def global_pool(self, x: Any) -> Any:
        return self.functions.mean(x, axis=(2, 3))

    def flatten(self, x: Any) -> Any:
        return self.functions.reshape(x, (len(x), -1))

    def thin(self, x: Any, channels: int) -> Any:
        missing = (channels - x.shape[1]) // 2
        around = ((0, 0), (missing, missing), (0, 0), (0, 0))
        return self.functions.pad(x[:, :, ::2, ::2], around, "constant")


class Chainer(Recorded):
    """It differentiates as often as one likes."""

    imports = "import chainer"

    def __init__(self, chainer: Any) -> None:
        self.chainer, self.functions = chainer, chainer.functions

    def tensor(self, numbers: Numbers) -> Any:
        return self.chainer.Variable(numbers)

    def words(self, p: dict[str, Any], training: bool) -> ChainerWords:
        return ChainerWords(self.functions, p, training)

    def cross_entropy(self, z: Any, y: Numbers) -> Any:
        return self.functions.softmax_cross_entropy(z, y.astype(np.int32))

    def backward(self, z: Any, g: Numbers | None = None) -> None:
        if g is not None:
            z.grad = g
        z.backward()

    def clear(self, tensors: list[Any]) -> None:
        for tensor in tensors:
            tensor.cleargrad()

    def penalty(self, case: Case) -> Ready:
        net, parameters = self.network(case)
        x, y = self.tensor(images(case)), labels(case).astype(np.int32)

        def total() -> Any:
            x.cleargrad()
            loss = self.functions.softmax_cross_entropy(net(x), y, enable_double_backprop=True)
            (slope,) = self.chainer.grad([loss], [x], enable_double_backprop=True)
            return loss + len(x) * self.functions.sum(slope * slope)

        return self.descent(total, parameters)

    def infer(self, case: Case) -> Ready:
        net, x = self.network(case, training=False)[0], images(case)

        def step() -> Any:
            with self.chainer.no_backprop_mode(), self.chainer.using_config("train", False):
                return net(x)

        return Ready(step, lambda z: [z.data])


def open_peer(name: str, threads: int) -> Chainer:
    """Its threads are NumPy's, said in the environment."""
    import chainer

    return Chainer(chainer)
