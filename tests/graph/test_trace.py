"""Tracing and replay on real code; a witness that knows arrays only says which edges there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autocnn as ac
from autocnn import ops
from autocnn.engine import Tensor, primitive, scope
from autocnn.errors import GraphError
from autocnn.graph import from_json, graph_of, listing, replay, to_json, trace, transform
from autocnn.graph.analysis import skip_edges
from autocnn.viz import draw
from tests.graph.witness import rows_of, witnessed


def tensor(*shape: int, grad: bool = False, seed: int = 0) -> Tensor:
    values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return Tensor(values).requires_grad_(grad)


@primitive(saves=("z",))
def _squash(xp, x):
    return xp.tanh(x)


@primitive(saves=("z",))
def _squash_grad(xp, g, z):
    return g * (1 - z * z)


_squash.vjp(lambda g, z, x: _squash_grad(g, z))


@primitive(saves=("x", "scale"), residuals=("scale",))
def _normed(xp, x):
    scale = 1 / xp.sqrt((x * x).sum(keepdims=True))
    return x * scale, (scale,)


@primitive()
def _normed_grad(xp, g, x, scale):
    return g * scale - x * ((g * x).sum() * scale**3)


_normed.vjp(lambda g, z, x, scale=None: _normed_grad(g, x, scale))
_normed.fast(lambda g, z, x, need, scale: (_normed_grad(g, x, scale),))

W, V = tensor(3, 3, grad=True, seed=1), tensor(3, 3, grad=True, seed=2)
W16 = tensor(16, 16, grad=True, seed=3)


def shared(x):
    y = _squash(x @ W)
    return y * y + y


def tied(x):
    return _squash(_squash(x @ W) @ W) @ W


def looped(x):
    for _ in range(5):
        x = x + _squash(x @ W)
    return x


def several(x):
    a, b = ac.split(_squash(x @ W), 1, dim=0)[:2]
    return a * b, b + 1, {"lost": x}["lost"] * 2


def residual_last(x):
    return x + (_squash(x @ W) @ V)


def normalised(x):
    return _normed(x @ W) * 2


def updated(x):
    h = x @ W
    h += 1
    h[0] = 0.5
    return _squash(h) * h


def indexed(x):
    h = x @ W
    picked = h[np.array([1, 0, 1])]
    return ac.cat([h[:, 1:], picked[..., :1], ac.flip(h, [0])[:, :2].reshape(3, 2)], 1)


def detached(x):
    h = x @ W
    return h + _squash(h.detach()) + x.detach()


def scoped(x):
    with scope("block"), scope("inner"):
        h = _squash(x @ W)
    return x + h


FUNCTIONS = [shared, tied, looped, several, residual_last, normalised, indexed, detached, scoped, updated]


def outputs_of(result: Any) -> list[Tensor]:
    return list(result) if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("order", [0, 1])
def test_replay_gives_the_bits_of_the_run_and_of_training(function, order):
    x = tensor(3, 3)
    graph = trace(function, x, order=order, parameters={"W": W, "V": V}).check()
    expected = outputs_of(function(x))
    if order:
        for parameter in (W, V):
            parameter.grad = None
        for number, root in enumerate(expected):
            if root.requires_grad:
                root.backward(ac.ones_like(root.detach()), retain_graph=number + 1 < len(expected))
        names = [graph.vertices[i].name for i in graph.outputs[len(expected) :]]
        wanted = {"grad W": W, "grad V": V}
        assert names == [f"grad {name}" for name, p in (("W", W), ("V", V)) if p.grad is not None]
        if len(expected) == 1:  # else training would sum the roots' sweeps in another order
            expected += [wanted[name].grad for name in names]
    for array, right in zip(replay(graph, [x]), expected, strict=False):
        assert array.dtype == right.dtype
        assert np.array_equal(array, right.detach().numpy())
    again = replay(from_json(to_json(graph)), [x], graph.values)
    assert all(np.array_equal(a, b) for a, b in zip(again, replay(graph, [x]), strict=True))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("order", [0, 1])
def test_every_edge_is_there_and_none_is_invented(function, order):
    x, names = tensor(3, 3), {"W": W, "V": V}
    assert rows_of(trace(function, x, order=order, parameters=names)) == witnessed(function, [x], names, order)


def test_what_was_written_over_has_no_gradient():
    def total(x):
        result = ac.zeros(3, 3)
        result += x @ W
        return result

    graph = trace(total, tensor(3, 3), order=1, parameters={"W": W})
    assert [graph.vertices[i].name for i in graph.outputs] == [None, "grad W"]


def test_listing_forward_and_backward():
    graph = trace(scoped, tensor(3, 3), order=1, parameters={"block.inner.w": W})
    assert listing(graph).splitlines() == [
        '%0: f32[3,3] = input "x"',
        '%1: f32[3,3] = parameter "block.inner.w"  # block/inner',
        "%2: f32[3,3] = matmul(%0, %1)  # block/inner",
        "%3: f32[3,3] = squash(%2)  # block/inner",
        "%4: f32[3,3] = add(%0, %3)",
        '%5: f32[3,3] = constant "seed"  # backward',
        "%6: f32[3,3] = squash_grad(%5, %3)  # backward of %3, block/inner",
        "%7: f32[3,3] = permute(%0, dims=(1, 0))  # backward of %2, block/inner",
        "%8: f32[3,3] = matmul(%7, %6)  # backward of %2, block/inner",
        "%9: f32[3,3] = output(%4)",
        '%10: f32[3,3] = output(%8) "grad block.inner.w"  # backward of %1, block/inner',
    ]
    assert graph.vertices[2].saved == (0,)
    assert graph.vertices[3].saved == (-1,)


def test_where_a_gradient_stops_stands_a_detach():
    graph = trace(detached, tensor(3, 3), order=1, parameters={"W": W})
    assert [text for text in listing(graph).splitlines() if "backward" not in text] == [
        '%0: f32[3,3] = input "x"',
        '%1: f32[3,3] = parameter "W"',
        "%2: f32[3,3] = matmul(%0, %1)",
        "%3: f32[3,3] = detach(%2)",
        "%4: f32[3,3] = squash(%3)",
        "%5: f32[3,3] = add(%2, %4)",
        "%6: f32[3,3] = add(%5, %0)",
        "%10: f32[3,3] = output(%6)",
    ]
    assert from_json(to_json(graph)) == graph
    svg = draw(graph).svg
    assert ">detach</text>" in svg
    assert ">gradient stops here</text>" in svg


def test_one_detached_tensor_is_one_detach_and_one_that_stops_nothing_is_none():
    def function(x):
        h = x @ W
        stopped = h.detach()
        return stopped * stopped + h.detach() + x.detach().detach()

    ops = [vertex.op for vertex in trace(function, tensor(3, 3)).vertices if vertex.kind == "op"]
    assert ops.count("detach") == 2


def test_the_gradient_paths_of_a_residual_block_meet():
    x = tensor(3, 3, grad=True)
    graph = trace(residual_last, x, order=1, parameters={"W": W, "V": V})
    found = {
        (graph.vertices[graph.edges[i].target].op, graph.vertices[graph.edges[i].target].phase)
        for i in skip_edges(graph)
    }
    assert found == {("add", "forward"), ("add", "backward")}
    join = next(v for v in graph.vertices if v.op == "add" and v.phase == "backward")
    assert join.twin == 0
    assert graph.vertices[graph.outputs[1]].name == "grad x"


def test_residuals_are_items():
    graph = trace(normalised, tensor(3, 3), order=1, parameters={"W": W})
    assert "%10: f32[3,3] = normed_grad(%8, %2, %3.r0)  # backward of %3" in listing(graph)
    assert graph.vertices[3].saved == (0, -2)


def test_graph_of_what_already_ran():
    x = tensor(3, 3)
    graph = graph_of(residual_last(x), parameters={"W": W, "V": V}).check()
    ops = [v.op for v in graph.vertices if v.kind == "op"]
    assert ops == ["matmul", "squash", "matmul", "add"]
    assert [v.name for v in graph.vertices if v.kind == "parameter"] == ["W", "V"]
    assert np.array_equal(replay(graph, [x])[0], residual_last(x).detach().numpy())


def test_a_loss_is_an_output_and_the_root_of_the_backward_pass():
    graph = trace(lambda x: x @ W, tensor(3, 3), order=1, parameters={"W": W}, loss=lambda y: _normed(y)[0, 0])
    assert [graph.vertices[i].name for i in graph.outputs] == [None, "loss", "grad W"]
    assert [v.shape for v in graph.vertices if v.name == "seed"] == [()]


def test_names_come_from_the_module():
    class Layer:
        def named_parameters(self):
            return [("weight", W)]

        def forward(self, images):
            return images @ W

        __call__ = forward

    graph = trace(Layer(), tensor(3, 3))
    assert [v.name for v in graph.vertices][:2] == ["images", "weight"]


def test_what_the_outputs_do_not_need_is_left_out():
    def function(x, unused):
        x @ V
        return x @ W

    graph = trace(function, tensor(3, 3), tensor(2))
    assert [v.op for v in graph.vertices if v.kind == "op"] == ["matmul"]
    assert len(graph.inputs) == 2
    replay(graph, [tensor(3, 3), tensor(2)])


def test_a_buffer_that_is_overwritten_later_keeps_its_value_in_the_graph():
    buffer = tensor(3, 3)

    def function(x):
        y = x + buffer
        buffer[...] = 0.0
        return y

    x = tensor(3, 3, seed=5)
    expected = x.numpy() + buffer.numpy()
    assert np.array_equal(replay(trace(function, x), [x])[0], expected)


def test_source_lines():
    graph = trace(lambda x: x * 2, tensor(2), lines=True)
    assert next(v for v in graph.vertices if v.op == "mul").line.rsplit(":", 1)[0].endswith("test_trace.py")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: trace(tied, tensor(3, 3), order=3),
            "trace: order is 3; 0 (forward), 1 (forward and backward) or 2 (the backward of gradients too)",
        ),
        (
            lambda: trace(tensor(3), tensor(3)),
            "trace: function is a Tensor; a function or a module is needed, and its inputs after it. "
            "For what has already run there is graph_of",
        ),
        (
            lambda: trace(lambda x: x * 2, tensor(3), order=1, loss=lambda y: y.sum().item()),
            "trace: the loss is a float; a tensor is needed, made of the outputs",
        ),
        (lambda: graph_of(tensor(3).numpy()), "graph_of: argument 0 is a ndarray; a Tensor is needed"),
        (
            lambda: trace(lambda x: x * 2, tensor(3), order=1),
            "trace: no output depends on anything that requires a gradient, so there is no backward pass; "
            "use order=0, or requires_grad_() on an input or parameter",
        ),
        (
            lambda: (lambda x: trace(lambda a, b: a * b, x, x))(tensor(2)),
            "trace: input 1 is the same tensor as input 0; a graph has one vertex for each. Pass a clone",
        ),
        (
            lambda: trace(lambda x: "text", tensor(2)),
            "trace: the function returned str; a tensor, several, or a dict of them",
        ),
        (
            lambda: replay(trace(tied, tensor(3, 3)), []),
            "replay: 0 inputs were given; the graph has 1",
        ),
        (
            lambda: replay(trace(tied, tensor(3, 3)), [tensor(2)]),
            "replay: input 0 is float32 (2,); the graph takes f32[3,3]",
        ),
        (
            lambda: replay(from_json(to_json(trace(tied, tensor(3, 3), parameters={"W": W}))), [tensor(3, 3)]),
            "replay: %1 (W) has no value; pass values={1: array}",
        ),
        (
            lambda: replay(transform.collapse(trace(scoped, tensor(3, 3))), [tensor(3, 3)]),
            "replay: %1 stands for a whole module; replay the graph it was made from",
        ),
        (
            lambda: replay(
                from_json(to_json(trace(lambda x: x * 2, tensor(3))).replace('"mul"', '"mull"')), [tensor(3)]
            ),
            "replay: no primitive is named 'mull'; import the module that defines it",
        ),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_refusals(call, text):
    with pytest.raises(GraphError) as caught:
        call()
    assert str(caught.value) == text


def test_long_chains_and_diamonds():
    def chain(x):
        for _ in range(20_000):
            x = x * 1
        return x

    graph = trace(chain, tensor(1, grad=True), order=1)
    assert len([v for v in graph.vertices if v.kind == "op"]) == 40_000

    def diamond(x):
        for _ in range(60):
            x = x + x
        return x

    x = Tensor([1.0]).requires_grad_()
    graph = trace(diamond, x, order=1)
    assert replay(graph, [x])[1].tolist() == [2.0**60]
    assert len(graph) == 1 + 60 + 1 + 60 + 2


def test_the_derivative_of_a_derivative_is_of_second_order():
    def penalty(x):
        (g,) = ac.autograd.grad((x * ac.tanh(x)).sum(), x, create_graph=True)
        return (g * g).sum()

    x = tensor(3, grad=True)
    graph = trace(penalty, x, order=1).check()
    twins = {v.phase: graph.vertices[v.twin].phase for v in graph.vertices if v.op == "mul" and v.twin is not None}
    assert twins == {"backward": "forward", "second": "backward"}
    assert any(" # second order of %" in line for line in listing(graph).splitlines())
    y = penalty(x)
    y.backward()
    assert np.array_equal(replay(graph, [x])[1], x.grad.numpy())


def test_numbers_that_ran_are_in_the_graph_also_after_the_backward_pass():
    x = tensor(2).requires_grad_()
    y = (1 - x * 0.1 + 1 + 2.0 * x) * 0.1 / -0.0
    y.sum().backward()
    graph = graph_of(y)
    numbers = [v.params["value"] for v in graph.vertices if v.kind == "constant"]
    assert sorted(map(repr, numbers)) == ["-0.0", "0.1", "0.1", "1", "1", "2.0"]
    assert from_json(to_json(graph)) == graph
    np.testing.assert_array_equal(replay(graph, [])[0], y.detach().numpy())


def test_checkpointed_code_is_traced_like_any_other():
    from autocnn.engine.checkpoint import checkpoint

    graph = trace(lambda x: checkpoint(tied, x) + x, tensor(3, 3), order=1, parameters={"W": W})
    plain = trace(lambda x: tied(x) + x, tensor(3, 3), order=1, parameters={"W": W})
    assert listing(graph) == listing(plain)


def test_outputs_may_be_nested() -> None:
    x = tensor(2)
    graph = trace(lambda x: [x + 1, (x * 2, {"h": x * 3}), None, {"a": [x * 4], "b": {"c": x * 5}}], x)
    assert [graph.vertices[i].name for i in graph.outputs] == [None, None, "h", "a", "b.c"]
    for array, expected in zip(replay(graph, [x]), (x + 1, x * 2, x * 3, x * 4, x * 5), strict=True):
        np.testing.assert_array_equal(array, expected.array)


def test_positions_of_maxima_come_from_the_pool() -> None:
    graph = trace(lambda x: ops.max_pool2d(x, 2, return_indices=True)[1], tensor(1, 1, 4, 4))
    assert [v.op or v.kind for v in graph.vertices] == ["input", "max_pool", "item", "max_pool_indices", "output"]
