"""ONNX models, checked by ONNX's checker and run by onnxruntime: equal outputs, for any number of images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import models, nn, ops
from autocnn.engine import Tensor
from autocnn.errors import GraphError
from autocnn.graph import Graph, from_json, replay, to_json, to_onnx, trace, transform
from autocnn.graph.onnx.writer import RULES
from tests.ops.cases import CASES
from tests.ops.test_cases import OURS

onnx = pytest.importorskip("onnx", reason="onnx is an extra")
runtime = pytest.importorskip("onnxruntime", reason="onnxruntime runs the models that onnx describes")
runtime.set_default_logger_severity(4)


def images(*shape: int, seed: int = 0) -> Tensor:
    return ac.tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def run(content: bytes, *inputs: Any) -> list[Any]:
    """The outputs of a model, after the checker has looked at it."""
    onnx.checker.check_model(onnx.load_model_from_string(content), full_check=True)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    return session.run(None, dict(zip(names, (np.asarray(x.array) for x in inputs), strict=True)))


def assert_alike(found: list[Any], expected: list[Any]) -> None:
    for array, right in zip(found, expected, strict=True):
        assert (array.shape, array.dtype) == (right.shape, right.dtype)
        largest = float(abs(right[np.isfinite(right)]).max(initial=1))
        np.testing.assert_allclose(array, right, rtol=1e-5, atol=1e-5 * largest)


def values(result: Any) -> list[Any]:
    several = result if isinstance(result, tuple | list) else [result]
    return [x.detach().numpy() for x in several]


@pytest.mark.parametrize("name", models.names())
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.usefixtures("thin")
def test_every_model_runs_with_any_number_of_images(name, count):
    network = models.get(name)(num_classes=10).eval()
    side, channels = network.side if "vgg" in name else min(network.side, 67), network.in_channels
    content = to_onnx(trace(network, images(count, channels, side, side)))
    for other in (2, 3):
        x = images(other, channels, side, side, seed=other)
        assert_alike(run(content, x), values(network(x)))


@pytest.mark.parametrize("name", ["resnet56", "plain56"])
def test_statistics_of_images(name):
    """Where depth without skips amplifies all rounding, both results are equally far from that in float64."""
    network = models.get(name)()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0  # the statistics are those of the last batch
    network(images(32, 3, 16, 16))
    network.eval()
    x = images(2, 3, 16, 16, seed=1)
    (found,), ours = run(to_onnx(trace(network, x)), x), values(network(x))[0]
    truth = values(network.double()(x.double()))[0]
    bound = 1e-5 * abs(truth).max()
    assert abs(found - truth).max() <= bound + 8 * abs(ours - truth).max()
    if name == "resnet56":
        assert abs(found - ours).max() <= bound


def test_a_fused_network():
    network = ac.fuse(models.resnet20().eval(), images(1, 3, 32, 32))
    graph = trace(network, images(1, 3, 32, 32))
    assert "conv_bias_relu" in {v.op for v in graph.vertices}
    x = images(3, 3, 32, 32, seed=1)
    assert_alike(run(to_onnx(graph), x), values(network(x)))


def test_names_and_free_batch():
    network = models.get("lenet5")().eval()
    model = onnx.load_model_from_string(to_onnx(trace(network, images(1, 1, 32, 32))))
    constants = {x.name: onnx.numpy_helper.to_array(x) for x in model.graph.initializer}
    for name, parameter in network.named_parameters():
        assert np.array_equal(constants.pop(name), parameter.detach().numpy())
    assert [shape.tolist() for shape in constants.values()] == [[-1, 120]]
    assert [node.op_type for node in model.graph.node][:3] == ["Conv", "Tanh", "AveragePool"]
    assert model.graph.node[0].name == "c1/conv_bias"
    ends = [*model.graph.input, *model.graph.output]
    shapes = [[d.dim_param or d.dim_value for d in end.type.tensor_type.shape.dim] for end in ends]
    assert shapes == [["batch", 1, 32, 32], ["batch", 10]]
    assert [end.name for end in ends] == ["input", "output"]


# Ops with a free number of images -------------------------------------------------------------------------------

C = images(3, 4, seed=8)
V4, V3 = images(4, seed=1), images(3, seed=2)
ROWS = images(1, 4, 5, 6, seed=3)


def pooled(**given: Any) -> Callable[[Tensor], Any]:
    return lambda x: (ops.avg_pool2d(x, 3, **given), ops.max_pool2d(x, 3, **given))


def transposed(**given: Any) -> Callable[[Tensor], Any]:
    groups = given.get("groups", 1)
    weight, bias = images(4, 6 // groups, 3, 2, seed=5), images(6, seed=6)
    return lambda x: (ops.conv_transpose2d(x, weight, bias, **given), ops.conv_transpose2d(x, weight, **given))


def convolved(groups: int = 1, **given: Any) -> Callable[[Tensor], Any]:
    weight, bias = images(6, 4 // groups, 3, 2, seed=5), images(6, seed=6)
    return lambda x: ops.conv2d(x, weight, bias, groups=groups, **given)


class Tokens(nn.Module):
    """One more token in front of those of each image, as a transformer has it."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(images(1, 1, 30, seed=4).array)

    def forward(self, x: Tensor) -> Tensor:
        tokens = ops.reshape(x, (x.shape[0], 4, 30))
        return ops.cat([self.first.expand(x.shape[0], -1, -1), tokens], 1)


