"""HIPS autograd: NumPy's functions, differentiated by tracing a function."""

from __future__ import annotations

from typing import Any

from ..cases import Case
from ..nets.formula import Conv
from .functions import Function, Functions
from .words import Words

SLOW = 32
"""Layers beyond which its convolutions take minutes."""


class HipsWords(Words):
    """Convolution is SciPy's, of which autograd has the derivative: full of loops, and without strides."""

    def conv(self, name: str, x: Any, conv: Conv) -> Any:
        from autograd.scipy.signal import convolve

        p = conv.padding
        if p:
            x = self.np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), "constant")
        turned = self.weight(name)[:, :, ::-1, ::-1]
        z = convolve(x, turned, axes=([2, 3], [2, 3]), dot_axes=([1], [1]), mode="valid")
        z = z[:, :, :: conv.stride, :: conv.stride]
        return z + self.along_channels(self.bias(name)) if conv.bias else z

    def max_pool(self, x: Any, size: int) -> Any:
        return self.np.max(self.tiled(x, size), axis=(3, 5))


class Hips(Functions):
    """Gradients of functions of a dictionary of arrays."""

    imports = "import autograd.numpy"
    groups = False

    def __init__(self, autograd: Any) -> None:
        self.autograd, self.np, self.value_and_grad = autograd, autograd.numpy, autograd.value_and_grad

    def refuses(self, case: Case) -> str:
        slow = case.network == "vgg11" or (case.network == "resnet" and case.arguments[0] > SLOW)
        return "its convolutions take minutes" if slow else super().refuses(case)

    def words(self, p: dict[str, Any], training: bool) -> HipsWords:
        return HipsWords(self.np, p, training)

    def vjp(self, function: Function, *inputs: Any) -> tuple[Any, Function]:
        back, z = self.autograd.make_vjp(lambda inputs: function(*inputs))(inputs)
        return z, back


def open_peer(name: str, threads: int) -> Hips:
    """Its threads are NumPy's, said in the environment."""
    import autograd
    import autograd.numpy

    return Hips(autograd)
