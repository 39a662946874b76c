"""JAX: functions of arrays, compiled as a whole; channels last, as its users have them."""

from __future__ import annotations

from typing import Any

from ..nets.formula import Conv
from ..weights import Numbers
from .functions import Function, Functions
from .layouts import from_rows, kernel_from_rows, kernel_to_rows, to_rows
from .words import Words


class JaxWords(Words):
    """Kernels are (kh, kw, in, out)."""

    channels, rows, columns = 3, 1, 2

    def __init__(self, jax: Any, p: dict[str, Any], training: bool) -> None:
        super().__init__(jax.numpy, p, training)
        self.jax, self.lax = jax, jax.lax
        self.relu = jax.nn.relu

    def conv(self, name: str, x: Any, conv: Conv) -> Any:
        z = self.lax.conv_general_dilated(
            x,
            self.weight(name),
            (conv.stride, conv.stride),
            ((conv.padding, conv.padding), (conv.padding, conv.padding)),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=conv.groups,
        )
        return z + self.bias(name) if conv.bias else z

    def activation(self, name: str, x: Any) -> Any:
        return getattr(self.jax.nn, name)(x, **({"approximate": False} if name == "gelu" else {}))

    def max_pool(self, x: Any, size: int) -> Any:
        window = (1, size, size, 1)
        return self.lax.reduce_window(x, -self.np.inf, self.lax.max, window, window, "VALID")


class Jax(Functions):
    """Everything is compiled but the chain."""

    imports = "import jax.numpy"
    activations = True

    def __init__(self, jax: Any) -> None:
        self.jax, self.np, self.value_and_grad = jax, jax.numpy, jax.value_and_grad

    def array(self, numbers: Numbers) -> Any:
        return self.np.asarray(to_rows(numbers))

    def kernel(self, numbers: Numbers) -> Any:
        return self.np.asarray(kernel_to_rows(numbers))

    def images(self, array: Any) -> Numbers:
        return from_rows(array)

    def kernels(self, array: Any) -> Numbers:
        return kernel_from_rows(array)

    def words(self, p: dict[str, Any], training: bool) -> JaxWords:
        return JaxWords(self.jax, p, training)

    def vjp(self, function: Function, *inputs: Any) -> tuple[Any, Function]:
        z, back = self.jax.vjp(function, *inputs)
        return z, lambda g: self.jax.block_until_ready(back(g))

    def compiled(self, function: Function, *overwritten: int) -> Function:
        run = self.jax.jit(function, donate_argnums=overwritten)
        return lambda *inputs: self.jax.block_until_ready(run(*inputs))


def open_peer(name: str, threads: int) -> Jax:
    """Its threads are in the environment, as NPROC."""
    import jax

    return Jax(jax)
