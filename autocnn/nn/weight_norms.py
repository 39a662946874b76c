"""Weights of given size in PyTorch's older way: they are computed, and set, before each forward pass."""

from __future__ import annotations

from typing import Any, TypeVar

from autocnn import ops
from autocnn.engine import Tensor, as_tensor, no_grad
from autocnn.errors import ArgumentError
from autocnn.nn.module import Module
from autocnn.nn.parameter import Parameter
from autocnn.nn.parametrizations import as_matrix, first_axis, norm_except_dim

M = TypeVar("M", bound=Module)


class WeightNorm:
    """How a weight is made of `name_g` and `name_v`."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, -1 if dim is None else dim

    def begin(self, module: Module, weight: Parameter) -> None:
        """Register what is learned in its place."""
        with no_grad():
            size = norm_except_dim(weight, 2, self.dim)
        module.register_parameter(f"{self.name}_g", Parameter(size))
        module.register_parameter(f"{self.name}_v", Parameter(weight.detach()))

    def weight(self, module: Module) -> Tensor:
        """The weight now."""
        g, v = (module._parameters[f"{self.name}_{part}"] for part in "gv")
        return as_tensor(v) * (as_tensor(g) / norm_except_dim(v, 2, self.dim))

    def end(self, module: Module) -> None:
        """Forget what was learned in its place."""
        del module._parameters[f"{self.name}_g"], module._parameters[f"{self.name}_v"]


class SpectralNorm:
    """How a weight is made of `name_orig`, by the vectors `name_u` and `name_v` of its largest singular value."""

    def __init__(self, name: str, iterations: int, eps: float, dim: int) -> None:
        self.name, self.iterations, self.eps, self.dim = name, iterations, eps, dim

    def begin(self, module: Module, weight: Parameter) -> None:
        """Register what is learned in its place, and vectors to begin with."""
        module.register_parameter(f"{self.name}_orig", weight)
        for part, length in zip("uv", as_matrix(weight.detach(), self.dim).shape, strict=True):
            start = ops.randn(length, dtype=weight.dtype, device=weight.device)
            module.register_buffer(f"{self.name}_{part}", ops.normalize(start, dim=0, eps=self.eps))

    def weight(self, module: Module, iterate: bool | None = None) -> Tensor:
        """The weight now; in training the vectors come nearer to those that they are to be."""
        weight = as_tensor(module._parameters[f"{self.name}_orig"])
        u, v = (as_tensor(module._buffers[f"{self.name}_{part}"]) for part in "uv")
        matrix = as_matrix(weight, self.dim)
        if module.training if iterate is None else iterate:
            with no_grad():
                for _ in range(self.iterations):
                    v.copy_(ops.normalize(ops.mv(ops.t(matrix), u), dim=0, eps=self.eps))
                    u.copy_(ops.normalize(ops.mv(matrix, v), dim=0, eps=self.eps))
        return weight / ops.dot(u.clone(), ops.mv(matrix, v.clone()))

    def end(self, module: Module) -> None:
        """Forget what was learned in its place, and the vectors."""
        del module._parameters[f"{self.name}_orig"]
        del module._buffers[f"{self.name}_u"], module._buffers[f"{self.name}_v"]


class _Prepared(Module):
    """A module that makes some of its weights before it runs."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        for maker in self._makers.values():
            setattr(self, maker.name, maker.weight(self))
        return super().forward(*args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        kept = super().__getstate__()
        return kept | {name: kept[name].detach() for name in self._makers}  # what was made belongs to a graph


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Learn a weight's size, `weight_g`, and its direction, `weight_v`, apart: g v / |v|, slice by slice.

    Raises ArgumentError where the module has no such parameter, or it is made already.
    Source: T. Salimans and D. Kingma, "Weight Normalization", 2016.

    >>> from autocnn import nn
    >>> list(weight_norm(nn.Linear(2, 3)).state_dict())
    ['bias', 'weight_g', 'weight_v']
    """
    return _begin("weight_norm", module, WeightNorm(name, dim))


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """Divide a weight by its largest singular value, as it is known from one power iteration a training step.

    Raises ArgumentError where the module has no such parameter, or it is made already.
    Source: T. Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018.

    >>> from autocnn import nn
    >>> list(spectral_norm(nn.Linear(2, 3)).state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    axis = first_axis(module) if dim is None else dim
    return _begin("spectral_norm", module, SpectralNorm(name, n_power_iterations, eps, axis))


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make the weight a parameter again, of its value now. Raises ArgumentError where it is none of these.

    >>> from autocnn import nn
    >>> list(remove_weight_norm(weight_norm(nn.Linear(2, 3))).state_dict())
    ['bias', 'weight']
    """
    return _end("remove_weight_norm", module, name, WeightNorm)


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Make the weight a parameter again, of its value now. Raises ArgumentError where it is none of these.

    >>> from autocnn import nn
    >>> list(remove_spectral_norm(spectral_norm(nn.Linear(2, 3))).state_dict())
    ['bias', 'weight']
    """
    return _end("remove_spectral_norm", module, name, SpectralNorm)


def _begin(op: str, module: M, maker: Any) -> M:
    weight = module._parameters.get(maker.name)
    if weight is None:
        raise ArgumentError(f"{op}: {module._get_name()} has no parameter {maker.name!r} that is not made already")
    del module._parameters[maker.name]
    maker.begin(module, weight)
    setattr(module, maker.name, weight.detach())
    if not isinstance(module, _Prepared):
        kind = type(module)
        module.__class__ = type(kind.__name__, (_Prepared, kind), {"__module__": kind.__module__})
        module._makers = {}
    module._makers[maker.name] = maker
    return module


def _end(op: str, module: M, name: str, kind: Any) -> M:
    maker: Any = module.__dict__.get("_makers", {}).get(name)
    if not isinstance(maker, kind):
        raise ArgumentError(f"{op}: {name!r} of {module._get_name()} is not made so")
    with no_grad():
        given = {"iterate": False} if kind is SpectralNorm else {}
        value = maker.weight(module, **given)
    maker.end(module)
    delattr(module, name)
    module.register_parameter(name, Parameter(value))
    del module._makers[name]
    if not module._makers:
        del module._makers
        module.__class__ = type(module).__mro__[2]
    return module