def shuffled(x: Tensor) -> Tensor:
    return x.reshape(x.shape[0], 2, 2, 5, 6).transpose(1, 2).reshape(x.shape[0], 4, 5, 6)


def padded_shortcut(x: Tensor) -> Tensor:
    """A shortcut with zeros for the channels that it lacks, as in the residual networks for CIFAR."""
    return ops.cat([x, ops.zeros(x.shape[0], 2, 5, 6)], 1)


def in_place(x: Tensor) -> Tensor:
    h = x + 1
    h *= 2
    return h.relu_() + h


FREE: dict[str, Callable[[Tensor], Any]] = {
    "conv": convolved(),
    "conv, groups": convolved(groups=2),
    "conv, stride and dilation": convolved(stride=(2, 1), dilation=(1, 3)),
    "conv, unequal padding": convolved(padding=((0, 2), (1, 0))),
    "conv, same": convolved(padding="same"),
    "conv transposed": transposed(),
    "conv transposed, stride": transposed(stride=(2, 3), padding=(1, 0), output_padding=(1, 2)),
    "conv transposed, groups": transposed(groups=2, dilation=(2, 1)),
    "pools": pooled(),
    "pools, stride and padding": pooled(stride=2, padding=1),
    "pools, ceil_mode": pooled(stride=2, padding=1, ceil_mode=True),
    "pools, ceil_mode, wide": lambda x: ops.max_pool2d(x, 3, 2, 1, 2, True),
    "avg_pool, without padding": lambda x: ops.avg_pool2d(x, 3, 2, 1, True, False),
    "avg_pool, divisor": lambda x: ops.avg_pool2d(x, 3, 2, 1, True, True, 5),
    "max_pool, indices": lambda x: ops.max_pool2d(x, 2, return_indices=True),
    "adaptive_avg_pool, 1": lambda x: ops.adaptive_avg_pool2d(x, 1),
    "adaptive_avg_pool, even": lambda x: ops.adaptive_avg_pool2d(x, (5, 3)),
    "adaptive_avg_pool, uneven": lambda x: ops.adaptive_avg_pool2d(x, (2, 4)),
    "global pool, linear": lambda x: ops.linear(ops.flatten(ops.global_avg_pool(x), 1), C, V3),
    "batch_norm": lambda x: ops.batch_norm(x, V4, V4 * V4, V4, V4),
    "layer_norm": lambda x: ops.layer_norm(x, (5, 6)),
    "group_norm": lambda x: ops.group_norm(x, 2, V4, V4),
    "linear, wide": lambda x: ops.linear(x.permute(0, 2, 3, 1), C, V3),
    "matmul": lambda x: ops.flatten(x, 2) @ ops.flatten(x, 2).transpose(1, 2),
    "einsum": lambda x: ops.einsum("nchw,oc->nohw", x, C),
    "flatten": lambda x: ops.flatten(x),
    "flatten, images": lambda x: ops.flatten(x, 1) * 2,
    "rows": lambda x: x.permute(0, 2, 3, 1).reshape(-1, 4),
    "channel shuffle": shuffled,
    "first axis last": lambda x: x.permute(1, 2, 3, 0) + 1,
    "cat": lambda x: ops.cat([x, x * 2], 1),
    "cat, images": lambda x: ops.cat([x, x * 2]),
    "cat, tokens": Tokens(),
    "cat, zeros": padded_shortcut,
    "stack": lambda x: ops.stack([x, ops.zeros(*x.shape)], 1),
    "split": lambda x: ops.split(x, [1, 3], 1),
    "unbind": lambda x: ops.unbind(x, 2),
    "chunk": lambda x: (lambda a, b: a * ops.sigmoid(b))(*ops.chunk(x, 2, 1)),
    "add, constants": lambda x: x + ops.ones(*x.shape) + ROWS + 1.5,
    "add, expanded": lambda x: x + V4.reshape(1, 4, 1, 1).expand(*x.shape),
    "squeeze and excite": lambda x: x * ops.sigmoid(ops.mean(x, (2, 3), keepdim=True)),
    "means": lambda x: (ops.mean(x), ops.mean(x, 0), ops.sum(x, (1, 3)), ops.std(x, (2, 3))),
    "extremes": lambda x: (ops.amax(x, (2, 3)), *ops.max(x, 1), ops.argmin(x, 3), ops.argmax(x, 0)),
    "softmax": lambda x: (ops.softmax(x, 1), ops.log_softmax(x, 0)),
    "logsumexp": lambda x: ops.logsumexp(x, (1, 2)),
    "slices": lambda x: (x[:, 1:3, ::2], x[:, -1], x[..., None, 2], x[:, None, 1:, 0]),
    "index": lambda x: (x[:, [2, 0]], x[:, [0, 1], [2, 3]], ops.index_select(x, 2, ac.tensor([4, 4]))),
    "pad": lambda x: ops.pad(x, (1, 0, 2, 1), value=2.5),
    "flip, roll": lambda x: (ops.flip(x, [0, 2]), ops.roll(x, 2, 3)),
    "where": lambda x: ops.where(x > 0.5, x, -1.0) + ops.clamp(x, max=0.2),
    "dropout": lambda x: ops.dropout(x, 0.5, training=False),
    "in place": in_place,
    "cumsum": lambda x: (ops.cumsum(x, 1), ops.prod(x, 2)),
    "tied": lambda x: ops.linear(ops.linear(ops.mean(x, (2, 3)), C), C.T),
}


