"""MyGrad: NumPy's functions on tensors that record."""

from __future__ import annotations

from typing import Any

from ..cases import Case
from ..nets.formula import Conv, windows
from ..weights import Numbers, images
from .peer import Ready
from .recorded import Recorded
from .words import EPSILON, Words


class MyGradWords(Words):
    """With MyGrad's own layers where it has them."""

    def __init__(self, mygrad: Any, p: dict[str, Any], training: bool) -> None:
        from mygrad.nnet import layers
        from mygrad.nnet.activations import relu

        super().__init__(mygrad, p, training)
        self.layers, self.relu = layers, relu

    def conv(self, name: str, x: Any, conv: Conv) -> Any:
        padding = conv.padding
        if (x.shape[2] + 2 * padding - conv.kernel) % conv.stride:
            x, padding = self.padded(x, conv.kernel, conv.stride, padding), 0
        z = self.layers.conv_nd(x, self.weight(name), stride=conv.stride, padding=padding)
        return z + self.along_channels(self.bias(name)) if conv.bias else z

    def padded(self, x: Any, kernel: int, stride: int, padding: int) -> Any:
        """x within zeros, without the last rows and columns that no window reaches: MyGrad allows none."""
        height, width = ((n - 1) * stride + kernel for n in windows(x.shape[2:], kernel, stride, padding))
        z = self.np.zeros((*x.shape[:2], height, width), dtype=x.dtype)
        reached = x[:, :, : height - padding, : width - padding]
        rows, columns = (slice(padding, padding + n) for n in reached.shape[2:])
        z[:, :, rows, columns] = reached
        return z

    def max_pool(self, x: Any, size: int) -> Any:
        return self.layers.max_pool(x, (size, size), size)

    def batch_norm(self, name: str, x: Any) -> Any:
        if not self.training:
            return super().batch_norm(name, x)
        return self.layers.batchnorm(x, gamma=self.weight(name), beta=self.bias(name), eps=EPSILON)


class MyGrad(Recorded):
    """It differentiates once, and has no groups in a convolution."""

    imports = "import mygrad"
    groups = False

    def __init__(self, mygrad: Any) -> None:
        self.mygrad = mygrad

    def tensor(self, numbers: Numbers) -> Any:
        return self.mygrad.tensor(numbers)

    def words(self, p: dict[str, Any], training: bool) -> MyGradWords:
        return MyGradWords(self.mygrad, p, training)

    def cross_entropy(self, z: Any, y: Numbers) -> Any:
        from mygrad.nnet.losses import softmax_crossentropy

        return softmax_crossentropy(z, y)

    def backward(self, z: Any, g: Numbers | None = None) -> None:
        z.backward(g)

    def clear(self, tensors: list[Any]) -> None:
        for tensor in tensors:
            tensor.null_grad()

    def infer(self, case: Case) -> Ready:
        net, x = self.network(case, training=False)[0], images(case)

        def step() -> Any:
            with self.mygrad.no_autodiff:
                return net(self.mygrad.tensor(x))

        return Ready(step, lambda z: [z.data])


def open_peer(name: str, threads: int) -> MyGrad:
    """Its threads are NumPy's, said in the environment."""
    import mygrad

    return MyGrad(mygrad)
