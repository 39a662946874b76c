"""A time line of kernels in Chrome's trace event format, which Perfetto reads too."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autocnn.engine.taps import Call
from autocnn.graph.analysis import work


def trace(calls: Sequence[Call], threads: Mapping[int, str], left_out: int) -> str:
    """The text of a trace: one complete event for each kernel, one around those of a module."""
    first = min((call.start for call in calls), default=0)
    numbers = {ident: place for place, ident in enumerate(threads, 1)}
    pid = os.getpid()
    events: list[dict[str, Any]] = [
        {"name": "process_name", "ph": "M", "pid": pid, "tid": 0, "args": {"name": "autocnn"}}
    ]
    for ident, name in threads.items():
        tid = numbers[ident]
        events.append({"name": "thread_name", "ph": "M", "pid": pid, "tid": tid, "args": {"name": name}})
        own = sorted((call for call in calls if call.thread == ident), key=lambda call: call.start)
        for name, phase, start, stop, args in (*_modules(own), *map(_kernel, own)):
            times = {"ts": (start - first) / 1000, "dur": (stop - start) / 1000}
            events.append({"name": name, "cat": phase, "ph": "X", **times, "pid": pid, "tid": tid, "args": args})
    document = {"traceEvents": events, "displayTimeUnit": "ms", "otherData": {"kernels left out": left_out}}
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


_Span = tuple[str, str, int, int, dict[str, Any]]


def _kernel(call: Call) -> _Span:
    args = {
        "module": call.scope, "shape": list(call.shape), "operands": [list(shape) for shape in call.sources],
        "bytes": call.bytes, "flops": 2 * work(call.op, call.shape, call.sources),
    }  # fmt: skip
    return call.op, call.phase, call.start, call.stop, args


def _modules(calls: Sequence[Call]) -> Iterator[_Span]:
    """From the first kernel of a module to the last one, without a kernel of another between them."""
    open_spans: list[tuple[str, str, int]] = []  # name, pass, start
    last = 0
    for call in calls:
        path = [(name, call.phase) for name in call.scope.split("/")] if call.scope else []
        same = 0
        while same < min(len(path), len(open_spans)) and open_spans[same][:2] == path[same]:
            same += 1
        yield from _closed(open_spans, same, last)
        open_spans.extend([(name, phase, call.start) for name, phase in path[same:]])
        last = call.stop
    yield from _closed(open_spans, 0, last)


def _closed(open_spans: list[tuple[str, str, int]], kept: int, stop: int) -> Iterator[_Span]:
    while len(open_spans) > kept:
        path = "/".join(name for name, _, _ in open_spans)
        name, phase, start = open_spans.pop()
        yield name, phase, start, stop, {"module": path}