@pytest.mark.parametrize("name", FREE)
@pytest.mark.parametrize("count", [1, 3])
def test_ops_with_a_free_number_of_images(name, count):
    function = FREE[name]
    content = to_onnx(trace(function, images(count, 4, 5, 6)))
    for other in (count, 4):
        x = images(other, 4, 5, 6, seed=other)
        assert_alike(run(content, x), values(function(x)))


LAYERS = [
    nn.Conv1d(4, 3, 2), nn.ConvTranspose1d(4, 3, 2), nn.MaxPool1d(2), nn.AvgPool1d(2), nn.BatchNorm1d(4),
    nn.AdaptiveAvgPool1d(3), nn.GLU(1), nn.PReLU(4), nn.Softmax(1), nn.SELU(), nn.CELU(2.0), nn.ELU(0.5),
    nn.GELU(), nn.GELU("tanh"), nn.Mish(), nn.SiLU(), nn.Softplus(2.0, 1.0), nn.Hardswish(), nn.Hardsigmoid(),
    nn.Hardtanh(), nn.ReLU6(), nn.LeakyReLU(), nn.LogSigmoid(), nn.LogSoftmax(2), nn.Softmin(1), nn.Softsign(),
    nn.Tanhshrink(), nn.Threshold(0.1, 2.0), nn.Dropout(), nn.Dropout1d(), nn.ConstantPad1d(2, 1.0),
    nn.Unflatten(1, (2, 2)),
    nn.Identity(), nn.LayerNorm(7), nn.GroupNorm(2, 4), nn.Residual(nn.Conv1d(4, 4, 1)),
]  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_layers(layer):
    layer.eval()
    content = to_onnx(trace(layer, images(2, 4, 7)))
    x = images(3, 4, 7, seed=9)
    assert_alike(run(content, x), values(layer(x)))


def test_volumes():
    layer = nn.Sequential(
        nn.Conv3d(2, 3, 2), nn.BatchNorm3d(3), nn.MaxPool3d(2, 1), nn.ConvTranspose3d(3, 2, 2), nn.AvgPool3d(2)
    ).eval()
    content = to_onnx(trace(layer, images(1, 2, 5, 5, 5)))
    x = images(2, 2, 5, 5, 5)
    assert_alike(run(content, x), values(layer(x)))


def test_several_inputs_and_shared_values():
    def function(x, y, bias):
        both = x + y
        return {"sum": both, "again": both, "as it came": x, "scaled": both * bias}

    content = to_onnx(trace(function, images(2, 3), images(2, 3), images(3)))
    given = images(4, 3), images(4, 3, seed=1), images(3, seed=2)
    model = onnx.load_model_from_string(content)
    assert [x.name for x in model.graph.output] == ["sum", "again", "as it came", "scaled"]
    assert_alike(run(content, *given), values(list(function(*given).values())))


