"""Graphs made by hand, to test what reads graphs without the engine."""

from __future__ import annotations

from autocnn.graph import Edge, Graph, Vertex


class Builder:
    """Collects vertices and edges in order."""

    def __init__(self) -> None:
        self.vertices: list[Vertex] = []
        self.edges: list[Edge] = []

    def leaf(self, kind: str, shape: tuple[int, ...], name: str | None = None, scope: str = "", **more) -> int:
        return self._add("", kind, (), {}, shape, name=name, scope=scope, **more)

    def op(self, op: str, sources: tuple[int, ...], shape: tuple[int, ...], scope: str = "", **more) -> int:
        params = {
            key: more.pop(key) for key in list(more) if key not in ("phase", "twin", "saved", "line", "name")
        }
        return self._add(op, "op", sources, params, shape, scope=scope, **more)

    def output(self, source: int, name: str | None = None, scope: str = "", **more) -> int:
        return self._add("", "output", (source,), {}, self.vertices[source].shape, name=name, scope=scope, **more)

    def _add(self, op, kind, sources, params, shape, *, name=None, scope="", **more) -> int:
        number = len(self.vertices)
        vertex = Vertex(number, op, kind, params, shape, "float32", scope=scope, name=name, **more)
        self.vertices.append(vertex)
        self.edges += [Edge(source, number, position) for position, source in enumerate(sources)]
        return number

    def graph(self) -> Graph:
        ends = {kind: tuple(v.id for v in self.vertices if v.kind == kind) for kind in ("input", "output")}
        return Graph(tuple(self.vertices), tuple(self.edges), inputs=ends["input"], outputs=ends["output"]).check()


def block(*, skip: bool = True, order: int = 0, scope: str = "block") -> Graph:
    """z = tanh(x + conv2(tanh(conv1(x)))), or without ``x +``; with its backward pass if ``order`` is 1."""
    b = Builder()
    big, kernel = (2, 4, 8, 8), (4, 4, 3, 3)
    x = b.leaf("input", big, "x")
    w1 = b.leaf("parameter", kernel, "block.conv1.weight", f"{scope}/conv1")
    a = b.op("conv", (x, w1), big, f"{scope}/conv1", padding=((1, 1), (1, 1)), stride=(1, 1), saved=(0, 1))
    t = b.op("tanh", (a,), big, f"{scope}/act", saved=(-1,))
    w2 = b.leaf("parameter", kernel, "block.conv2.weight", f"{scope}/conv2")
    c = b.op("conv", (t, w2), big, f"{scope}/conv2", padding=((1, 1), (1, 1)), stride=(1, 1), saved=(0, 1))
    s = b.op("add", (x, c), big, scope) if skip else c
    z = b.op("tanh", (s,), big, f"{scope}/act", saved=(-1,))
    if not order:
        b.output(z)
        return b.graph()

    def back(op, sources, shape, twin, **params):
        return b.op(op, sources, shape, b.vertices[twin].scope, phase="backward", twin=twin, **params)

    conv = {"padding": ((1, 1), (1, 1)), "stride": (1, 1)}
    g = b.leaf("input", big, "grad z", phase="backward")
    gs = back("tanh_grad", (g, z), big, z)
    gt = back("conv_input", (gs, w2), big, c, **conv)
    gw2 = back("conv_weight", (gs, t), kernel, c, **conv)
    ga = back("tanh_grad", (gt, t), big, t)
    gx = back("conv_input", (ga, w1), big, a, **conv)
    gw1 = back("conv_weight", (ga, x), kernel, a, **conv)
    if skip:
        gx = b.op("add", (gs, gx), big, phase="backward", twin=x)
    b.output(z)
    b.output(gx, "grad x", phase="backward", twin=x)
    b.output(gw1, "grad block.conv1.weight", "block/conv1", phase="backward", twin=w1)
    b.output(gw2, "grad block.conv2.weight", "block/conv2", phase="backward", twin=w2)
    return b.graph()


def lenet() -> Graph:
    """The forward pass of LeNet-5 with its loss."""
    b = Builder()
    h, shape = b.leaf("input", (1, 1, 32, 32), "x"), (1, 1, 32, 32)
    for place, channels, size in ((1, 6, 28), (2, 16, 10)):
        scope, name = f"lenet5/c{place}", f"c{place}"
        kernel, shape = (channels, shape[1], 5, 5), (1, channels, size, size)
        w = b.leaf("parameter", kernel, f"lenet5.{name}.weight", scope)
        bias = b.leaf("parameter", (channels,), f"lenet5.{name}.bias", scope)
        h = b.op("conv", (h, w, bias), shape, scope, stride=(1, 1), padding=((0, 0), (0, 0)))
        h = b.op("tanh", (h,), shape, "lenet5")
        shape = (1, channels, size // 2, size // 2)
        h = b.op("avg_pool", (h,), shape, f"lenet5/s{place}", kernel=(2, 2), stride=(2, 2))
    h = b.op("reshape", (h,), (1, 400), "lenet5")
    for name, before, after in (("c5", 400, 120), ("f6", 120, 84), ("output", 84, 10)):
        w = b.leaf("parameter", (after, before), f"lenet5.{name}.weight", f"lenet5/{name}")
        bias = b.leaf("parameter", (after,), f"lenet5.{name}.bias", f"lenet5/{name}")
        turned = b.op("permute", (w,), (before, after), f"lenet5/{name}")
        h = b.op("matmul", (h, turned), (1, after), f"lenet5/{name}")
        h = b.op("add", (h, bias), (1, after), f"lenet5/{name}")
        h = h if name == "output" else b.op("tanh", (h,), (1, after), "lenet5")
    b.output(h, "logits")
    return b.graph()


def doubling(depth: int) -> Graph:
    """h = h + h, ``depth`` times: 2**depth paths."""
    b = Builder()
    h = b.leaf("input", (2,), "x")
    for _ in range(depth):
        h = b.op("add", (h, h), (2,))
    b.output(h)
    return b.graph()


def chain(length: int) -> Graph:
    """tanh(tanh(...(x))), ``length`` times."""
    vertices = [Vertex(0, "", "input", {}, (1,), "float32", name="x")]
    vertices += [Vertex(i, "tanh", "op", {}, (1,), "float32") for i in range(1, length + 1)]
    return Graph(tuple(vertices), tuple(Edge(i, i + 1) for i in range(length)), inputs=(0,))
