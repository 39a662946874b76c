"""Inference with less work: batch norms folded into convolutions, ReLUs done by the same kernel."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from autocnn import nn, ops
from autocnn.backend.memory import empty_cache
from autocnn.engine import Tensor, no_grad
from autocnn.errors import ArgumentError, GraphError, OperandError
from autocnn.graph import Graph, Vertex, trace
from autocnn.nn.conv import _Conv
from autocnn.nn.fused import with_relu
from autocnn.nn.normalization import _BatchNorm

Net = TypeVar("Net", bound=nn.Module)
_TOLERANCE = {"float16": 2e-2, "float32": 1e-3, "float64": 1e-9}


def fuse(model: Net, *inputs: Any) -> Net:
    """A copy of a model for inference: batch norms folded into convolutions, ReLUs done by the same kernel.

    With example inputs the copy is run once and its graph read: a batch norm is folded where the convolution's
    result goes to it and nowhere else, whatever the code around them looks like; then the outputs of copy and
    model are compared. Without, only neighbours in an `nn.Sequential` are fused, on the word that nobody but the
    chain calls them. Layers that the example does not reach, and those that are called more than once, stay as
    they are. Hooks are not copied. The model is left as it is, and the copy shares no memory with it. The copy's
    filters are read-only: to change them, change the model and fuse again.

    Raises ArgumentError for a model in training mode, GraphError if the outputs of the copy are others.

    >>> net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()).eval()
    >>> [type(layer).__name__ for layer in fuse(net)]
    ['ConvReLU2d', 'Identity', 'ReLU']
    """
    if not isinstance(model, nn.Module):
        raise OperandError(f"fuse: model is a {type(model).__name__}; a Module is needed")
    for path, module in model.named_modules():
        if module.training:
            where = f"module {path!r}" if path else "model"
            raise ArgumentError(
                f"fuse: the {where} is in training mode, where batch norm follows each batch; "
                "call model.eval() first"
            )
    twin = copy.deepcopy(model)
    with no_grad():
        if not inputs:
            _fuse_chains(twin)
            return _frozen(twin)
        expected = model(*_fresh(inputs))
        _Traced(twin, trace(twin, *_fresh(inputs))).fuse()
        _frozen(twin)
        _check_equal(expected, twin(*_fresh(inputs)))
    empty_cache()  # a trace keeps every array
    return twin


def _frozen(twin: Net) -> Net:
    """The copy with filters that nobody can write to, which kernels put into an order of their own once."""
    for module in twin.modules():
        if not getattr(module, "transposed", True):
            weight: Any = module.weight
            if isinstance(weight.array, np.ndarray):
                weight._array = np.array(weight.array, order="C")
                weight._array.flags.writeable = False
    return twin


def _fresh(inputs: Iterable[Any]) -> list[Any]:
    """The inputs, arrays among them as tensors, in memory of their own: a model may write to what it is given."""
    return [ops.as_tensor(x).clone() if hasattr(x, "__array__") else x for x in inputs]


# Arithmetic ---------------------------------------------------------------------------------------------------


def _folded(conv: Any, norm: _BatchNorm) -> Any:
    """A convolution that does what `conv` and then `norm` do.

    With s = weight / sqrt(var + eps): every filter times its s, and the bias s (bias - mean) + bias of the norm.
    """
    w = conv.weight
    mean, var = _exact(norm.running_mean), _exact(norm.running_var)
    s = ops.rsqrt(var + norm.eps)
    s = s if norm.weight is None else s * _exact(norm.weight)
    b = -mean * s if conv.bias is None else (_exact(conv.bias) - mean) * s
    b = b if norm.bias is None else b + _exact(norm.bias)
    if conv.transposed:  # (C, O / groups, *kernel): the filters of a group are along axis 1
        groups, kernel = conv.groups, w.shape[2:]
        parts = _exact(w).reshape(groups, w.shape[0] // groups, w.shape[1], -1)
        scaled = (parts * s.reshape(groups, 1, -1, 1)).reshape(*w.shape[:2], *kernel)
    else:
        scaled = _exact(w) * s.reshape(-1, *(1,) * (conv.dims + 1))
    made = copy.copy(conv)
    made.register_parameter("weight", nn.Parameter(scaled.to(w.dtype), requires_grad=w.requires_grad))
    made.register_parameter("bias", nn.Parameter(b.to(w.dtype), requires_grad=w.requires_grad))
    return made


def _exact(x: Any) -> Any:
    return x.detach().double()


# Which layers these are ---------------------------------------------------------------------------------------


_CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def _is(module: Any, kinds: tuple[type[nn.Module], ...]) -> bool:
    """Whether a module is one of these layers, and no subclass that may compute something else."""
    return type(module) in kinds and "forward" not in vars(module)


def _is_norm(module: Any) -> bool:
    return _is(module, _NORMS) and module.running_mean is not None and module.running_var is not None


def _is_chain(module: Any) -> bool:
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward


def _fits(conv: Any, norm: Any) -> bool:
    """Whether the norm is over the convolution's output channels."""
    return bool(conv.out_channels == norm.num_features and conv.dims + 2 in norm.axes)