# Every primitive ------------------------------------------------------------------------------------------------

OF_WINNERS = {"max_pool_indices"}
"""Takes what only max_pool gives; the test of max_pool with indices has it."""
ROWS_OF_TABLE = [(name, i) for name in RULES if name in set(CASES) - OF_WINNERS for i in range(len(CASES[name]))]


@pytest.mark.parametrize(("name", "i"), ROWS_OF_TABLE, ids=[f"{name}-{i}" for name, i in ROWS_OF_TABLE])
def test_primitives_by_their_table_of_cases(name, i):
    case = CASES[name][i]
    arrays = [a.astype(np.float32) if _is_float(a) else a for a in case.arrays(name)]
    tensors = [ac.tensor(a) for a in arrays if isinstance(a, np.ndarray)]

    def function(*given: Tensor) -> Any:
        rest = iter(given)
        return OURS[name](*[next(rest) if isinstance(a, np.ndarray) else a for a in arrays], **case.params)

    graph = trace(function, *tensors)
    for array, right in zip(run(to_onnx(graph, batch=None), *tensors), replay(graph, tensors), strict=True):
        assert (array.shape, array.dtype) == (right.shape, right.dtype)
        largest = float(abs(right[np.isfinite(right)]).max(initial=1))
        np.testing.assert_allclose(array, right, rtol=1e-5, atol=1e-5 * largest)


def _is_float(a: Any) -> bool:
    return isinstance(a, np.ndarray) and a.dtype.kind == "f"


# Refusals -------------------------------------------------------------------------------------------------------


def test_a_fixed_number_of_images():
    graph = trace(lambda x: x[:1] + x[-1], images(3, 2))
    x = images(3, 2, seed=1)
    assert_alike(run(to_onnx(graph, batch=None), x), values(x[:1] + x[-1]))


def test_the_file_is_what_is_returned(tmp_path):
    graph = trace(lambda x: ac.tanh(x), images(3, 2))
    content = to_onnx(graph, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == content == to_onnx(graph)


def test_values_of_a_graph_that_came_without():
    graph = trace(lambda x: x * V4, images(3, 4))
    stored = from_json(to_json(graph))
    assert to_onnx(stored, values=graph.values) == to_onnx(graph)
    with pytest.raises(GraphError, match=r"to_onnx: %1 \(constant\) has no value; pass values=\{1: array\}"):
        to_onnx(stored)


def traced(function: Callable[..., Any], *shape: int, **given: Any) -> Graph:
    return trace(function, images(*shape), **given)


REFUSED: list[tuple[Callable[[], Graph], str]] = [
    (
        lambda: traced(lambda x: ops.atan2(x, x + 1), 2, 3),
        "to_onnx: %3 atan2 has no form in ONNX here; express it in other ops",
    ),
    (
        lambda: traced(nn.BatchNorm2d(3), 2, 3, 4, 4),
        "to_onnx: %3 batch_norm takes the statistics of its batch; trace the network after eval()",
    ),
    (
        lambda: traced(nn.Dropout(), 2, 3),
        "to_onnx: %1 dropout draws at random; trace the network after eval()",
    ),
    (
        lambda: trace(lambda x: x * x, images(2, 3).requires_grad_(), order=1),
        "to_onnx: %2 constant is of a backward pass; only forward graphs are written. Use trace(order=0)",
    ),
    (
        lambda: transform.collapse(traced(nn.Sequential(nn.Linear(3, 3)), 2, 3)),
        "to_onnx: %1 [0] stands for a whole module; write the graph it was made from",
    ),
    (
        lambda: traced(lambda x: x[:1], 2, 3),
        "to_onnx: %1 slice picks some of the images, which depends on the number of images; "
        "pass batch=None to write the graph for the number that it was traced with",
    ),
    (
        lambda: traced(lambda x: x + ac.tensor([[1.0] * 3, [2.0] * 3]), 2, 3),
        "to_onnx: %2 add takes %1, a constant with 2 rows, which depends on the number of images; "
        "pass batch=None to write the graph for the number that it was traced with",
    ),
    (
        lambda: traced(lambda x: x @ x.T + (x @ x.T).T, 2, 3),
        "to_onnx: %2 matmul pairs images along one axis with images along another, which depends on the number "
        "of images; pass batch=None to write the graph for the number that it was traced with",
    ),
]


@pytest.mark.parametrize(("make", "text"), REFUSED, ids=[text[12:40] for _, text in REFUSED])
def test_refusals(make, text):
    with pytest.raises(GraphError) as caught:
        to_onnx(make())
    assert str(caught.value) == text
