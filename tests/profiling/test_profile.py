"""A profile counts what ran, changes nothing, and leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import autocnn as ac
import autocnn.testing.standin
from autocnn import nn, optim
from autocnn.engine import primitive, primitives, taps
from autocnn.engine.gradient import Plain
from autocnn.errors import ArgumentError, AutocnnError
from autocnn.graph import trace
from autocnn.graph.analysis import multiply_adds
from autocnn.profiling import report
from autocnn.profiling.rows import Row

ROOT = Path(__file__).parents[2]


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x):
        return (x + self.bn(self.conv(x))).relu()


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), Block(4), Block(4), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3)
    )


def train(steps: int = 3) -> tuple[list[float], dict[str, ac.Tensor]]:
    ac.manual_seed(7)
    net = network()
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    x, y, losses = ac.rand(5, 1, 8, 8), ac.tensor([0, 1, 2, 0, 1]), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, net.state_dict()


def test_training_is_equal_to_the_bit_with_and_without():
    plain, weights = train()
    with ac.profile():
        profiled, same = train()
    assert plain == profiled
    assert all(np.array_equal(weights[key].array, same[key].array) for key in weights)


def test_the_kernels_of_training_run_and_no_others():
    """The fused backward kernels: a watcher, or a definition, would show others."""
    with ac.profile() as p:
        train(1)
    calls = {(row.op, row.phase): row.calls for row in p.by("op")}
    assert calls["batch_norm", "forward"] == calls["batch_norm_backward", "backward"] == 2
    assert calls["conv_weight", "backward"] == 3
    assert calls["conv_input", "backward"] == 2  # none for the input of the network
    assert calls["accumulate", "backward"] == 2  # where each skip leaves
    assert calls["SGD.step", "optimizer"] == 10
    assert {phase for _, phase in calls} == {"forward", "backward", "optimizer"}


def test_scopes_are_module_paths_in_both_passes():
    with ac.profile() as p:
        train(1)
    found = {(row.op, row.phase, row.module) for row in p.rows}
    assert ("conv", "forward", "1/conv") in found
    assert ("conv_weight", "backward", "1/conv") in found
    assert ("accumulate", "backward", "0") in found
    top = {(row.phase, row.module): row for row in p.by("module", depth=1)}
    parts = [row for row in p.rows if row.phase == "backward" and row.module.split("/")[0] == "2"]
    assert top["backward", "2"].calls == sum(row.calls for row in parts)


def test_flops_are_twice_the_multiply_adds_of_the_graph():
    net, x = network().eval(), ac.rand(2, 1, 8, 8)
    graph = trace(net, x, order=1, parameters=net.named_parameters())
    expected = {"forward": 0, "backward": 0}
    for vertex in graph.vertices:
        expected[vertex.phase] += 2 * multiply_adds(graph, vertex.id)
    with ac.profile() as p:
        net(x).sum().backward()
    for phase, flops in expected.items():
        assert sum(row.flops for row in p.rows if row.phase == phase) == flops


def test_bytes_are_those_of_operands_and_results():
    x, w = ac.rand(3, 5), ac.rand(5, 7)
    with ac.profile() as p:
        x @ w
        x.reshape(15)
        ac.broadcast_to(x[0], (1000, 5)) + x[1]
    sizes = {row.op: row.bytes for row in p.by("op")}
    assert sizes["matmul"] == 4 * (15 + 35 + 21)
    assert sizes["reshape"] == 0
    assert sizes["broadcast_to"] == 0
    assert sizes["add"] == 4 * (5 + 5 + 5000)


def test_a_double_backward_is_a_pass_of_its_own():
    x = ac.tensor([1.0, 2.0], requires_grad=True)
    with ac.profile() as p:
        (g,) = ac.autograd.grad((x * x * x).sum(), x, create_graph=True)
        g.sum().backward()
    phases = {row.phase for row in p.by("op") if row.op == "mul"}
    assert phases == {"forward", "backward", "second"}


def test_nothing_is_left_behind():
    before = {name: p.forward for name, p in primitives().items()}
    p = ac.profile()
    with pytest.raises(ZeroDivisionError), p:
        1 / ac.ones(2).sum().item() / 0
    assert {name: p.forward for name, p in primitives().items()} == before
    assert taps._listeners == ()
    assert taps.begin() == 0
    seen = sum(row.calls for row in p.rows)
    ac.ones(2) + 1
    assert sum(row.calls for row in p.rows) == seen > 0


def test_an_op_that_fails_leaves_the_clock_usable():
    with ac.profile() as p:
        for _ in range(2):
            with pytest.raises(ValueError, match="broadcast"):
                ac.ones(2) + ac.ones(3)
        ac.ones(2) * ac.ones(2)
    assert [row.op for row in p.by("op") if row.op in ("add", "mul")] == ["mul"]


def test_an_op_inside_an_op_counts_once():
    @primitive()
    def _profiled_twice(xp, x):
        return inner(x) + inner(x)

    inner = primitives()["exp"]
    with ac.profile() as p:
        _profiled_twice(ac.ones(3))
    assert [row.op for row in p.rows] == ["profiled_twice"]


def test_without_a_listener_the_plain_algebra_sweeps():
    given = (None, {}, False, "backward")
    assert type(taps.plain(*given)) is Plain
    with ac.profile():
        assert type(taps.plain(*given)) is taps.Followed
    assert type(taps.plain(*given)) is Plain


def test_a_pass_that_fails_leaves_no_node_behind():
    x = ac.ones(3, requires_grad=True)
    with ac.profile() as p:
        y = (x * x).exp()
        y.register_hook(lambda g: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            y.sum().backward()
        ac.ones(2).log()
    assert [row.phase for row in p.rows if row.op == "log"] == ["forward"]


def test_arrays_on_a_device_are_measured_too():
    x, w = ac.rand(2, 1, 5, 5).to("standin"), ac.rand(3, 1, 3, 3).to("standin").requires_grad_()
    with ac.profile() as p:
        z = ac.conv2d(x, w)
        (z + z).sum().backward()
    sizes = {(row.op, row.phase): row.bytes for row in p.by("op")}
    assert sizes["conv", "forward"] == 4 * (50 + 27 + 54)
    assert ("accumulate", "backward") in sizes


def test_profiles_may_be_nested_and_entered_again():
    x = ac.ones(3)
    outer = ac.profile()
    with outer:
        x.exp()
        with ac.profile() as inner:
            x.log()
        x.sin()
    with outer:
        x.cos()
    x.tan()
    assert [row.op for row in inner.rows] == ["log"]
    assert sorted(row.op for row in outer.rows) == ["cos", "exp", "log", "sin"]
    with outer, pytest.raises(AutocnnError, match="open already"), outer:
        x.exp()
    assert taps._listeners == ()


def test_threads_are_told_apart(tmp_path):
    barrier = threading.Barrier(2)

    def work() -> None:
        barrier.wait()
        with ac.scope(threading.current_thread().name):
            x = ac.ones(50, requires_grad=True)
            for _ in range(20):
                x.exp().sum().backward()
        barrier.wait()

    with ac.profile() as p:
        each = [threading.Thread(target=work, name=name) for name in ("left", "right")]
        for thread in each:
            thread.start()
        for thread in each:
            thread.join()
    calls = {(row.module, row.phase): row.calls for row in p.rows if row.op == "exp"}
    assert calls["left", "forward"] == calls["right", "forward"] == 20
    assert set(p.threads.values()) == {"left", "right"}
    assert "on 2 threads" in str(p)
    events = json.loads(p.to_chrome_trace(tmp_path / "t.json").read_text("utf-8"))["traceEvents"]
    tid = {e["args"]["name"]: e["tid"] for e in events if e["name"] == "thread_name"}
    kernels = [e for e in events if e["ph"] == "X" and "module" in e["args"]]
    assert all(tid[e["args"]["module"]] == e["tid"] for e in kernels)


def test_the_chrome_trace_nests_kernels_in_modules(tmp_path):
    with ac.profile() as p:
        train(1)
    path = p.to_chrome_trace(str(tmp_path / "trace.json"))
    events = json.loads(path.read_text("utf-8"))["traceEvents"]
    spans = [e for e in events if e["ph"] == "X"]
    assert all({"name", "cat", "ts", "dur", "pid", "tid"} <= e.keys() and e["dur"] >= 0 <= e["ts"] for e in spans)
    assert {"forward", "backward", "optimizer"} == {e["cat"] for e in spans}
    block = next(e for e in spans if e["name"] == "1" and e["cat"] == "backward")
    inside = [e for e in spans if e["args"]["module"] == "1/conv" and e["cat"] == "backward"]
    assert {e["name"] for e in inside} == {"conv", "conv_input", "conv_weight"}
    for e in inside:
        assert block["ts"] <= e["ts"]
        assert e["ts"] + e["dur"] <= block["ts"] + block["dur"] + 1e-3
    assert len([e for e in spans if "bytes" in e["args"]]) == len(p.events)


def test_the_chrome_trace_is_written_whole_or_not_at_all(tmp_path):
    with ac.profile() as p:
        ac.ones(2) + 1
    with pytest.raises(FileNotFoundError):
        p.to_chrome_trace(tmp_path / "missing" / "trace.json")
    assert list(tmp_path.iterdir()) == []


def test_kernels_past_the_limit_are_counted_not_kept():
    x = ac.ones(2)
    with ac.profile(events=3) as p:
        for _ in range(5):
            x.exp()
    assert (len(p.events), p.left_out, p.rows[0].calls) == (3, 2, 5)
    with pytest.raises(ArgumentError, match="events is -1; it must be a whole number of at least 0"):
        ac.profile(events=-1)


def test_json_holds_every_row():
    with ac.profile() as p:
        train(1)
    document = json.loads(p.to_json())
    assert document["format"] == "autocnn.profile"
    assert [Row(**row) for row in document["rows"]] == list(p.rows)
    assert document["kernel_seconds"] == pytest.approx(sum(row.seconds for row in p.rows))


def test_tables_fit_the_width():
    with ac.profile() as p, ac.scope("a_rather_long_name/of_a_module/somewhere"):
        train(1)
    for by in ("op", "module"):
        lines = p.table(by=by, limit=4, width=80).splitlines()
        assert len(lines) == 4 + 6
        assert max(map(len, lines)) <= 80
        assert lines[6].startswith("... ")
        assert lines[6].endswith("more")
    assert len(p.table(limit=None).splitlines()) > len(p.table(limit=3).splitlines())
    with pytest.raises(ArgumentError, match="by is 'layer'; it must be 'op' or 'module'"):
        p.table(by="layer")


def test_the_table_says_what_it_says():
    rows = [
        Row("conv", "forward", "", 3, 0.5, 10**9, 10**11),
        Row("relu", "forward", "", 1, 0.25, 5 * 10**8, 0),
    ]
    assert report.table(rows, "op", None, 100, 1.0, 1).splitlines() == [
        "op     pass     calls    time   share   memory  GB/s  GFLOP/s",
        "-------------------------------------------------------------",
        "conv   forward      3  500 ms   66.7%  1.00 GB   2.0      200",
        "relu   forward      1  250 ms   33.3%   500 MB   2.0",
        "-------------------------------------------------------------",
        "total               4  750 ms  100.0%  1.50 GB   2.0      133",
        "kernels took 75% of 1.00 s; the rest is Python around them, and this profile",
    ]
    assert report.table([], "op", None, 100, 1.0, 0).endswith("nothing ran in 1.00 s")


def test_importing_the_package_does_not_load_it():
    code = (
        "import sys, autocnn; print([m for m in sys.modules if 'profiling' in m or 'fusion' in m or 'graph' in m])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("inside", ["checkpoint", "debug"])
def test_it_listens_beside_a_watcher(inside):
    x = ac.ones(4, requires_grad=True)
    with ac.profile() as p:
        if inside == "checkpoint":
            ac.autograd.checkpoint(lambda v: v.exp().sin(), x).sum().backward()
        else:
            with ac.autograd.debug():
                x.exp().sin().sum().backward()
    assert {row.phase for row in p.rows if row.op == "cos"} == {"backward"}