# By structure -------------------------------------------------------------------------------------------------


def _fuse_chains(model: nn.Module) -> None:
    """Fuse neighbours in every chain; a layer that is there twice is replaced only where it stands in one."""
    for chain in list(model.modules()):
        if not _is_chain(chain):
            continue
        names = list(chain._modules)
        for i, name in enumerate(names):
            layer = chain._modules[name]
            if not _is(layer, _CONVS):
                continue
            rest = iter(names[i + 1 :])
            following = next(rest, None)
            if following is not None and _is_norm(norm := chain._modules[following]) and _fits(layer, norm):
                layer = _folded(layer, norm)  # type: ignore[arg-type]
                chain._modules[following] = nn.Identity().eval()
                following = next(rest, None)
            if following is not None and _is(chain._modules[following], (nn.ReLU,)) and isinstance(layer, _Conv):
                layer = with_relu(layer)
            chain._modules[name] = layer


# By the graph -------------------------------------------------------------------------------------------------


class _Traced:
    """A model and the graph of one call: which convolution's result goes where."""

    def __init__(self, model: nn.Module, graph: Graph) -> None:
        self.model, self.graph = model, graph
        self.owners = _owners(model)
        self.users = self._all_users()
        self.made: dict[nn.Module, nn.Module] = {}
        """What takes the place of which module."""

    def fuse(self) -> None:
        """Replace everything that can be."""
        for vertex in self.graph.vertices:
            if vertex.op in ("conv", "conv_bias", "conv_input"):
                self._fold(vertex)
        for parent in list(self.model.modules()):
            for name, child in parent._modules.items():
                if child in self.made:
                    parent._modules[name] = self.made[child]

    def _fold(self, vertex: Vertex) -> None:
        """Fold the norm behind a convolution, if the graph allows it."""
        conv = self._owner(vertex, 1)
        if not _is(conv, _CONVS):
            return
        end: Vertex | None = vertex
        if conv.transposed and conv.bias is not None:
            end = self._biased(vertex, conv)
        if end is None:
            return
        behind = self._only_user(end)
        norm = None if behind is None or behind.op != "batch_norm_fixed" else self._owner(behind, 3)
        if norm is not None and _is_norm(norm) and self._source(behind, 0) is end and _fits(conv, norm):
            self.made[conv], self.made[norm] = _folded(conv, norm), nn.Identity().eval()
            end = behind
        self._fuse_relu(conv, end)  # type: ignore[arg-type]

    def _fuse_relu(self, conv: Any, end: Vertex) -> None:
        """Let a convolution do the ReLU behind it. The ReLU, a module's or a function, finds its work done."""
        behind = self._only_user(end)
        if behind is not None and behind.op == "relu" and isinstance(conv, _Conv):
            self.made[conv] = with_relu(self.made.get(conv, conv))  # type: ignore[arg-type]

    # Questions to the graph ---------------------------------------------------------------------------------

    def _source(self, vertex: Vertex | None, position: int) -> Vertex:
        assert vertex is not None  # asked of what was found
        return self.graph.vertices[self.graph.in_edges(vertex.id)[position].source]

    def _only_user(self, vertex: Vertex) -> Vertex | None:
        """The one op that uses a value, once; None where there are others, or it is a result."""
        edges = self.graph.out_edges(vertex.id)
        return self.graph.vertices[edges[0].target] if len(edges) == 1 else None

    def _owner(self, vertex: Vertex, position: int) -> Any:
        """The module that one op alone computes for: the one whose tensor it takes at a position.

        None where the module is called twice, or another op uses its parameters too.
        """
        module = self.owners.get(self._source(vertex, position).name or "")
        if module is None:
            return None
        users = self.users[module]
        return module if len(users) == 1 or self._is_transposed_pair(vertex, users) else None

    def _all_users(self) -> dict[nn.Module, set[int]]:
        """The ops that use the tensors of each module."""
        users: dict[nn.Module, set[int]] = {}
        for leaf in self.graph.vertices:
            module = self.owners.get(leaf.name or "") if leaf.kind in ("parameter", "constant") else None
            if module is not None:
                targets = [edge.target for edge in self.graph.out_edges(leaf.id)]
                users.setdefault(module, set()).update(map(self._through_spread, targets))
        return users

    def _through_spread(self, user: int) -> int:
        """The op that a bias reaches by way of being spread over the pixels."""
        vertex = self.graph.vertices[user]
        behind = self._only_user(vertex) if vertex.op == "channel_spread" else None
        return user if behind is None else behind.id

    def _is_transposed_pair(self, vertex: Vertex, users: set[int]) -> bool:
        behind = self._only_user(vertex)
        return vertex.op == "conv_input" and behind is not None and users == {vertex.id, behind.id}

    def _biased(self, vertex: Vertex, conv: Any) -> Vertex | None:
        """The addition of the bias of a transposed convolution, which is an op of its own."""
        behind = self._only_user(vertex)
        if behind is None or behind.op != "add" or self._source(behind, 0) is not vertex:
            return None
        spread = self._source(behind, 1)
        owner = self.owners.get(self._source(spread, 0).name or "") if spread.op == "channel_spread" else None
        return behind if owner is conv else None


