"""The words of a formula in NumPy's functions: for libraries that offer those."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..nets.formula import Formula, joined

EPSILON = 1e-5
"""Of batch norm, PyTorch's."""
STATISTICS = ("running_mean", "running_var")


def trained(name: str) -> bool:
    """Whether SGD changes what lies under this name of the state dict."""
    return not name.endswith(STATISTICS)


class Words(Formula):
    """Channels second, as in PyTorch; `np` is the library's namespace, p its tensors by name.

    A library says for itself what NumPy has no function for: `conv` and `max_pool`.
    """

    channels, rows, columns = 1, 2, 3

    def __init__(self, np: Any, p: Mapping[str, Any], training: bool) -> None:
        self.np, self.p, self.training = np, p, training

    def weight(self, name: str) -> Any:
        """The weight of a layer."""
        return self.p[joined(name, "weight")]

    def bias(self, name: str) -> Any:
        """The bias of a layer, None where it has none."""
        return self.p.get(joined(name, "bias"))

    def along_channels(self, each: Any) -> Any:
        """One number a channel, in the shape that goes with images."""
        shape = [1, 1, 1, 1]
        shape[self.channels] = -1
        return self.np.reshape(each, tuple(shape))

    def linear(self, name: str, x: Any, out: int) -> Any:
        return self.np.matmul(x, self.weight(name).T) + self.bias(name)

    def batch_norm(self, name: str, x: Any) -> Any:
        """Of running statistics there are only those that were given: a formula changes nothing."""
        if self.training:
            mean = self.np.mean(x, axis=self.others, keepdims=True)
            centred = x - mean
            variance = self.np.mean(centred * centred, axis=self.others, keepdims=True)
        else:
            mean, variance = (self.along_channels(self.p[joined(name, leaf)]) for leaf in STATISTICS)
            centred = x - mean
        scale = self.along_channels(self.weight(name)) / self.np.sqrt(variance + EPSILON)
        return centred * scale + self.along_channels(self.bias(name))

    @property
    def others(self) -> tuple[int, int, int]:
        """All axes but the channels."""
        return 0, self.rows, self.columns

    def relu(self, x: Any) -> Any:
        return self.np.maximum(x, 0)

    def tanh(self, x: Any) -> Any:
        return self.np.tanh(x)

    def avg_pool(self, x: Any, size: int) -> Any:
        return self.np.mean(self.tiled(x, size), axis=(self.rows + 1, self.columns + 2))  # the places in a window

    def tiled(self, x: Any, size: int) -> Any:
        """Rows and columns each as two axes, windows and places in a window."""
        shape: list[int] = []
        for axis, n in enumerate(x.shape):
            shape += [n // size, size] if axis in (self.rows, self.columns) else [n]
        return self.np.reshape(x, tuple(shape))

    def global_pool(self, x: Any) -> Any:
        return self.np.mean(x, axis=(self.rows, self.columns))

    def flatten(self, x: Any) -> Any:
        return self.np.reshape(x, (x.shape[0], -1))

    def thin(self, x: Any, channels: int) -> Any:
        step = [slice(None)] * 4
        step[self.rows] = step[self.columns] = slice(None, None, 2)
        x = x[tuple(step)]
        shape = list(x.shape)
        shape[self.channels] = (channels - x.shape[self.channels]) // 2
        nothing = self.np.zeros(tuple(shape), dtype=x.dtype)
        return self.np.concatenate([nothing, x, nothing], axis=self.channels)