def _owners(model: nn.Module) -> Mapping[str, nn.Module]:
    """Modules by the names of their parameters and buffers; those of a tensor that two have are left out."""
    names = {id(tensor): name for name, tensor in _tensors(model)}
    owners: dict[str, nn.Module] = {}
    shared: set[nn.Module] = set()
    for module in model.modules():
        for tensor in (*module._parameters.values(), *module._buffers.values()):
            if tensor is not None:
                other = owners.setdefault(names[id(tensor)], module)
                if other is not module:
                    shared |= {other, module}
    return {name: module for name, module in owners.items() if module not in shared}


def _tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from model.named_parameters()
    yield from model.named_buffers()


# The proof ----------------------------------------------------------------------------------------------------


def _check_equal(expected: Any, found: Any) -> None:
    """Raise GraphError unless two results are equal up to rounding."""
    for one, other in zip(_leaves(expected), _leaves(found), strict=True):
        if one.shape != other.shape or one.dtype != other.dtype:
            raise _different(f"{other.dtype} {other.shape} for {one.dtype} {one.shape}")
        if one.dtype.kind != "f":
            if not ops.equal(one, other):
                raise _different("other whole numbers")
        elif one.numel():
            size = float(ops.nan_to_num(one, 0.0, 0.0, 0.0).abs().max().item())
            near = _TOLERANCE.get(str(one.dtype), 1e-3) * max(size, 1.0)
            if not ops.allclose(other, one, rtol=0.0, atol=near, equal_nan=True):
                raise _different(
                    f"they differ by {(one - other).abs().max().item():.3g} where {size:.3g} is largest"
                )


def _different(how: str) -> GraphError:
    return GraphError(
        f"fuse: the copy's outputs are others: {how}. Code that reads a layer's attributes, hooks that change "
        "values, or draws do that; use the model as it is"
    )


def _leaves(result: Any) -> Iterator[Tensor]:
    """The tensors of a result, in order."""
    if isinstance(result, Tensor):
        yield result
    elif isinstance(result, Mapping):
        for value in result.values():
            yield from _leaves(value)
    elif isinstance(result, tuple | list):
        for value in result:
            yield from _leaves(value)
